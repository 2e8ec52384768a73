/**
 * Bundles a compiled program with all that it imports, so that its start reads a few files rather than thousands:
 *
 *     node tools/bundle.mjs <folder of the application>
 *
 * Writes `dist/bundle` there, unless what it is made of is as it was: the program, maps from its lines to those of the sources, and
 * the licences of the packages inside. It bundles the compiler's JavaScript, which has the metadata of decorators. The
 * files lie as deep as those of a room of `src`: by `import.meta.url` they find what these find.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { finishedText } from './lib/bundled-text.mjs';
import { MODULE, OUTSIDE, ownDriver, ownRequire, SCRIPT } from './lib/bundling.mjs';
import { licencesOf, packagesOf } from './lib/licences.mjs';
import { workspaceFolders } from './lib/workspace-folders.mjs';

/**
 * The files of each program, and what each is compiled to. A script is CommonJS: V8 can keep what it has compiled of one.
 * @typedef {{ name: string, entry: string, isScript?: boolean }} ProgramFile
 * @type {Record<string, ProgramFile[]>}
 */
const PROGRAMS = {
  'apps/dfs-engine': [
    { name: 'main', entry: 'apps/dfs-engine/dist/main.js' },
    { name: 'engine', entry: 'apps/dfs-engine/dist/engine.js', isScript: true },
    { name: 'runtime-flags', entry: 'apps/dfs-engine/dist/process/runtime-flags.js' },
    { name: 'disk-child', entry: 'libs/live-folders/dist/disk/child/disk-child.js' },
    { name: 'thumbnail-child', entry: 'libs/files/dist/thumbnails/thumbnail-child.js' },
  ],
  'apps/dfs-cli': [{ name: 'main', entry: 'apps/dfs-cli/dist/main.js' }],
};

const [folder = ''] = process.argv.slice(2);
const program = PROGRAMS[folder];
if (program === undefined) throw new Error(`Name one of ${Object.keys(PROGRAMS).join(', ')}.`);
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const target = join(folder, 'dist', 'bundle');
/** Where a bundle is made: engines that start meanwhile find the one before. */
const workshop = `${target}-new`;
const stamp = join(target, '.made-of');
const madeOf = hashOfInputs();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== madeOf) await bundle(program);

/** @param {ProgramFile[]} files */
async function bundle(files) {
  rmSync(workshop, { recursive: true, force: true });
  const made = [];
  for (const file of files) made.push(await bundleFile(file));
  const lost = made.flatMap(outsideOf);
  if (lost.length > 0)
    throw new Error(`${lost.join(', ')}: imported, and not found. Add it to OUTSIDE if it is not used.`);
  // Others have not installed it, and would have another bundle.
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const ofTests = packagesOf(made).filter((each) => packages[each]?.dev === true);
  if (ofTests.length > 0)
    throw new Error(`${ofTests.join(', ')}: there for tests alone. Add it to OUTSIDE, or depend on it.`);
  writeFileSync(join(workshop, 'licences.txt'), licencesOf(made));
  writeFileSync(join(workshop, basename(stamp)), madeOf);
  rmSync(target, { recursive: true, force: true });
  renameSync(workshop, target);
}

/** @param {ProgramFile} file */
async function bundleFile({ name, entry, isScript = false }) {
  const { metafile } = await build({
    ...(isScript ? SCRIPT : MODULE),
    absWorkingDir: process.cwd(),
    entryPoints: { [name]: entry },
    outdir: workshop,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Those by which Node itself finds files.
    conditions: ['node'],
    // Names of classes are data for the frameworks, and those of functions are read in traces.
    keepNames: true,
    // V8 keeps the text for as long as the program runs, and in two bytes a character where one of them is not ASCII, as in comments.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    charset: 'ascii',
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    external: OUTSIDE,
    plugins: [ownDriver, ownRequire],
  });
  for (const file of Object.keys(metafile.outputs)) {
    if (!file.endsWith('.map')) writeFileSync(file, finishedText(readFileSync(file, 'utf8')));
  }
  return metafile;
}

/**
 * The packages that a bundle imports, and that may not be there: an import that is not found keeps it from starting, and what it
 * requires should be known.
 * @param {import('esbuild').Metafile} made
 */
function outsideOf({ outputs }) {
  const known = [...OUTSIDE, 'supports-color'];
  return Object.values(outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path }) => external && !isBuiltin(path))
    .filter(({ path, kind }) =>
      kind === 'import-statement' ? path !== 'sqlite3' : !known.some((name) => `${path}/`.startsWith(`${name}/`)),
    )
    .map(({ path }) => path);
}

/** Times say little where a cache has put files back. */
function hashOfInputs() {
  const hash = createHash('sha256');
  const compiled = [...workspaceFolders(folder)].flatMap((each) => globSync(`${each}/{package.json,dist/**/*.js}`));
  const own = ['bundle.mjs', 'lib/bundled-text.mjs', 'lib/bundling.mjs', 'lib/licences.mjs'].map((file) =>
    join('tools', file),
  );
  for (const file of ['package-lock.json', ...own, ...compiled.sort()]) {
    if (!file.startsWith(target)) hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}
