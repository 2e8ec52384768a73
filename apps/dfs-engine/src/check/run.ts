import 'reflect-metadata';
import { isDfsError, second } from '@dfs/runtime';
import { ConfigError, readConfig } from '../config.js';
import { check } from './check.js';
import { readable } from './report.js';

/** Exit codes of `check`. */
export const EXIT_CLEAN = 0;
/** The report lists what is wrong. */
export const EXIT_PROBLEMS = 1;
/** Nothing was checked; the reason is on standard error. */
export const EXIT_NOT_RUN = 2;

const TELL_EVERY = 2 * second;

/** Where a command writes. Only the report goes to `out`, so that it can be piped. */
export interface Output {
  out: (text: string) => void;
  /** Besides the report: why it could not run, and how far it is. */
  err: (text: string) => void;
  /** Somebody watches. */
  interactive: boolean;
}

/**
 * `check [--quick] [--json]`, with the flags and variables of the node itself, of which the data directory counts.
 * @param argv what follows `check`
 * @returns the exit code
 */
export async function runCheck(argv: readonly string[], { out, err, interactive }: Output): Promise<number> {
  const own = new Set(['--quick', '--json']);
  const [quick, json] = ['--quick', '--json'].map((flag) => argv.includes(flag)) as [boolean, boolean];
  try {
    const { dataDir } = readConfig(argv.filter((argument) => !own.has(argument)));
    const report = await check(dataDir, { quick, ...(interactive && { onProgress: progress(err) }) });
    out(json ? `${JSON.stringify(report, undefined, 2)}\n` : readable(report));
    return report.ok ? EXIT_CLEAN : EXIT_PROBLEMS;
  } catch (error) {
    err(`${reasonOf(error)}\n`);
    return EXIT_NOT_RUN;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.problems.join('\n');
  if (isDfsError(error)) return error.message;
  return `The check could not finish: ${error instanceof Error ? error.message : String(error)}`;
}

function progress(err: (text: string) => void): (bytes: number, total: number) => void {
  let told = performance.now();
  return (bytes, total) => {
    if (performance.now() - told < TELL_EVERY) return;
    told = performance.now();
    err(`${Math.floor((bytes / Math.max(1, total)) * 100)} % of the packs are checked\n`);
  };
}
