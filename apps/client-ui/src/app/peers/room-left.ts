import type { PeerInfo } from '@dfs/contracts';

type Storage = NonNullable<PeerInfo['storage']>;

/** Bytes that one node can still take: within its quota, and on its disk. */
export function freeOf({ bytes, quotaBytes, freeBytes }: Storage): number {
  return Math.max(0, Math.min(quotaBytes - bytes, freeBytes));
}

/**
 * Bytes of files that still fit into the network, about: each file lies whole on so many different nodes, or on all where there are
 * fewer. The most that can be stored is the greatest x for which the nodes together, none of them taking more than x, take all copies.
 * @param free of each node, in bytes
 */
export function roomLeft(free: readonly number[], copies: number): number {
  const nodes = [...free].sort((a, b) => b - a);
  let wanted = Math.min(copies, nodes.length);
  let rest = nodes.reduce((sum, bytes) => sum + bytes, 0);
  // A node with more than its even share takes each file: what the others have to share is less.
  for (const bytes of nodes) {
    if (wanted === 0 || bytes * wanted <= rest) break;
    if (wanted === 1) return bytes;
    rest -= bytes;
    wanted -= 1;
  }
  return wanted === 0 ? 0 : rest / wanted;
}
