import type { MemberRole } from '@dfs/contracts';
import type { NetworkSettings } from '@dfs/protocol';
import { compareRank, type RecordGraph, type RecordNode } from './record-graph.js';
import { holding, standingOf, type Standing } from './verdicts.js';

/** One who belongs to the network. */
export interface Member {
  readonly peerId: string;
  readonly role: MemberRole;
  /** Milliseconds since 1970, by the clock of the owner who admitted it. */
  readonly admittedAt: number;
  /** What it called itself when it was admitted; perhaps empty. */
  readonly name: string;
}

/** One who belonged to the network and was removed. */
export interface FormerMember {
  readonly peerId: string;
  /** Milliseconds since 1970, by the clock of the owner who removed it first. */
  readonly removedAt: number;
  /**
   * Its last catalogue record that counts, as the latest of its removals names it: what that does not reach by `prev`
   * is void. Null: none of its records counts.
   */
  readonly lastRecord: string | null;
}

/** What follows from the records: who belongs, and what holds for all. */
export interface Roster {
  /** By peer id. */
  readonly members: ReadonlyMap<string, Member>;
  readonly former: ReadonlyMap<string, FormerMember>;
  readonly settings: NetworkSettings;
}

/**
 * The same set of records gives the same roster, in whatever order they came.
 * @param previous the roster of the same graph when it had `from` records: spares work, changes nothing
 */
export function rosterOf(graph: RecordGraph, previous?: { roster: Roster; from: number }): Roster {
  const all = () => true;
  const isPlain = !graph.isContested(all);
  const known = isPlain ? previous : undefined;
  const holds = isPlain ? all : holding(graph);
  const members = new Map(known?.roster.members);
  const former = new Map(known?.roster.former);
  const touched = known ? touchedBy(graph.nodes.slice(known.from)) : graph.everAdmitted();
  for (const peerId of touched) {
    members.delete(peerId);
    former.delete(peerId);
    const standing = standingOf(graph, peerId, holds);
    const removals = graph.removalsOf(peerId).filter(({ index }) => holds(index));
    if (standing) members.set(peerId, memberBy(peerId, standing));
    else if (removals.length > 0 && graph.admissionsOf(peerId).length > 0) {
      former.set(peerId, formerMember(peerId, removals));
    }
  }
  return { members, former, settings: settingsIn(graph.settingsNodes().filter(({ index }) => holds(index))) };
}

function touchedBy(nodes: readonly RecordNode[]): Set<string> {
  const touched = new Set<string>();
  for (const { record } of nodes) {
    if (record.content && 'member' in record.content) touched.add(record.content.member);
    if (record.content?.kind === 'founding') touched.add(record.author);
  }
  return touched;
}

function memberBy(peerId: string, { since, by, role }: Standing): Member {
  return { peerId, role, admittedAt: since.record.time, name: nameIn(by) || nameIn(since) };
}

function formerMember(peerId: string, removals: RecordNode[]): FormerMember {
  const ordered = removals.sort(compareRank);
  const content = ordered.at(-1)?.record.content;
  const lastRecord = content?.kind === 'removal' ? content.lastRecord : null;
  return { peerId, removedAt: ordered[0]?.record.time ?? 0, lastRecord };
}

function nameIn({ record: { content } }: RecordNode): string {
  return content && 'name' in content ? content.name : '';
}

function settingsIn(nodes: readonly RecordNode[]): NetworkSettings {
  const latest = [...nodes].sort(compareRank).at(-1)?.record.content;
  if (latest?.kind !== 'founding' && latest?.kind !== 'settings')
    throw new Error('a network without a founding record');
  return latest.settings;
}
