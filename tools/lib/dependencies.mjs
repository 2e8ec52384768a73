/**
 * The dependencies of the workspace: what of them has to be there, what is, and how npm brings them up to date. Runs under
 * plain Node 20, and with the root of the workspace as its working directory.
 *
 * @typedef {'run' | 'all'} Extent `run`: `dependencies` of package.json, what building and running need. `all`: what tests, lint
 *   and formatting need too.
 * @typedef {{ version?: string, optional?: boolean, dev?: boolean }} Package An entry of a lock file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { compilerNeeds, nodeProgram, npmCommand } from './platform.mjs';
import { exit, say, seconds, withProgress } from './steps.mjs';

const LOCK = 'package-lock.json';
const MODULES = 'node_modules';
/** npm's own record of what it has installed. */
const RECORD = join(MODULES, '.package-lock.json');
/** Says which extent of which lock file was installed: its name, and the hash of the file. */
const STAMP = join(MODULES, '.dfs-installed');
const NODE = nodeProgram(MODULES);
const SQLITE = join(MODULES, 'sqlite3/build/Release/node_sqlite3.node');
/** Sources and objects that its compilation leaves behind, 17 MiB. */
const SQLITE_SCRAPS = ['obj', 'obj.target', '.deps'].map((name) => join(dirname(SQLITE), name));
/** Where the package `node` keeps what comes with its program: headers, of 60 MiB, and pages of a manual. */
const NODE_FILES = join(MODULES, 'node', MODULES);
/** Source maps: a sixth of what is installed, which neither building nor running reads. */
const SOURCE_MAP = /\.(?:[cm]?[jt]s|css)\.map$/;
/** Optional packages, of 18 MiB, that a fresh start does without: Angular keeps what it has built in a database of Node's own then. */
export const SPARED = ['lmdb', '@lmdb'];
/** npm speaks up when something is wrong only. */
const QUIET = '--loglevel=error';

/**
 * The folders of the packages that an extent has.
 * @param {Record<string, Package>} locked `packages` of package-lock.json
 * @param {Extent} extent
 */
export function foldersOf(locked, extent) {
  return Object.keys(locked).filter(
    (folder) => folder.startsWith(`${MODULES}/`) && (extent === 'all' || locked[folder]?.dev !== true),
  );
}

/**
 * Whether what is installed is what an extent has.
 * @param {Record<string, Package>} locked `packages` of package-lock.json
 * @param {Record<string, Package>} installed `packages` of npm's own record
 * @param {Extent} extent
 */
export function isAsLocked(locked, installed, extent) {
  return foldersOf(locked, extent).every((folder) => {
    const found = installed[folder];
    return found === undefined ? locked[folder]?.optional === true : found.version === locked[folder]?.version;
  });
}

/** Brings what is installed to an extent of package-lock.json. */
export class Dependencies {
  /** @param {Extent} needed */
  constructor(needed) {
    this.needed = needed;
    this.packages = packagesOf(LOCK) ?? {};
    this.hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  }

  /** Makes sure of all packages, and of Node 24 among them. @throws Error with what to do */
  async install() {
    const before = this.installed();
    if (before !== 'all' && before !== this.needed) await this.bringPackages();
    if (!existsSync(NODE)) await this.makeReady('node');
  }

  /** Makes sure that sqlite3 is compiled for this machine. @throws Error with what to do */
  async compile() {
    if (existsSync(SQLITE)) return;
    say('Compiling sqlite3 for this machine: about a minute.');
    const began = Date.now();
    await this.makeReady('sqlite3', { JOBS: 'max', ...process.env, ...headers() });
    // Headers and intermediate files take more room than the binding itself.
    for (const each of [...headerFolders(), ...SQLITE_SCRAPS]) rmSync(each, { recursive: true, force: true });
    say(`Compiled sqlite3 in ${seconds(began)} s.`);
  }

  /**
   * The part of this lock file that is installed.
   * @returns {Extent | undefined}
   */
  installed() {
    if (!existsSync(RECORD)) return undefined;
    const stamp = this.stamp();
    if (stamp?.hash === this.hash) return stamp.extent;
    const found = packagesOf(RECORD) ?? {};
    // Someone ran `npm ci` by hand.
    for (const extent of /** @type {const} */ (['all', 'run'])) {
      // Packages that npm has only locked are in its record, too.
      if (!isAsLocked(this.packages, found, extent) || this.there(extent) < this.folders(extent).length) continue;
      this.writeStamp(extent);
      return extent;
    }
    return undefined;
  }

