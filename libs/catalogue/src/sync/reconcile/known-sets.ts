import { toHex } from '@dfs/protocol';
import type { SetRoot } from '../../store/fingerprints.js';

/** Fingerprints remembered. */
const REMEMBERED = 2048;

/**
 * Sets this node has had. A member that has one of them lacks nothing that this node could learn from it: it is behind,
 * and what it lacks is on its way or will be asked for by itself.
 */
export class KnownSets {
  private readonly prints = new Set<string>();

  note(root: SetRoot): void {
    const print = toHex(root.print);
    if (this.prints.has(print)) return;
    this.prints.add(print);
    if (this.prints.size > REMEMBERED) this.prints.delete(this.prints.values().next().value as string);
  }

  has(root: SetRoot): boolean {
    return this.prints.has(toHex(root.print));
  }

  clear(): void {
    this.prints.clear();
  }
}
