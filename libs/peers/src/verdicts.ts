import type { MemberRole } from '@dfs/contracts';
import type { MembershipRecord } from '@dfs/protocol';
import { compareRank, hasBit, type RecordGraph, type RecordNode } from './record-graph.js';

/** Tells whether the record with this index holds. */
export type Holds = (index: number) => boolean;

/** The place of a member, as some set of records has it. */
export interface Standing {
  readonly role: MemberRole;
  /** The record by which it belongs, uninterrupted: its seniority. */
  readonly since: RecordNode;
  /** The record that gave it its present role. */
  readonly by: RecordNode;
}

/** A member is one with an admission that no removal has followed, or could not have known of. */
export function standingOf(graph: RecordGraph, peerId: string, holds: Holds): Standing | undefined {
  const removals = graph.removalsOf(peerId).filter(({ index }) => holds(index));
  const admissions = graph
    .admissionsOf(peerId)
    .filter(({ index }) => holds(index) && removals.every((removal) => graph.isAncestor(removal.index, index)))
    .sort(compareRank);
  const [since] = admissions;
  const by = admissions.at(-1);
  return since && by ? { role: roleGivenBy(by), since, by } : undefined;
}

/**
 * Whether its author might write a record with this ancestry: a verdict on the record and its ancestors alone, and so the
 * same wherever and whenever it arrives. What fails it is not kept.
 */
export function mayBeWritten(graph: RecordGraph, record: MembershipRecord, ancestors: Uint32Array): boolean {
  return isSupported(
    graph,
    record,
    holding(graph, (index) => hasBit(ancestors, index)),
  );
}

/**
 * Which of the records hold, by the set of them alone:
 * - one whose author was no owner by the records that hold in its ancestry does not;
 * - one that a record that holds stands against does not (a removal: what the removed owner did outside the removal's
 *   ancestry; an admission: a later one by the same invite);
 * - where records stand against each other in a circle, that of the author who was admitted earlier holds.
 */
export function holding(graph: RecordGraph, within: Holds = () => true): Holds {
  if (!graph.isContested(within)) return within;
  const verdicts = new Verdicts(graph, within);
  return (index) => verdicts.of(index) === HOLDS;
}

const UNDECIDED = 0;
const HOLDS = 1;
const VOID = 2;

class Verdicts {
  private readonly verdicts: Uint8Array;
  private undecided: RecordNode[];

  constructor(
    private readonly graph: RecordGraph,
    within: Holds,
  ) {
    this.verdicts = new Uint8Array(graph.size).fill(VOID);
    this.undecided = graph.nodes.filter(({ index }) => within(index)).sort(compareRank);
    for (const { index } of this.undecided) this.verdicts[index] = UNDECIDED;
    while (this.undecided.length > 0) {
      const before = this.undecided.length;
      this.decideWhatFollows();
      if (this.undecided.length === before) this.breakCircle();
    }
  }

  of(index: number): number {
    return this.verdicts[index] ?? VOID;
  }

  /** One pass in order of rank: ancestors come before what builds on them. */
  private decideWhatFollows(): void {
    const open: RecordNode[] = [];
    for (const node of this.undecided) {
      const verdict = this.judge(node, open);
      this.verdicts[node.index] = verdict;
      if (verdict === UNDECIDED) open.push(node);
    }
    this.undecided = open;
  }

  private judge(node: RecordNode, open: readonly RecordNode[]): number {
    if (node.attackers.some((attacker) => this.of(attacker) === HOLDS)) return VOID;
    if (open.some(({ index }) => hasBit(node.ancestors, index))) return UNDECIDED;
    if (!isSupported(this.graph, node.record, (index) => this.holdsBefore(node, index))) return VOID;
    return node.attackers.every((attacker) => this.of(attacker) === VOID) ? HOLDS : UNDECIDED;
  }

  private holdsBefore(node: RecordNode, index: number): boolean {
    return hasBit(node.ancestors, index) && this.of(index) === HOLDS;
  }

  /** In a circle that nothing outside decides, the most senior author's earliest record holds, and what stands against it not. */
  private breakCircle(): void {
    const before = new Map(this.undecided.map((node) => [node.index, this.undecidedBefore(node)]));
    const candidates = this.undecided.filter(
      (node) =>
        this.undecided.every(({ index }) => !hasBit(node.ancestors, index)) &&
        [...(before.get(node.index) ?? [])].every((other) => before.get(other)?.has(node.index)),
    );
    const [chosen] = candidates.sort((a, b) => this.compareSeniority(a, b) || compareRank(a, b));
    if (!chosen) throw new Error('a circle of membership records without a beginning');
    this.verdicts[chosen.index] = HOLDS;
    for (const attacker of chosen.attackers) {
      if (this.of(attacker) === UNDECIDED) this.verdicts[attacker] = VOID;
    }
    this.undecided = this.undecided.filter(({ index }) => this.of(index) === UNDECIDED);
  }

  /** The undecided records on which the verdict over `node` depends, directly or not. */
  private undecidedBefore(node: RecordNode): Set<number> {
    const found = new Set<number>();
    const next = [node];
    for (let at = next.pop(); at; at = next.pop()) {
      for (const other of this.undecided) {
        if (found.has(other.index) || (!at.attackers.includes(other.index) && !hasBit(at.ancestors, other.index))) {
          continue;
        }
        found.add(other.index);
        next.push(other);
      }
    }
    return found;
  }

  private compareSeniority(a: RecordNode, b: RecordNode): number {
    const [one, two] = [a, b].map((node) =>
      standingOf(this.graph, node.record.author, (index) => this.holdsBefore(node, index)),
    );
    return one && two ? compareRank(one.since, two.since) : 0;
  }
}

function isSupported(graph: RecordGraph, { author, content }: MembershipRecord, holds: Holds): boolean {
  if (content?.kind === 'founding') return true;
  if (content?.kind === 'joint') return isMajority(graph, content.signers, holds);
  const role = standingOf(graph, author, holds)?.role;
  return content ? role === 'owner' : role !== undefined;
}

function isMajority(graph: RecordGraph, signers: readonly string[], holds: Holds): boolean {
  const isMember = (peerId: string) => standingOf(graph, peerId, holds) !== undefined;
  return signers.filter(isMember).length * 2 > [...graph.everAdmitted()].filter(isMember).length;
}

function roleGivenBy({ record: { content } }: RecordNode): MemberRole {
  return content?.kind === 'admission' ? content.role : 'owner';
}
