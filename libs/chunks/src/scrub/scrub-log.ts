import type { Database } from '@dfs/database';
import { SCRUB_START, type ScrubPlace } from '../store/damage/scrub.js';

/** One pass over all blocks there were when it began. */
export interface ScrubPass {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly chunks: number;
  /** Bytes of content. */
  readonly bytes: number;
  /** Blocks it found damaged. */
  readonly damaged: number;
}

/** A pass that is not finished: how far it is, and where it ends. */
export interface PassUnderWay extends ScrubPass {
  readonly number: number;
  /** The place that was looked at last. */
  readonly place: ScrubPlace;
  /** Packs beyond this one came later. */
  readonly lastPack: number;
}

interface Row {
  number: number;
  started_at: number;
  finished_at: number | null;
  last_pack: number;
  pack: number;
  offset: number;
  chunks: number;
  bytes: number;
  damaged: number;
}

/** Passes as the database remembers them: the last that was finished, and the one under way. */
export class ScrubLog {
  constructor(private readonly db: Database) {}

  async read(): Promise<{ last: ScrubPass | null; underWay: PassUnderWay | null }> {
    const rows = await this.db.query<Row>('SELECT * FROM scrub_pass ORDER BY number DESC');
    const finished = rows.find((row) => row.finished_at !== null);
    const open = rows.find((row) => row.finished_at === null);
    return { last: finished ? figuresOf(passOf(finished)) : null, underWay: open ? passOf(open) : null };
  }

  async begin(startedAt: number, lastPack: number): Promise<PassUnderWay> {
    const { lastId: number } = await this.db.write((tx) =>
      tx.run(
        `INSERT INTO scrub_pass (started_at, finished_at, last_pack, pack, offset, chunks, bytes, damaged)
         VALUES (?, NULL, ?, ?, ?, 0, 0, 0)`,
        [startedAt, lastPack, SCRUB_START.pack, SCRUB_START.offset],
      ),
    );
    return { number, startedAt, finishedAt: null, lastPack, place: SCRUB_START, chunks: 0, bytes: 0, damaged: 0 };
  }

  async save({ number, place, chunks, bytes, damaged }: PassUnderWay): Promise<void> {
    await this.db.write((tx) =>
      tx.run('UPDATE scrub_pass SET pack = ?, offset = ?, chunks = ?, bytes = ?, damaged = ? WHERE number = ?', [
        place.pack,
        place.offset,
        chunks,
        bytes,
        damaged,
        number,
      ]),
    );
  }

  /** Passes before it are forgotten. */
  async finish({ number, chunks, bytes, damaged }: PassUnderWay, finishedAt: number): Promise<void> {
    await this.db.write(async (tx) => {
      await tx.later('UPDATE scrub_pass SET finished_at = ?, chunks = ?, bytes = ?, damaged = ? WHERE number = ?', [
        finishedAt,
        chunks,
        bytes,
        damaged,
        number,
      ]);
      await tx.later('DELETE FROM scrub_pass WHERE number < ?', [number]);
    });
  }
}

/** Without what only the scrub itself needs to know. */
export function figuresOf({ startedAt, finishedAt, chunks, bytes, damaged }: ScrubPass): ScrubPass {
  return { startedAt, finishedAt, chunks, bytes, damaged };
}

function passOf(row: Row): PassUnderWay {
  const { number, chunks, bytes, damaged, pack, offset } = row;
  const [startedAt, finishedAt, lastPack] = [row.started_at, row.finished_at, row.last_pack];
  return { number, startedAt, finishedAt, lastPack, place: { pack, offset }, chunks, bytes, damaged };
}
