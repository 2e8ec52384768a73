import type { Tx } from '@dfs/database';
import { DfsError, second, type Clock } from '@dfs/runtime';
import type { Asker, FilesComponents } from '../ports.js';

/** Deletions within this time are one deletion of many files. */
const WINDOW = 60 * second;
/** So many may always go, however few files there are. */
const ALWAYS = 100;

/** Not moved by whoever sets the clock. */
const elapsed: Clock = { now: () => performance.now() };

/** How files are changed by somebody. */
export interface ChangeOptions {
  /** Go on although most of the files are being deleted. */
  confirm?: boolean;
  /** The node's owner when left out. */
  by?: Asker;
}

/** Stops a deletion of most of the files by mistake: a script gone wrong, the wrong folder marked. */
export class DeletionPace {
  /** When each of the last files was deleted, oldest first: by anybody, and by those whose network ends at a prefix. */
  private readonly windows = new Map<string, number[]>();

  constructor(private readonly clock: Clock = elapsed) {}

  /**
   * Counts the deletions of one act of this node. Asked before the first of them, within the unit of work that deletes:
   * those run one after another.
   * @param files current files before the act
   * @param count files that the act deletes
   * @param prefix where the network ends for the one who asks: of deletions beyond it nothing is told
   * @returns takes the count back when the act fails
   * @throws DfsError `mass-deletion` with the counts, unless it is confirmed
   */
  async admit(files: () => Promise<number>, confirmed: boolean, count = 1, prefix = ''): Promise<() => void> {
    const now = this.clock.now();
    const deleted = this.lately(prefix, now).length;
    if (!confirmed && deleted + count > ALWAYS) {
      const before = deleted + (await files());
      if (deleted + count > before / 2) throw massDeletion({ deleted, asked: count, files: before });
    }
    const counted = [...new Set(['', prefix])].map((window) => this.lately(window, now));
    for (const times of counted) for (let each = 0; each < count; each++) times.push(now);
    return () => counted.forEach((times) => takeBack(times, now, count));
  }

  /** The deletions that count now. */
  private lately(prefix: string, now: number): number[] {
    const times = this.windows.get(prefix) ?? [];
    const begin = times.findIndex((time) => time > now - WINDOW && time <= now);
    times.splice(0, begin === -1 ? times.length : begin);
    this.windows.set(prefix, times);
    return times;
  }
}

/**
 * Asks for the deletions of one act, as `DeletionPace.admit` has it.
 * @param reader that of the unit of work that deletes
 * @param how.gone files that it has deleted already
 */
export function admitDeletions(
  pace: DeletionPace,
  catalogue: Pick<FilesComponents['catalogue'], 'totals' | 'folders'>,
  reader: Tx,
  { count = 1, confirm, by, gone = 0 }: { count?: number; confirm: boolean; by: Asker; gone?: number },
): Promise<() => void> {
  const { prefix } = by;
  const files = async (): Promise<number> => {
    if (prefix === '') return (await catalogue.totals(reader)).count + gone;
    return ((await catalogue.folders.get(prefix.slice(0, -1), reader))?.files ?? 0) + gone;
  };
  return pace.admit(files, confirm, count, prefix);
}

function takeBack(times: number[], time: number, count: number): void {
  const at = times.lastIndexOf(time);
  if (at !== -1) times.splice(Math.max(0, at - count + 1), count);
}

function massDeletion(facts: { deleted: number; asked: number; files: number }): DfsError {
  const { deleted, asked, files } = facts;
  return new DfsError(
    'mass-deletion',
    `This would make ${deleted + asked} of ${files} files deleted within a minute. If you mean to delete more than half of them, confirm it (confirm=true). Otherwise you can restore the deleted files.`,
    { facts },
  );
}
