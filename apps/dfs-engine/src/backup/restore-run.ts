import 'reflect-metadata';
import { isDfsError, silentLog } from '@dfs/runtime';
import type { Output } from '../check/run.js';
import { ConfigError, readConfig } from '../config.js';
import { openLog } from '../process/log.js';
import { restore, type Restored } from './restore.js';

const EXIT_DONE = 0;
const EXIT_NOT_DONE = 2;
const FROM = /^--from=(.+)$/;

/**
 * `restore [--force] [--from=FOLDER]` and `rebuild …`, with the flags and variables of the node itself.
 * To a person at a terminal it tells the outcome alone; elsewhere it writes the log of the node as well.
 * @param argv what follows the command
 * @returns the exit code
 */
export async function runRestore(
  command: 'restore' | 'rebuild',
  argv: readonly string[],
  { out, err, interactive }: Output,
): Promise<number> {
  // Files that the node writes are for its owner alone.
  process.umask(0o077);
  const force = argv.includes('--force');
  const from = argv.map((argument) => FROM.exec(argument)?.[1]).find((folder) => folder !== undefined);
  try {
    const config = readConfig(argv.filter((argument) => argument !== '--force' && !FROM.test(argument)));
    const log = interactive ? silentLog : openLog(config.logLevel, { write: err });
    const restored = await restore(config, { command, from, force, log });
    out(`${readable(restored)}\n`);
    return EXIT_DONE;
  } catch (error) {
    err(`${reasonOf(error)}\n`);
    return EXIT_NOT_DONE;
  }
}

function readable({ snapshot, damaged, records, refused, files, pins, setAside }: Restored): string {
  const begun = snapshot
    ? `The database was restored from the snapshot of ${new Date(snapshot.takenAt).toISOString()}.`
    : 'The database was rebuilt from the journal and the packs.';
  return [
    ...damaged.map(({ snapshot: { file }, why }) => `The snapshot ${file} is not sound: ${why}.`),
    begun,
    `  records of the journal that were taken in: ${records}${refused > 0 ? `, refused: ${refused}` : ''}`,
    `  files: ${files.count}`,
    `  extents promised anew: ${pins.added}, not whole here any more: ${pins.dropped}`,
    ...(setAside === undefined
      ? []
      : [`The database that was there before is in ${setAside}: remove it when all is well.`]),
    'Start the node. Content that no file names is listed under /api/v1/found-contents.',
  ].join('\n');
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.problems.join('\n');
  if (isDfsError(error)) return error.message;
  return `The command failed: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`;
}
