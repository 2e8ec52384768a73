import { DfsError } from '@dfs/runtime';
import { DatabaseError } from './sql/sql.js';

/** Codes of SQLite for a file whose bytes are wrong. */
const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** Advice to a person with a damaged database: the commands are those of the engine. */
export const DAMAGED_ADVICE =
  'Leave the data directory as it is: the key and the chunks in it are needed. `npm run engine -- restore` brings back the ' +
  'newest snapshot; where there is none, `npm run engine -- rebuild` makes the database anew from the chunks and the journal.';

/** A start that is refused since the database is damaged. @param why what SQLite found */
export function damagedDatabase(why: string, cause?: unknown): DfsError {
  return new DfsError('not-ready', `The database is damaged (${why}). ${DAMAGED_ADVICE}`, { cause });
}

/** A failure of the database as one who starts a node is told of it; all other errors as they are. */
export function startRefusal(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (DAMAGED.has(error.sqliteCode)) return damagedDatabase(error.message, error);
  return new DfsError(
    'not-ready',
    `The database cannot be used (${error.message}): see whether its disk is mounted, writable and sound, whether the ` +
      'data directory belongs to the user that starts the node, and whether another program has the file open.',
    { cause: error },
  );
}

/**
 * Why a database that has seen these migrations is not for this program; undefined where it is. A database of an earlier
 * build has seen migrations, and none that this program knows: the first release began with new ones.
 * @param known names of the migrations of this program
 * @param advice what to do with one that was written by a newer version
 */
export function refusalOf(applied: Iterable<string>, known: ReadonlySet<string>, advice: string): DfsError | undefined {
  const seen = [...applied];
  const newer = seen.filter((name) => !known.has(name));
  if (newer.length === 0) return undefined;
  return new DfsError(
    'not-ready',
    newer.length === seen.length
      ? 'The database was made by a build from before the first release, which this version cannot read: start with a new ' +
          'data directory, or use this one with the build that made it; nothing was changed in it.'
      : `The database was written by a newer version of DFS (${newer.join(', ')}): ${advice}.`,
  );
}
