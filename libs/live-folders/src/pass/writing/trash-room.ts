import { minute } from '@dfs/runtime';
import type { TrashEntry } from '../../disk/root-disk.js';
import type { PassContext } from '../context.js';

/** Files of the trash that are looked at together. */
const PAGE = 200;
/** A file that went to the trash more lately may still be written on. */
const RESTED = minute;

/**
 * 6: when room is short, files leave the trash whose bytes are in a version that another member holds, the oldest first. Bytes that
 * are in no version, or that nobody else can give, stay their time.
 */
export class TrashRoom {
  private turn: Promise<boolean> = Promise.resolve(false);

  constructor(private readonly context: Pick<PassContext, 'disk' | 'parts' | 'signal'>) {}

  /** For a file that found no room: one at a time. @returns whether so many bytes have become free */
  free(bytes: number): Promise<boolean> {
    const free = (): Promise<boolean> => this.freeNow(bytes);
    return (this.turn = this.turn.then(free, free));
  }

  private async freeNow(bytes: number): Promise<boolean> {
    const { disk, signal } = this.context;
    const room = await disk.room();
    // Where there is room, and no byte can be written all the same, a quota is full.
    let lacking = room < bytes ? bytes - room : bytes;
    for (let cursor: string | undefined; lacking > 0 && !signal.aborted;) {
      const page = await disk.trash.list({ ...(cursor !== undefined && { cursor }), limit: PAGE, oldestFirst: true });
      const giving: string[] = [];
      let given = 0;
      for (const { id, stat } of await this.heldElsewhere(page.entries)) {
        if (given >= lacking) break;
        giving.push(id);
        given += stat.size;
      }
      if (giving.length > 0) lacking -= (await disk.trash.empty({ asNoted: giving })).bytes;
      if (page.next === undefined) break;
      cursor = page.next;
    }
    return lacking <= 0;
  }

  private async heldElsewhere(entries: readonly TrashEntry[]): Promise<TrashEntry[]> {
    const { placement, clock } = this.context.parts;
    const before = clock.now() - RESTED;
    const known = entries.flatMap((entry) =>
      entry.contentId !== undefined && entry.at < before && entry.stat.size > 0
        ? [{ entry, contentId: entry.contentId, size: entry.stat.size }]
        : [],
    );
    const standings = await placement.standings(known);
    return known.flatMap(({ entry, contentId }) => {
      const standing = standings.get(contentId);
      if (standing === undefined) return [];
      const others = standing.replication.reachable - (standing.local === 'none' ? 0 : 1);
      return others >= 1 ? [entry] : [];
    });
  }
}
