import { fileURLToPath } from 'node:url';

/** TypeScript 7 is a program of the machine. TypeScript 6, which Angular and the linter know, takes three times as long. */
const COMPILER = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript-native/package.json')));

/**
 * The compiler of the workspace as Node runs it: each fault is one line. It works on one thread: there is other work for the other cores, and each thread
 * works out types that another has worked out already.
 * @param {string[]} args
 * @returns {[program: string, ...args: string[]]}
 */
export function compiler(...args) {
  return [COMPILER, ...args, '--singleThreaded', '--pretty', 'false'];
}
