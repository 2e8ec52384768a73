import type { Cid } from '@dfs/protocol';
import { firstOf, Oldest } from '@dfs/runtime';
import { MAX_WANTS } from '../limits.js';
import type { ContentRef } from '../ports.js';

/**
 * Contents of versions that no path came to show, such as those that were replaced before they came, and void ones: no
 * change of a path tells of them. A node looks them over when they are named, and again when one of their holders is heard
 * of, in whichever order that comes. The last MAX_WANTS of them.
 */
export class Unshown {
  private readonly refs = new Map<Cid, ContentRef>();
  private readonly oldest = new Oldest(this.refs);
  /** Of these, those that are to be looked over. */
  private readonly due = new Set<Cid>();

  /** Records came that name these. @returns false where some were dropped before they were looked over: a scan finds them */
  named(refs: readonly ContentRef[]): boolean {
    let isWhole = true;
    for (const ref of refs) {
      this.refs.delete(ref.contentId);
      this.refs.set(ref.contentId, ref);
      this.due.add(ref.contentId);
      if (this.refs.size <= MAX_WANTS) continue;
      const oldest = this.oldest.next() as Cid;
      this.refs.delete(oldest);
      if (this.due.delete(oldest)) isWhole = false;
    }
    return isWhole;
  }

  /** Holders of these were heard of. @returns whether some of them are to be looked over */
  held(contents: readonly Cid[]): boolean {
    for (const content of contents) if (this.refs.has(content)) this.due.add(content);
    return this.isDue;
  }

  /** Whether some are to be looked over. */
  get isDue(): boolean {
    return this.due.size > 0;
  }

  /** Takes so many of those that are to be looked over. */
  take(limit: number): ContentRef[] {
    const taken = firstOf(this.due, limit);
    for (const content of taken) this.due.delete(content);
    return taken.flatMap((content) => this.refs.get(content) ?? []);
  }
}
