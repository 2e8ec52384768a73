import type { Clock } from '@dfs/runtime';
import type { Link } from './memory-stream.js';

/** A network in memory, as its nodes see it. */
export interface MemoryLink<Node> extends Link {
  readonly clock: Clock;
  /** Provider records: by network and content id. */
  readonly records: Map<string, Map<string, Set<string>>>;
  /** Whether the next piece of data finds its connection dropped. */
  drops(): boolean;
  /** Whether both are on the same side of a partition. */
  reaches(from: string, to: string): boolean;
  byPeerId(peerId: string): Node | undefined;
  byAddress(address: string): Node | undefined;
  /** Tells all that run of each other. */
  announce(node: Node): void;
}
