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
 * same wherever and whenever it arrives. A record that fails it is not kept.
 */
export function mayBeWritten(graph: RecordGraph, record: MembershipRecord, ancestors: Uint32Array): boolean {
  const holds = holding(graph, (index) => hasBit(ancestors, index));
  const { content } = record;
  if (content?.kind === 'joint') return isMajority(graph, content.signers, ancestors, holds);
  return isSupported(graph, record, holds);
}

/** Whether its author was an owner by its ancestors. */
export function isByOwner(graph: RecordGraph, { author }: MembershipRecord, ancestors: Uint32Array): boolean {
  const holds = holding(graph, (index) => hasBit(ancestors, index));
  return standingOf(graph, author, holds)?.role === 'owner';
}

/**
 * Which of the records hold, by the set of them alone:
 * - one whose author was no owner by the records that hold in its ancestry does not;
 * - one that a record that holds stands against does not (a removal: what the removed owner did outside the removal's
 *   ancestry; an admission: a later one by the same invite);
 * - where records stand against each other in a circle, that of the author who was admitted earlier holds;
 * - a joint record does not unless its signers are more than half by all records that do not know of it, too.
 * @param within has the ancestors of all that it has
 */
export function holding(graph: RecordGraph, within: Holds = () => true): Holds {
  if (!graph.isContested(within)) return within;
  const joints = judgeJoints(graph, within);
  return holdingBy(graph, within, joints);
}

function holdingBy(graph: RecordGraph, within: Holds, joints: ReadonlyMap<number, boolean>): Holds {
  if (!graph.isContested(within)) return within;
  const verdicts = new Verdicts(graph, within, joints);
  return (index) => verdicts.of(index) === HOLDS;
}

/**
 * Whether joint records hold. Their author chooses what they link, and so by whom the majority is counted: that it was
 * one then is not enough. Each is judged by all that does not know of it, so that nothing that follows from it has a say.
 * Of several that do not know of each other, that with more signers is judged first, and the others by what follows from
 * it as well: those whom a new owner has removed cannot make another, unless they were as many as made that one.
 */
function judgeJoints(graph: RecordGraph, within: Holds): ReadonlyMap<number, boolean> {
  const verdicts = new Map<number, boolean>();
  let open = graph.joints().filter(({ index }) => within(index));
  while (open.length > 0) {
    const first = firstJoint(graph, open);
    const { ancestors, record } = first;
    const apart = (index: number) =>
      within(index) && open.every((joint) => joint.index !== index && !graph.isAncestor(joint.index, index));
    const signers = record.content?.kind === 'joint' ? record.content.signers : [];
    verdicts.set(first.index, isMajority(graph, signers, ancestors, holdingBy(graph, apart, verdicts)));
    open = open.filter((joint) => joint !== first);
  }
  return verdicts;
}

function firstJoint(graph: RecordGraph, open: readonly RecordNode[]): RecordNode {
  const ready = open.filter(({ ancestors }) => open.every(({ index }) => !hasBit(ancestors, index)));
  const [first, ...others] = ready as [RecordNode, ...RecordNode[]];
  return others.reduce((best, node) => {
    const more = supportOf(graph, node) - supportOf(graph, best);
    return more > 0 || (more === 0 && compareRank(node, best) < 0) ? node : best;
  }, first);
}

/** By ancestry alone, so it never changes. */
const support = new WeakMap<RecordNode, number>();

/** Members among the signers of a joint record, by its ancestry. */
function supportOf(graph: RecordGraph, node: RecordNode): number {
  let count = support.get(node);
  if (count === undefined) {
    const { ancestors, record } = node;
    const signers = record.content?.kind === 'joint' ? record.content.signers : [];
    const holds = holding(graph, (index) => hasBit(ancestors, index));
    count = signers.filter((peerId) => standingOf(graph, peerId, holds) !== undefined).length;
    support.set(node, count);
  }
  return count;
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
    private readonly joints: ReadonlyMap<number, boolean>,
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
    if (!this.isSupported(node)) return VOID;
    return node.attackers.every((attacker) => this.of(attacker) === VOID) ? HOLDS : UNDECIDED;
  }

  private isSupported(node: RecordNode): boolean {
    const { record, index } = node;
    if (record.content?.kind === 'joint') return this.joints.get(index) === true;
    return isSupported(this.graph, record, (other) => this.holdsBefore(node, other));
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
  const role = standingOf(graph, author, holds)?.role;
  return content ? role === 'owner' : role !== undefined;
}

/**
 * Whether these are more than half of all who belong, before or meanwhile. One who was removed meanwhile does not count
 * among them.
 * @param ancestors of their joint record
 * @param holds by all that does not know of it
 */
function isMajority(graph: RecordGraph, signers: readonly string[], ancestors: Uint32Array, holds: Holds): boolean {
  const wasMember = (peerId: string) =>
    standingOf(graph, peerId, (index) => hasBit(ancestors, index) && holds(index)) !== undefined;
  const wasRemoved = (peerId: string) =>
    graph.removalsOf(peerId).some(({ index }) => !hasBit(ancestors, index) && holds(index));
  const count = signers.filter((peerId) => wasMember(peerId) && !wasRemoved(peerId)).length;
  const all = [...graph.everAdmitted()].filter((peerId) => wasMember(peerId) || standingOf(graph, peerId, holds));
  return count * 2 > all.length;
}

function roleGivenBy({ record: { content } }: RecordNode): MemberRole {
  return content?.kind === 'admission' ? content.role : 'owner';
}
