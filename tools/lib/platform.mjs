/**
 * Differences between platforms for the tools: each function takes the platform, so that a test can name another one. Runs
 * under plain Node 20, and is part of the package: imports nothing of the workspace.
 */
import { posix, win32 } from 'node:path';

/**
 * How npm is started. On Windows it is a script for its shell (`npm.cmd`), which Node starts only through that shell: there
 * npm's own program is run by this Node.
 * @param {string[]} args
 * @param {{ platform?: NodeJS.Platform, env?: NodeJS.ProcessEnv, execPath?: string }} [around]
 * @returns {[program: string, args: string[]]}
 */
export function npmCommand(args, { platform = process.platform, env = process.env, execPath = process.execPath } = {}) {
  if (platform !== 'win32') return ['npm', args];
  // Where npm itself has started us it says where it is; else it is beside Node.
  const started = env.npm_execpath ?? '';
  const beside = win32.join(win32.dirname(execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return [execPath, [/npm-cli\.js$/.test(started) ? started : beside, ...args]];
}

/**
 * The program of the package `node`. On Windows what npm puts into `.bin` is a script for its shell.
 * @param {string} modules the folder `node_modules`
 * @param {NodeJS.Platform} platform
 */
export function nodeProgram(modules, platform = process.platform) {
  return platform === 'win32' ? win32.join(modules, 'node', 'bin', 'node.exe') : posix.join(modules, '.bin', 'node');
}

/**
 * A process that we start in our place has a process group of its own, so that Ctrl-C reaches it once, from here. On Windows
 * it would get a window of its own instead, and no Ctrl-C at all.
 * @param {NodeJS.Platform} platform
 */
export function hasOwnGroup(platform = process.platform) {
  return platform !== 'win32';
}

/**
 * Signals that are passed on to a process on the same terminal. On Windows none: the console tells both, and a signal from
 * here would end the other one at once.
 * @param {NodeJS.Platform} platform
 * @returns {NodeJS.Signals[]}
 */
export function passedSignals(platform = process.platform) {
  return platform === 'win32' ? [] : ['SIGTERM', 'SIGHUP'];
}

/**
 * Signals that tell a program to end in good order. On Windows these are Ctrl-C, Ctrl-Break and a console that is closed.
 * @param {NodeJS.Platform} platform
 * @returns {NodeJS.Signals[]}
 */
export function endSignals(platform = process.platform) {
  return platform === 'win32' ? ['SIGINT', 'SIGHUP', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
}

/**
 * The needs of compiling sqlite3, in a sentence for people.
 * @param {NodeJS.Platform} platform
 */
export function compilerNeeds(platform = process.platform) {
  if (platform === 'win32')
    return 'It needs Python 3 and the Visual Studio Build Tools with "Desktop development with C++".';
  if (platform === 'darwin') return 'It needs the command line tools of Xcode (xcode-select --install).';
  return 'It needs python3, make and g++\n(Debian, Ubuntu: apt-get install python3 make g++).';
}

/**
 * A path of this machine with slashes, as addresses and patterns have it.
 * @param {string} path
 * @param {NodeJS.Platform} platform
 */
export function slashed(path, platform = process.platform) {
  return platform === 'win32' ? path.replaceAll('\\', '/') : path;
}
