import type { Cid } from '@dfs/protocol';
import { partitionOf, Ranking, type Candidate } from '../plan/rendezvous.js';

/** The members in the order in which they are to hold an extent. */
export function rank(content: Cid, extent: number, members: readonly Candidate[]): string[] {
  return new Ranking(members).first(partitionOf(content, extent), Infinity, () => true);
}
