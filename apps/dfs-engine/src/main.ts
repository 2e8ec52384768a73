/** The program: how it runs first, since that cannot be changed once the rest is loaded. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as Engine from './engine.js';
import { loadCompiled } from './process/compiled.js';
import { becomeTuned, isTooOld, LEAST_NODE } from './process/runtime-flags.js';

/** The bundle that the same build makes: it runs where this file is compiled alone, and has no engine beside it. */
const BUNDLE = new URL('./bundle/main.js', import.meta.url);
/** The engine, bundled: beside this file, once that is bundled too. */
const ENGINE = fileURLToPath(new URL('./engine.cjs', import.meta.url));
/** Beside what npm has installed: whoever may change that may change this, and nobody else. */
const COMPILED = fileURLToPath(new URL('../../../../node_modules/.cache/dfs-engine', import.meta.url));
/** Commands that end by themselves: they call less than a start does, and keep nothing of it. */
const ENDING = ['check', 'restore', 'rebuild'];

if (existsSync(BUNDLE)) await import(BUNDLE.href);
else await run();

async function run(): Promise<void> {
  // The reader of our output may go away (`-- --help | head`); the node stays until it is told to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  const [, , command, ...rest] = process.argv;
  if (isTooOld(process.versions.node)) {
    process.stderr.write(
      `The engine needs Node ${LEAST_NODE} or later, and this is ${process.versions.node}. The project brings its own: ` +
        'start it by `npm run engine`, or by `node_modules/.bin/node apps/dfs-engine/dist/bundle/main.js`.\n',
    );
    process.exitCode = 1;
  } else if (has('--help', '-h')) {
    const { helpText } = await import('./process/help.js');
    process.stdout.write(helpText());
  } else if (has('--version', '-v')) {
    const { VERSION } = await import('./process/version.js');
    process.stdout.write(`${VERSION}\n`);
  } else {
    // Those that end by themselves too: what a start has kept is for its own settings alone.
    becomeTuned();
    const engine = loadCompiled<typeof Engine>(ENGINE, COMPILED);
    await engine.exports.runCommand(command, rest);
    // A node is up now, and has called most of the functions of a start.
    if (!ENDING.includes(command ?? '')) engine.keep();
  }
}

function has(...flags: string[]): boolean {
  return process.argv.slice(2).some((argument) => flags.includes(argument));
}
