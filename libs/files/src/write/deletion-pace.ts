import { DfsError, second, type Clock } from '@dfs/protocol';

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
   * Counts one deletion by this node. Asked within the unit of work that deletes: those run one after another.
   * @param files current files before it
   * @returns takes it back when the deletion fails
   * @throws DfsError `mass-deletion` with the counts, unless it is confirmed
   */
  async admit(files: () => Promise<number>, confirmed: boolean): Promise<() => void> {
    const now = this.clock.now();
    const begin = this.times.findIndex((time) => time > now - WINDOW && time <= now);
    if (begin !== 0) this.times = begin === -1 ? [] : this.times.slice(begin);
    const deleted = this.times.length;
    if (!confirmed && deleted >= ALWAYS) {
      const before = deleted + (await files());
      if (deleted + 1 > before / 2) throw massDeletion(deleted, before);
    }
    this.times.push(now);
    return () => this.takeBack(now);
  }

  private takeBack(time: number): void {
    const at = this.times.lastIndexOf(time);
    if (at !== -1) this.times.splice(at, 1);
  }
}

function massDeletion(deleted: number, files: number): DfsError {
  return new DfsError(
    'mass-deletion',
    `${deleted} of ${files} files were deleted within a minute. If more than half of them are meant to go, repeat the request with ?confirm=true; otherwise what is gone can be restored.`,
    { facts: { deleted, files } },
  );
}
