import { DfsError } from '@dfs/runtime';
import { MAX_KNOWN_RECORDS, type MembershipRecord } from '@dfs/protocol';

/** One record in its place among the others. */
export interface RecordNode {
  readonly record: MembershipRecord;
  /** Place in the order of arrival: parents come before children. */
  readonly index: number;
  /** Bit i: the record with index i is an ancestor. */
  readonly ancestors: Uint32Array;
  /** Its author's time, raised above that of its parents: an order of all records that respects ancestry. */
  readonly stamp: number;
  /** Records that make this one void if they hold themselves. See `verdicts.ts`. */
  readonly attackers: number[];
  /** Of a joint record: those that give or take membership, and neither know of it nor are known to it. */
  readonly meanwhile: number[];
}

/** Lower comes earlier. The same on every node, whatever arrived first, and extends ancestry to an order of all. */
export function compareRank(a: RecordNode, b: RecordNode): number {
  return a.stamp - b.stamp || (a.record.id < b.record.id ? -1 : a.record.id > b.record.id ? 1 : 0);
}

/**
 * Membership records as a graph by their parents. Every record that is in it has all its ancestors in it too, so its
 * heads say what the whole of it is.
 */
export class RecordGraph {
  readonly nodes: RecordNode[] = [];
  private readonly indexes = new Map<string, number>();
  private readonly childless = new Set<number>();
  private readonly admissions = new Map<string, RecordNode[]>();
  private readonly removals = new Map<string, RecordNode[]>();
  private readonly authored = new Map<string, RecordNode[]>();
  private readonly settingsRecords: RecordNode[] = [];
  private readonly attacked = new Set<RecordNode>();
  private readonly jointRecords: RecordNode[] = [];

  get size(): number {
    return this.nodes.length;
  }

  /** Whether any record may be void by another, both of them `within`. While none may, all of them hold. */
  isContested(within: (index: number) => boolean): boolean {
    for (const { index, attackers } of this.attacked) if (within(index) && attackers.some(within)) return true;
    return this.jointRecords.some(({ index, meanwhile }) => within(index) && meanwhile.some(within));
  }

  joints(): readonly RecordNode[] {
    return this.jointRecords;
  }

  has(id: string): boolean {
    return this.indexes.has(id);
  }

