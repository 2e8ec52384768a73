import type { Platform } from './files.js';

/** Signals that tell a program to end in good order. On Windows these are Ctrl-C, Ctrl-Break and a console that is closed. */
export function endSignals(platform: Platform = process.platform): readonly NodeJS.Signals[] {
  return platform === 'win32' ? ['SIGINT', 'SIGHUP', 'SIGBREAK'] : ['SIGTERM', 'SIGINT', 'SIGHUP'];
}

/**
 * Signals that a program passes on to the one that it runs in its own place, on the same terminal. On Windows none: the console
 * tells both, and a signal from here would end the other one at once.
 */
export function passedSignals(platform: Platform = process.platform): readonly NodeJS.Signals[] {
  return platform === 'win32' ? [] : ['SIGTERM', 'SIGHUP'];
}
