import type { Cid } from '@dfs/protocol';

/**
 * The share of a co-fetcher in a block; the highest one gets it: rendezvous hashing, so that all of them agree without
 * a word,
 * and little changes when one comes or goes. The mixing is the finaliser of MurmurHash3 (fmix32, A. Appleby). Pinned by
 * PROTOCOL.md.
 */
export function shareOf(block: number, member: number): number {
  let mixed = block ^ member;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits, of a block's id or a peer id. */
export function hashOf(text: Cid): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
