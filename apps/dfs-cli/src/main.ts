#!/usr/bin/env node
import { VERSION } from './node/version.js';
import { EXIT } from './output/failure.js';
import { flushed } from './output/flush.js';
import { runProgram } from './program.js';

// The reader of our output may go away (`dfs ls -r | head`).
process.stdout.on('error', () => process.exit(EXIT.ok));

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
  // A second one is meant.
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
});

process.exitCode = await runProgram(
  process.argv.slice(2),
  {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: process.stderr.isTTY,
    signal: interrupted.signal,
    exitCode: EXIT.ok,
  },
  VERSION,
);
await flushed(process.stdout, process.stderr);
// A connection that a command left open holds nothing up.
process.exit();
