import { DfsError } from '@dfs/protocol';
import { DatabaseError } from './sql.js';

/** What SQLite says of a file whose bytes are wrong. */
const DAMAGED = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** What a person can do with a database that is damaged: the commands are those of the engine. */
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
