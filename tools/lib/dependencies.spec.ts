import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir, type TempDir } from '@dfs/testing';
import { foldersOf, isAsLocked, SPARED } from './dependencies.mjs';

const TOOLS = resolve(fileURLToPath(new URL('..', import.meta.url)));
const locked = {
  '': { version: '1.0.0' },
  'libs/part': { version: '1.0.0' },
  'node_modules/runs': { version: '1.0.0' },
  'node_modules/native': { version: '1.0.0', optional: true },
  'node_modules/tests': { version: '2.0.0', dev: true },
};

describe('what is installed', () => {
  it('has the packages of its extent', () => {
    expect(foldersOf(locked, 'run')).toEqual(['node_modules/runs', 'node_modules/native']);
    expect(foldersOf(locked, 'all')).toContain('node_modules/tests');
  });

  it('is as locked, but for what is optional', () => {
    const runs = { 'node_modules/runs': { version: '1.0.0' } };
    expect(isAsLocked(locked, runs, 'run')).toBe(true);
    expect(isAsLocked(locked, runs, 'all')).toBe(false);
    expect(isAsLocked(locked, { ...runs, 'node_modules/tests': { version: '2.0.0' } }, 'all')).toBe(true);
    expect(isAsLocked(locked, { 'node_modules/runs': { version: '0.9.0' } }, 'run')).toBe(false);
    expect(isAsLocked(locked, { ...runs, 'node_modules/native': { version: '0.9.0' } }, 'run')).toBe(false);
  });

  it('lacks only what is optional', async () => {
    const { packages } = JSON.parse(await readFile(join(TOOLS, '../package-lock.json'), 'utf8'));
    const spared = foldersOf(packages, 'run').filter((folder) =>
      SPARED.some((name) => `${folder}/`.startsWith(`node_modules/${name}/`)),
    );
    expect(spared).toContain('node_modules/lmdb');
    expect(spared.filter((folder) => packages[folder].optional !== true)).toEqual([]);
  });
});

/** npm itself at work, on packages of this test: what has scripts here has some in the real workspace too. */
describe('a clone', () => {
  let dir: TempDir;
  let manifest: { dependencies: Record<string, string>; [more: string]: unknown };
  let extra: string;
  beforeAll(async () => {
    dir = await tempDir();
    const pack = async (name: string, of: object): Promise<string> => {
      await writeJson(`packages/${name}/package.json`, { name, version: '1.0.0', ...of });
      expect(await run('npm', ['pack', `./packages/${name}`])).toMatchObject({ code: 0 });
      return `file:${name}-1.0.0.tgz`;
    };
    // As the real ones do: what counts is made by the script alone.
    const copy = `mkdir -p bin && cp ${dir.file('node.sh')} bin/node`;
    const node = await pack('node', { bin: { node: 'bin/node' }, scripts: { preinstall: copy } });
    const compile = 'mkdir -p build/Release && date +%N > build/Release/node_sqlite3.node';
    for (const file of ['lib/a.js', 'lib/a.js.map', 'lib/town.map']) await write(`packages/sqlite3/${file}`, file);
    const sqlite3 = await pack('sqlite3', { scripts: { install: compile } });
    const jest = await pack('jest', {});
    const lmdb = await pack('lmdb', {});
    await write('node.sh', `#!/bin/sh\nexec "${process.execPath}" "$@"\n`);
    await chmod(dir.file('node.sh'), 0o755);
    await write('tool.mjs', 'console.log("it runs");');
    extra = await pack('extra', {});
    manifest = {
      name: 'clone',
      version: '1.0.0',
      dependencies: { node, sqlite3 },
      devDependencies: { jest },
      optionalDependencies: { lmdb },
      allowScripts: { node: true, sqlite3: true },
    };
    await lock();
    await cp(join(TOOLS, 'bootstrap.mjs'), dir.file('tools/bootstrap.mjs'));
    for (const name of ['dependencies', 'platform', 'steps'])
      await cp(join(TOOLS, `lib/${name}.mjs`), dir.file(`tools/lib/${name}.mjs`));
  });
  afterAll(() => dir.remove());

  async function lock(): Promise<void> {
    await writeJson('package.json', manifest);
    expect(await run('npm', ['install', '--package-lock-only', '--ignore-scripts'])).toMatchObject({ code: 0 });
  }
  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(dir.file(path)), { recursive: true });
    await writeFile(dir.file(path), text);
  }
  const writeJson = (path: string, value: object): Promise<void> => write(path, JSON.stringify(value));

  async function run(command: string, args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(command, args, { cwd: dir.path, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    return { code: await new Promise((done) => child.once('close', done)), out, err };
  }
  const bootstrap = (...flags: string[]): ReturnType<typeof run> =>
    run(process.execPath, ['tools/bootstrap.mjs', ...flags, '--', 'tool.mjs']);
  const isThere = (path: string): Promise<boolean> =>
    stat(dir.file(path)).then(
      () => true,
      () => false,
    );
  const compiled = (): Promise<string> =>
    readFile(dir.file('node_modules/sqlite3/build/Release/node_sqlite3.node'), 'utf8');

  it('gets what runs alone, then what tests need, and loses nothing of that', async () => {
    const first = await bootstrap();
    expect(first).toMatchObject({ code: 0, out: 'it runs\n' });
    expect(first.err).toMatch(/^Installing 2 packages, for building and running\.\n[^]*Compiled sqlite3/);
    expect(await isThere('node_modules/jest')).toBe(false);
    expect(await isThere('node_modules/lmdb')).toBe(false);
    const kept = await readdir(dir.file('node_modules/sqlite3/lib'));
    expect(kept.sort()).toEqual(['a.js', 'town.map']);
    const [before, lock] = [await compiled(), await readFile(dir.file('package-lock.json'), 'utf8')];

    const second = await bootstrap('--tests');
    expect(second).toMatchObject({ code: 0, out: 'it runs\n' });
    expect(second.err).toMatch(/^Installing 3 packages, for tests too\./);
    expect(await isThere('node_modules/jest')).toBe(true);
    expect(await isThere('node_modules/lmdb')).toBe(true);

    expect(await bootstrap()).toEqual({ code: 0, out: 'it runs\n', err: '' });
    expect(await isThere('node_modules/jest')).toBe(true);
    expect(await compiled()).toBe(before);
    expect(await readFile(dir.file('package-lock.json'), 'utf8')).toBe(lock);
  }, 120_000);

  it('that was installed by hand is taken as it is', async () => {
    await rm(dir.file('node_modules/.dfs-installed'));
    expect(await bootstrap('--tests')).toEqual({ code: 0, out: 'it runs\n', err: '' });
  });

  it('that has other dependencies now gets what is new, and is not compiled again', async () => {
    const before = await compiled();
    manifest.dependencies['extra'] = extra;
    await lock();
    const { code, err } = await bootstrap();
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^Installing 4 packages, for tests too\./) });
    expect(await isThere('node_modules/extra')).toBe(true);
    expect(await isThere('node_modules/jest')).toBe(true);
    expect(await compiled()).toBe(before);
  });
});
