import type { Database } from '@dfs/database';
import { LessThan } from 'typeorm';
import { ScrubPassEntity } from '../store/damage/damage.entity.js';
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

/** Passes as the database remembers them: the last that was finished, and the one under way. */
export class ScrubLog {
  constructor(private readonly db: Database) {}

  async read(): Promise<{ last: ScrubPass | null; underWay: PassUnderWay | null }> {
    const rows = await this.db.repository(ScrubPassEntity).find({ order: { number: 'DESC' } });
    const finished = rows.find((row) => row.finishedAt !== null);
    const open = rows.find((row) => row.finishedAt === null);
    return { last: finished ? figuresOf(finished) : null, underWay: open ? passOf(open) : null };
  }

  async begin(startedAt: number, lastPack: number): Promise<PassUnderWay> {
    return this.db.write(async (tx) => {
      const passes = tx.repository(ScrubPassEntity);
      const [newest] = await passes.find({ order: { number: 'DESC' }, take: 1 });
      const row = {
        ...{ number: (newest?.number ?? 0) + 1, startedAt, finishedAt: null, lastPack },
        ...{ ...SCRUB_START, chunks: 0, bytes: 0, damaged: 0 },
      };
      await passes.insert(row);
      return passOf(row);
    });
  }

  async save({ number, place, chunks, bytes, damaged }: PassUnderWay): Promise<void> {
    await this.db.write((tx) =>
      tx.repository(ScrubPassEntity).update({ number }, { ...place, chunks, bytes, damaged }),
    );
  }

  /** Passes before it are forgotten. */
  async finish({ number, chunks, bytes, damaged }: PassUnderWay, finishedAt: number): Promise<void> {
    await this.db.write(async (tx) => {
      const passes = tx.repository(ScrubPassEntity);
      await passes.update({ number }, { finishedAt, chunks, bytes, damaged });
      await passes.delete({ number: LessThan(number) });
    });
  }
}

/** Without what only the scrub itself needs to know. */
export function figuresOf({ startedAt, finishedAt, chunks, bytes, damaged }: ScrubPass): ScrubPass {
  return { startedAt, finishedAt, chunks, bytes, damaged };
}

function passOf({ pack, offset, ...row }: ScrubPassEntity): PassUnderWay {
  return { ...row, place: { pack, offset } };
}
