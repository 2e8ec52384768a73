import { DfsError, second, type Clock } from '@dfs/runtime';

/** Deletions within this time are one deletion of many files. */
const WINDOW = 60 * second;
/** So many may always go, however few files there are. */
const ALWAYS = 100;

/** Not moved by whoever sets the clock. */
const elapsed: Clock = { now: () => performance.now() };

/** Stops a deletion of most of the files by mistake: a script gone wrong, the wrong folder marked. */
export class DeletionPace {
  /** When each of the last files was deleted, oldest first. */
  private times: number[] = [];

  constructor(private readonly clock: Clock = elapsed) {}

  /**
   * Counts the deletions of one act of this node. Asked before the first of them, within the unit of work that deletes:
   * those run one after another.
   * @param files current files before the act
   * @param count files that the act deletes
   * @returns takes the count back when the act fails
   * @throws DfsError `mass-deletion` with the counts, unless it is confirmed
   */
  async admit(files: () => Promise<number>, confirmed: boolean, count = 1): Promise<() => void> {
    const now = this.clock.now();
    const begin = this.times.findIndex((time) => time > now - WINDOW && time <= now);
    if (begin !== 0) this.times = begin === -1 ? [] : this.times.slice(begin);
    const deleted = this.times.length;
    if (!confirmed && deleted + count > ALWAYS) {
      const before = deleted + (await files());
      if (deleted + count > before / 2) throw massDeletion({ deleted, asked: count, files: before });
    }
    for (let each = 0; each < count; each++) this.times.push(now);
    return () => this.takeBack(now, count);
  }

  private takeBack(time: number, count: number): void {
    const at = this.times.lastIndexOf(time);
    if (at !== -1) this.times.splice(Math.max(0, at - count + 1), count);
  }
}

function massDeletion(facts: { deleted: number; asked: number; files: number }): DfsError {
  const { deleted, asked, files } = facts;
  return new DfsError(
    'mass-deletion',
    `This would make ${deleted + asked} of ${files} files deleted within a minute. If you mean to delete more than half of them, confirm it (confirm=true). Otherwise you can restore the deleted files.`,
    { facts },
  );
}
