import { MAX_PARENTS } from '@dfs/protocol';
import type { RecordGraph, RecordNode } from './record-graph.js';
import type { Roster } from './roster.js';
import { holding } from './record-validity.js';

/**
 * The parents of a new record, in order of ids: the heads of what holds first, so that nobody can crowd those out, then
 * of the
 * rest. Not what members that are no owners write without end, kinds that are not known here and joint records that do not
 * hold: others need not have it.
 */
export function parentsIn(graph: RecordGraph, { members }: Roster, size?: number): string[] {
  const holds = holding(graph, (index) => size === undefined || index < size);
  const isOwner = (peerId: string) => members.get(peerId)?.role === 'owner';
  const isLinked = ({ index, record: { author, content } }: RecordNode): boolean =>
    content && content.kind !== 'joint' ? true : isOwner(author) || (content !== undefined && holds(index));
  const held = graph.headsOf((node) => isLinked(node) && holds(node.index), size);
  const ids = [...held, ...graph.headsOf(isLinked, size)].map(({ record }) => record.id);
  return [...new Set(ids)].slice(0, MAX_PARENTS).sort();
}