  /** Packages that are there as locked stay, with all that was compiled of them, and so do those for the tests. */
  async bringPackages() {
    const isThere = existsSync(RECORD);
    const before = this.stamp()?.extent ?? (isThere ? 'all' : 'run');
    const extent = before === 'all' ? 'all' : this.needed;
    const count = this.folders(extent).length;
    // Without it npm looks at what is there.
    rmSync(RECORD, { force: true });
    say(`Installing ${count} packages, for ${extent === 'all' ? 'tests too' : 'building and running'}.`);
    const began = Date.now();
    const { code } = await withProgress(
      () => `${this.there(extent)} of ${count} packages after ${seconds(began)} s`,
      () =>
        npm([
          ...(isThere ? ['install', '--no-save'] : ['ci']),
          extent === 'all' ? '--include=dev' : '--omit=dev',
          // Two packages have to be made ready by scripts of theirs: by name, below.
          '--ignore-scripts',
          // The Node that runs npm is not the one that they will run under.
          '--engine-strict=false',
        ]),
    );
    if (code !== 0) {
      throw new Error(
        'The dependencies could not be installed; npm says why above.\nIt needs a network connection to the npm registry.',
      );
    }
    if (extent === 'run') {
      for (const name of SPARED) rmSync(join(MODULES, name), { recursive: true, force: true });
      removeSourceMaps();
    }
    this.writeStamp(extent);
    say(`Installed them in ${seconds(began)} s.`);
  }

  /**
   * The folders that must be there: some of the others are for other platforms.
   * @param {Extent} extent
   */
  folders(extent) {
    return foldersOf(this.packages, extent).filter((folder) => this.packages[folder]?.optional !== true);
  }

  /**
   * How many of them are.
   * @param {Extent} extent
   */
  there(extent) {
    return this.folders(extent).filter((folder) => existsSync(join(folder, 'package.json'))).length;
  }

  /**
   * Runs the scripts of one package.
   * @param {string} name
   * @param {NodeJS.ProcessEnv} env
   */
  async makeReady(name, env = process.env) {
    const { code } = await npm(['rebuild', name, '--ignore-scripts=false'], env);
    if (code === 0) return;
    throw new Error(
      name === 'sqlite3'
        ? `sqlite3 could not be compiled; npm says why above. ${compilerNeeds()}`
        : `${name} could not be made ready; npm says why above.\nIt needs a network connection to the npm registry.`,
    );
  }

  /** @returns {{ extent: Extent, hash: string } | undefined} */
  stamp() {
    if (!existsSync(STAMP)) return undefined;
    const [extent, hash = ''] = readFileSync(STAMP, 'utf8').split(' ');
    return { extent: extent === 'run' ? 'run' : 'all', hash };
  }

  /** @param {Extent} extent */
  writeStamp(extent) {
    writeFileSync(STAMP, `${extent} ${this.hash}`);
  }
}

/** Those of packages: the links to the projects of the workspace are not followed. */
function removeSourceMaps() {
  for (const entry of readdirSync(MODULES, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && SOURCE_MAP.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
  }
}

/**
 * @param {string} file
 * @returns {Record<string, Package> | undefined} undefined where it cannot be read
 */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
function npm(args, env = process.env) {
  const [program, all] = npmCommand([...args, '--no-audit', '--no-fund', QUIET]);
  return exit(spawn(program, all, { stdio: ['ignore', 'ignore', 'inherit'], env }));
}

/**
 * sqlite3 is compiled against Node's headers. Those that came with Node 24 spare a download, or those beside the running
 * Node (the addon uses Node-API alone); a directory that the user configured wins.
 * @returns {NodeJS.ProcessEnv}
 */
function headers() {
  const configured = spawnSync(...npmCommand(['config', 'get', 'nodedir', QUIET]), { encoding: 'utf8' });
  if (isAbsolute((configured.stdout ?? '').trim())) return {};
  const [own] = headerFolders();
  const prefix = own === undefined ? dirname(dirname(process.execPath)) : dirname(own);
  return existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** Folders `include` that came with Node 24. */
function headerFolders() {
  if (!existsSync(NODE_FILES)) return [];
  return readdirSync(NODE_FILES)
    .map((name) => join(process.cwd(), NODE_FILES, name, 'include'))
    .filter((folder) => existsSync(folder));
}
