/** The program: how it runs first, since that cannot be changed once the rest is loaded. */
import { becomeTuned, isTooOld, keepCompiled, LEAST_NODE } from './process/runtime-flags.js';

/** Commands that end by themselves: they hold few buffers, and are not tuned for many. */
const ENDING = ['check', 'restore', 'rebuild'];

// The reader of our output may go away (`-- --help | head`); the node stays until it is told to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
keepCompiled();

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
  if (!ENDING.includes(command ?? '')) becomeTuned();
  const { runCommand } = await import('./engine.js');
  await runCommand(command, rest);
}

function has(...flags: string[]): boolean {
  return process.argv.slice(2).some((argument) => flags.includes(argument));
}
