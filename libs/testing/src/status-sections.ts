import { decode, encode, type WireValue } from '@dfs/protocol';
import type { Unsubscribe } from '@dfs/runtime';

type Hears = (peerId: string, value: WireValue) => void;

/**
 * The sections of a node's status, and the listeners for those of others, where a spec says when statuses go and to whom.
 * Each value goes through its bytes, as on the wire.
 */
export class TestSections {
  private readonly sections = new Map<string, () => WireValue>();
  private readonly listeners = new Map<string, Set<Hears>>();

  constructor(readonly peerId: string) {}

  contribute(section: string, value: () => WireValue): void {
    this.sections.set(section, value);
  }

  onStatus(section: string, fn: Hears): Unsubscribe {
    const listeners = this.listeners.get(section) ?? new Set();
    this.listeners.set(section, listeners.add(fn));
    return () => listeners.delete(fn);
  }

  /** Nobody listens any more, as after a restart. */
  deafen(): void {
    this.listeners.clear();
  }

  /** Tells these how the node stands. */
  tell(others: Iterable<TestSections>): void {
    const all = [...others];
    for (const [section, value] of this.sections) {
      const said = encode(value());
      for (const other of all) {
        for (const hears of other.listeners.get(section) ?? []) hears(this.peerId, decode(said));
      }
    }
  }
}
