import type { MembershipRecord } from '@dfs/protocol';
import { MAX_RECORDS_PER_AUTHOR, MAX_RECORDS_PER_MEMBER } from '../constants.js';
import type { RecordGraph } from './record-graph.js';
import { isByOwner, mayBeWritten } from './record-validity.js';

/** The result of records that a peer sent. */
export interface Received {
  /** New here, verified, stored; parents first. */
  added: MembershipRecord[];
  /** Records whose parents are not known here: ask for those. */
  orphans: number;
  /** Records that nobody should have sent. */
  refused: number;
}

/** Adds what its author might write; repeats until nothing more finds its parents. */
export function addValid(graph: RecordGraph, records: readonly MembershipRecord[]): Received {
  const added: MembershipRecord[] = [];
  let refused = 0;
  let waiting = [...records];
  for (let before = -1; before !== waiting.length;) {
    before = waiting.length;
    waiting = waiting.filter((record) => {
      if (graph.has(record.id)) return false;
      const ancestors = graph.ancestryOf(record.parents);
      if (!ancestors) return true;
      const foreign = record.networkId !== graph.node(0).record.networkId;
      if (foreign || !mayBeWritten(graph, record, ancestors)) {
        refused++;
        return false;
      }
      // No fault of who passes it on.
      if (graph.recordsBy(record.author).length >= ceilingOf(graph, record, ancestors)) return false;
      graph.add(record);
      added.push(record);
      return false;
    });
  }
  return { added, orphans: waiting.length, refused };
}

function ceilingOf(graph: RecordGraph, record: MembershipRecord, ancestors: Uint32Array): number {
  const few = graph.recordsBy(record.author).length < MAX_RECORDS_PER_MEMBER;
  return few || isByOwner(graph, record, ancestors) ? MAX_RECORDS_PER_AUTHOR : MAX_RECORDS_PER_MEMBER;
}
