import type { MemberRole } from '@dfs/contracts';
import type { NetworkSettings } from '@dfs/protocol';
import { compareRank, type RecordGraph, type RecordNode } from './record-graph.js';
import { holding, standingOf, type Standing } from './record-validity.js';

/** One who belongs to the network. */
export interface Member {
  readonly peerId: string;
  readonly role: MemberRole;
  /** Milliseconds since 1970, by the clock of the owner who admitted it. */
  readonly admittedAt: number;
  /** Its name for itself when it was admitted; perhaps empty. */
  readonly name: string;
  /** Of one that may not write, and was removed before: as of a former member. Undefined: it never could. */
  readonly lastRecord?: string | null;
}

/** One who belonged to the network and was removed, or whose admission has turned out to be void. */
export interface FormerMember {
  readonly peerId: string;
  /**
   * Its last catalogue record that counts, as the latest of its removals names it: what that does not reach by `prev`
   * is void. Null: none of its records counts, as where it never belonged by what holds.
   */
  readonly lastRecord: string | null;
  /** Its name for itself when it was admitted last; perhaps empty. */
  readonly name: string;
}

/** The members and settings that follow from the records. */
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
    const lastRecord = removals.length > 0 ? lastRecordIn(removals) : null;
    if (!standing) {
      const admissions = graph.admissionsOf(peerId);
      if (admissions.length > 0) former.set(peerId, { peerId, lastRecord, name: lastNameIn(admissions) });
    } else if (standing.role === 'storage' && removals.length > 0) {
      members.set(peerId, { ...memberBy(peerId, standing), lastRecord });
    } else members.set(peerId, memberBy(peerId, standing));
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

function lastRecordIn(removals: readonly RecordNode[]): string | null {
  const latest = [...removals].sort(compareRank).at(-1)?.record.content;
  return latest?.kind === 'removal' ? latest.lastRecord : null;
}

function nameIn({ record: { content } }: RecordNode): string {
  return content && 'name' in content ? content.name : '';
}

function lastNameIn(admissions: readonly RecordNode[]): string {
  return (
    [...admissions]
      .sort(compareRank)
      .map(nameIn)
      .findLast((name) => name !== '') ?? ''
  );
}

function settingsIn(nodes: readonly RecordNode[]): NetworkSettings {
  const latest = [...nodes].sort(compareRank).at(-1)?.record.content;
  if (latest?.kind !== 'founding' && latest?.kind !== 'settings')
    throw new Error('a network without a founding record');
  return latest.settings;
}
