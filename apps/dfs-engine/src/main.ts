/** The program: how it runs first, since that cannot be changed once the rest is loaded. */
import { becomeTuned } from './runtime-flags.js';

const [, , command, ...rest] = process.argv;
if (command === 'check') {
  const { runCheck } = await import('./check/run.js');
  process.exitCode = await runCheck(rest, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY,
  });
} else {
  becomeTuned();
  await import('./run.js');
}