  node(index: number): RecordNode {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`no record ${index}`);
    return node;
  }

  /** Whether `a` is an ancestor of `b`. */
  isAncestor(a: number, b: number): boolean {
    return hasBit(this.node(b).ancestors, a);
  }

  /** Records that give `peerId` a role: founding, admission, joint. */
  admissionsOf(peerId: string): readonly RecordNode[] {
    return this.admissions.get(peerId) ?? [];
  }

  removalsOf(peerId: string): readonly RecordNode[] {
    return this.removals.get(peerId) ?? [];
  }

  recordsBy(author: string): readonly RecordNode[] {
    return this.authored.get(author) ?? [];
  }

  /** Records that say what holds for the whole network: founding, settings. */
  settingsNodes(): readonly RecordNode[] {
    return this.settingsRecords;
  }

  /** Everyone who was ever given a role. */
  everAdmitted(): IterableIterator<string> {
    return this.admissions.keys();
  }

  /** Ids of the records that nobody links as a parent, in order of their ids, among the first `size` records. */
  heads(size = this.size): string[] {
    if (size === this.size) return [...this.childless].map((index) => this.node(index).record.id).sort();
    const parents = new Set(this.nodes.slice(0, size).flatMap(({ record }) => record.parents));
    const ids = this.nodes.slice(0, size).map(({ record }) => record.id);
    return ids.filter((id) => !parents.has(id)).sort();
  }

  /** The ancestors that a record with these parents has; undefined when one of them is not here. */
  ancestryOf(parents: readonly string[]): Uint32Array | undefined {
    const bits = new Uint32Array((this.size >>> 5) + 1);
    for (const parent of parents) {
      const index = this.indexes.get(parent);
      if (index === undefined) return undefined;
      this.node(index).ancestors.forEach((word, at) => (bits[at] = (bits[at] ?? 0) | word));
      setBit(bits, index);
    }
    return bits;
  }

  /** @throws DfsError `bad-request` when a parent is not here. */
  add(record: MembershipRecord): RecordNode {
    const ancestors = this.ancestryOf(record.parents);
    if (!ancestors) throw new DfsError('bad-request', 'A parent of that membership record is not known.');
    let stamp = record.time;
    for (const parent of record.parents) {
      const index = this.indexes.get(parent) as number;
      stamp = Math.max(stamp, this.node(index).stamp + 1);
      this.childless.delete(index);
    }
    const node: RecordNode = { record, index: this.size, ancestors, stamp, attackers: [], meanwhile: [] };
    this.nodes.push(node);
    this.indexes.set(record.id, node.index);
    this.childless.add(node.index);
    this.index(node);
    return node;
  }

  /** The records that are `linked` and of which no descendant is, the latest first. */
  headsOf(linked: (node: RecordNode) => boolean, size = this.size): RecordNode[] {
    const covered = new Uint32Array((size >>> 5) + 1);
    const heads: RecordNode[] = [];
    for (const node of this.nodes.slice(0, size).reverse()) {
      if (hasBit(covered, node.index) || !linked(node)) continue;
      heads.push(node);
      node.ancestors.forEach((word, at) => (covered[at] = (covered[at] ?? 0) | word));
    }
    return heads.sort((a, b) => compareRank(b, a));
  }

  /**
   * Ids from which a peer can tell what is missing here: the heads, then ever sparser into the past. Never more than a
   * message takes; of more heads than that the last to come, and a peer may send again what descends to the others.
   */
  sample(size = this.size): string[] {
    const past: string[] = [];
    for (let back = 1; back < size; back *= 2) past.push(this.node(size - 1 - back).record.id);
    const heads = this.heads(size);
    const room = MAX_KNOWN_RECORDS - past.length;
    const index = (id: string) => this.indexes.get(id) ?? 0;
    const latest = heads.length > room ? heads.sort((a, b) => index(b) - index(a)).slice(0, room) : heads;
    return [...new Set([...latest, ...past])];
  }

  /** The records that somebody with `known` and all their ancestors does not have; parents first. */
  missingFrom(known: readonly string[], size = this.size): MembershipRecord[] {
    const had = this.ancestryOf(known.filter((id) => this.has(id))) ?? new Uint32Array(0);
    return this.nodes.slice(0, size).flatMap((node) => (hasBit(had, node.index) ? [] : [node.record]));
  }

  /**
   * Proves that `peerId` was removed: its removals, with what one who has `known` lacks of their ancestors; parents first.
   * Of one that nobody removed: what makes its admissions void.
   */
  removalOf(peerId: string, known: readonly string[], size = this.size): MembershipRecord[] {
    const had = this.ancestryOf(known.filter((id) => this.has(id))) ?? new Uint32Array(0);
    const removals = this.removalsOf(peerId).filter(({ index }) => index < size);
    const told = removals.length > 0 ? removals : this.contestants(this.admissionsOf(peerId), size);
    const proof = this.ancestryOf(told.map(({ record }) => record.id)) ?? new Uint32Array(0);
    return this.nodes.flatMap(({ index, record }) => (hasBit(proof, index) && !hasBit(had, index) ? [record] : []));
  }

  /**
   * The records that stand against the removals of `peerId`, with those of their ancestors that one with `known` lacks;
   * parents first.
   */
  defenceOf(peerId: string, known: readonly string[], size = this.size): MembershipRecord[] {
    const had = this.ancestryOf(known.filter((id) => this.has(id))) ?? new Uint32Array(0);
    const against = this.removalsOf(peerId).flatMap(({ attackers }) => attackers.filter((index) => index < size));
    const proof = this.ancestryOf(against.map((index) => this.node(index).record.id)) ?? new Uint32Array(0);
    return this.nodes.flatMap(({ index, record }) => (hasBit(proof, index) && !hasBit(had, index) ? [record] : []));
  }

  /** Records on which a verdict over these depends: they, what stands against them and their ancestors, and so on. */
  private contestants(nodes: readonly RecordNode[], size: number): RecordNode[] {
    const found = new Set<RecordNode>();
    const next = [...nodes];
    for (let node = next.pop(); node; node = next.pop()) {
      if (node.index >= size || found.has(node)) continue;
      found.add(node);
      for (const attacker of node.attackers) next.push(this.node(attacker));
      for (const parent of node.record.parents) next.push(this.node(this.indexes.get(parent) as number));
    }
    return [...found];
  }

  /** The same graph without what was added after it had `size` records. */
  truncated(size: number): RecordGraph {
    const graph = new RecordGraph();
    for (const { record } of this.nodes.slice(0, size)) graph.add(record);
    return graph;
  }

  private index(node: RecordNode): void {
    const { author, content } = node.record;
    if (content?.kind === 'founding') push(this.admissions, author, node);
    if (content?.kind === 'founding' || content?.kind === 'settings') this.settingsRecords.push(node);
    if (content?.kind === 'admission' || content?.kind === 'joint') push(this.admissions, content.member, node);
    if (content?.kind === 'removal') {
      push(this.removals, content.member, node);
      for (const act of this.recordsBy(content.member)) this.attack(node, act);
    }
    for (const removal of this.removalsOf(author)) this.attack(removal, node);
    if (content?.kind === 'admission' && content.invite !== null) this.contestInvite(node, content.invite);
    for (const joint of this.jointRecords) noteMeanwhile(joint, node);
    if (content?.kind === 'joint') {
      for (const earlier of this.nodes) noteMeanwhile(node, earlier);
      this.jointRecords.push(node);
    }
    push(this.authored, author, node);
  }

  /**
   * A removal stands against all that the removed one did without knowing of it and its author without knowing of that.
   * A joint record is the act of many: a removal of one of them lessens their number. See `verdicts.ts`.
   */
  private attack(removal: RecordNode, act: RecordNode): void {
    if (removal === act || act.record.content?.kind === 'joint') return;
    if (hasBit(removal.ancestors, act.index) || hasBit(act.ancestors, removal.index)) return;
    act.attackers.push(removal.index);
    this.attacked.add(act);
  }

  /** One admission for each invite of an owner: the earlier stands against the later. */
  private contestInvite(node: RecordNode, invite: string): void {
    for (const other of this.recordsBy(node.record.author)) {
      const { content } = other.record;
      if (content?.kind !== 'admission' || content.invite !== invite) continue;
      const [earlier, later] = compareRank(node, other) < 0 ? [node, other] : [other, node];
      later.attackers.push(earlier.index);
      this.attacked.add(later);
    }
  }
}

/** Whether bit `index` is set; bits beyond the end are not. */
export function hasBit(bits: Uint32Array, index: number): boolean {
  return (((bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

function noteMeanwhile(joint: RecordNode, other: RecordNode): void {
  const { content } = other.record;
  if (joint === other || !content || !('member' in content)) return;
  if (!hasBit(joint.ancestors, other.index) && !hasBit(other.ancestors, joint.index)) joint.meanwhile.push(other.index);
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
