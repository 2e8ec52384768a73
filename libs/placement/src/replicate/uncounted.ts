import type { Cid } from '@dfs/protocol';
import { MAX_WANTS } from '../limits.js';

/**
 * Contents that records name which do not count, such as void ones: no path shows them, so nobody asks for them. Where a
 * holder is heard of after the record, what this node lacks is to be looked for anew. The last MAX_WANTS of them.
 */
export class Uncounted {
  private readonly contents = new Set<Cid>();

  /** Records came that name these. */
  named(contents: readonly Cid[]): void {
    for (const content of contents) {
      this.contents.delete(content);
      this.contents.add(content);
      const [oldest] = this.contents;
      if (this.contents.size > MAX_WANTS && oldest !== undefined) this.contents.delete(oldest);
    }
  }

  /** Whether some of these are among them. */
  someOf(contents: readonly Cid[]): boolean {
    return this.contents.size > 0 && contents.some((content) => this.contents.has(content));
  }
}
