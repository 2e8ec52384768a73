import type { PeerState } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { DfsError, isDfsError, Listeners, type Clock, type Log, type Unsubscribe } from '@dfs/runtime';
import {
  membershipIdOf,
  membershipKindOf,
  readMembershipRecord,
  signMembershipRecord,
  type MembershipContent,
  type MembershipRecord,
  type NetworkSettings,
  type Signer,
} from '@dfs/protocol';
import { addValid, type Received } from './add-valid.js';
import { insertRecords, loadMembership, loadMustSync, replaceMembership, storeMustSync } from './membership-store.js';
import { cleanName } from '../clean-name.js';
import {
  foreignMemory,
  found,
  lostView,
  notBackYet,
  sameRoster,
  viewOf,
  type MembershipOptions,
  type View,
} from './membership-view.js';
import type { Place } from './network-file.js';
import { parentsIn } from './record-parents.js';
import { RecordGraph } from './record-graph.js';
import { rosterOf, type FormerMember, type Member, type Roster } from './roster.js';

/** The parts that a Membership is made of. */
export interface MembershipComponents {
  db: Database;
  events: EventLog;
  signer: Signer;
  clock: Clock;
  log: Log;
}

/** Settings as the rest of the engine reads them. */
export type MembershipSettings = Omit<NetworkSettings, 'networkName'>;

/** @param from who sent them; undefined for records by this node */
export type RecordsListener = (records: readonly MembershipRecord[], from: string | undefined) => void;

/** Acts within one unit of work. @throws DfsError `not-ready` for all but `replace` while the node `isReturning` */
export interface MembershipUnit {
  readonly tx: Tx;
  /** The roster as this unit has made it so far. */
  roster(): Roster;
  graph(): RecordGraph;
  /** Signs and stores a record by this node. @throws DfsError `not-an-owner` */
  write(content: MembershipContent): Promise<MembershipRecord>;
  /**
   * Puts another network's records in place of these.
   * @param mustSync this node was a member there before: it compares with a member before it writes
   */
  replace(records: readonly MembershipRecord[], mustSync?: boolean): Promise<void>;
}

/** The network this node belongs to, by its signed records. Reads answer from memory, as of the last commit. */
export class Membership {
  private readonly changed: Listeners<[]>;
  private readonly recorded: Listeners<Parameters<RecordsListener>>;

  private constructor(
    private readonly components: MembershipComponents,
    private readonly selfId: string,
    private view: View,
    private needsSync: boolean,
    /** Members that a node which lost its database remembers. */
    readonly remembered: readonly Place[] = [],
  ) {
    this.changed = new Listeners(components.log);
    this.recorded = new Listeners(components.log);
  }

  /**
   * Loads what is stored. At the first start it founds a network of one; a node that remembers a network with other
   * members founds none, and is `isReturning`.
   * @throws DfsError `not-ready` when what it remembers is of another node
   */
  static async open(components: MembershipComponents, options: MembershipOptions): Promise<Membership> {
    const { db, signer, clock } = components;
    const { remembered, mustSync = false } = options;
    const isLost = remembered !== undefined && remembered.members.length > 0;
    const { records, needsSync } = await db.write(async (tx) => {
      const stored = await loadMembership(tx);
      if (stored) {
        if (mustSync) await storeMustSync(tx, true);
        return { records: stored.map(readMembershipRecord), needsSync: await loadMustSync(tx) };
      }
      if (isLost) return { records: [], needsSync: true };
      const founding = found(signer, clock, options);
      await replaceMembership(tx, [founding], false);
      return { records: [founding], needsSync: false };
    });
    const [first] = records;
    if (first === undefined && remembered) {
      if (remembered.peerId !== signer.peerId) throw foreignMemory(remembered.peerId);
      return new Membership(components, signer.peerId, lostView(remembered, options), true, remembered.members);
    }
    const graph = new RecordGraph();
    for (const record of records) graph.add(record);
    return new Membership(components, signer.peerId, viewOf(graph), needsSync);
  }

  /** Whether this node lost its database, and does not have the membership of its network yet. */
  get isReturning(): boolean {
    return this.view.size === 0;
  }

  /** Whether this node may have written what it does not know of any more: it compares with a member before it writes. */
  get mustSync(): boolean {
    return this.needsSync;
  }

  /** This node has what a member had of the catalogue. */
  async synced(): Promise<void> {
    if (!this.needsSync || this.isReturning) return;
    this.needsSync = false;
    await this.components.db.write((tx) => storeMustSync(tx, false));
  }

  /** 64 hex digits. */
  get networkId(): string {
    return this.view.networkId;
  }

  get networkName(): string {
    return this.view.roster.settings.networkName;
  }

  settings(): MembershipSettings {
    return this.view.roster.settings;
  }

  /** This node. Once it was removed, as one that may not write. */
  self(): Member {
    return this.member(this.selfId) ?? { peerId: this.selfId, role: 'storage', admittedAt: 0, name: '' };
  }

  /** Whether there ever was another member of this network, as far as its records tell; also while this node comes back to one. */
  get hasHadOthers(): boolean {
    const { members, former } = this.view.roster;
    return members.size + former.size > 1 || this.isReturning;
  }

  /** Whether this node was removed from its network. */
  get isRemoved(): boolean {
    return !this.isReturning && !this.isMember(this.selfId);
  }

  member(peerId: string): Member | undefined {
    return this.view.roster.members.get(peerId);
  }

  members(): Member[] {
    return [...this.view.roster.members.values()];
  }

  isMember(peerId: string): boolean {
    return this.view.roster.members.has(peerId);
  }

  /** One who was removed, with what stays valid of its records. */
  removed(peerId: string): FormerMember | undefined {
    return this.view.roster.former.get(peerId);
  }

  formerMembers(): FormerMember[] {
    return [...this.view.roster.former.values()];
  }

  /** After a commit that changed members, roles, settings or the network. */
  onChange(fn: () => void): Unsubscribe {
    return this.changed.add(fn);
  }

  /** After a commit that stored new records of this network; before `onChange`. */
  onRecords(fn: RecordsListener): Unsubscribe {
    return this.recorded.add(fn);
  }

  /** 32 bytes: equal on two nodes exactly when they have the same records. */
  fingerprint(): Uint8Array {
    return this.view.fingerprint;
  }

  heads(): string[] {
    return this.view.graph.heads(this.view.size);
  }

  /** Ids by which a peer can tell what is missing here. */
  sample(): string[] {
    return this.view.graph.sample(this.view.size);
  }

  /** The parents of a record that is written now. */
  parents(): string[] {
    return parentsIn(this.view.graph, this.view.roster, this.view.size);
  }

  /** The records that somebody with `known` and all their ancestors lacks; parents first. */
  missingFrom(known: readonly string[]): MembershipRecord[] {
    return this.view.graph.missingFrom(known, this.view.size);
  }

  /** The records that prove its removal to one with `known`, and no more; parents first. */
  removalOf(peerId: string, known: readonly string[]): MembershipRecord[] {
    return this.view.graph.removalOf(peerId, known, this.view.size);
  }

  /** The records that void the removals of this node, for one with `known`; parents first. */
  defence(known: readonly string[]): MembershipRecord[] {
    return this.view.graph.defenceOf(this.selfId, known, this.view.size);
  }

  /** Owners alone. @throws DfsError `not-an-owner` */
  async changeSettings(patch: Partial<NetworkSettings>): Promise<void> {
    await this.unit(async (unit) => {
      const { settings } = unit.roster();
      const networkName = cleanName(patch.networkName ?? '') || settings.networkName;
      await unit.write({ kind: 'settings', settings: { ...settings, ...patch, networkName } });
    });
  }

  /** Stores what is new and valid of these envelopes, in any order. @param from who sent them */
  async receive(envelopes: readonly Uint8Array[], from?: string): Promise<Received> {
    if (this.isReturning) throw notBackYet();
    const { records, refused } = this.read(envelopes);
    if (records.length === 0) return { added: [], orphans: 0, refused };
    return this.transact(async (tx, graph) => {
      const result = addValid(graph(), records);
      await insertRecords(tx, result.added);
      return { ...result, refused: refused + result.refused };
    }, from);
  }

  /**
   * Takes from one who was removed what undoes that: all of it if it is a member by it, otherwise nothing.
   * @throws DfsError `forbidden` when it is none by it, or it is of a kind that cannot undo a removal
   */
  async reinstate(envelopes: readonly Uint8Array[], from: string): Promise<void> {
    const refused = (): DfsError => new DfsError('forbidden', 'Those records do not undo the removal of their sender.');
    const kinds: (string | undefined)[] = ['admission', 'removal', 'settings'];
    // Before a signature is verified: of a joint record there are hundreds.
    const news = envelopes.filter((bytes) => !this.view.graph.has(membershipIdOf(bytes)));
    if (!news.every((bytes) => kinds.includes(membershipKindOf(bytes)))) throw refused();
    const { records, refused: invalid } = this.read(news);
    if (invalid > 0) throw refused();
    await this.transact(async (tx, graph) => {
      const result = addValid(graph(), records);
      if (result.refused > 0 || result.orphans > 0 || !rosterOf(graph()).members.has(from)) throw refused();
      await insertRecords(tx, result.added);
    }, from);
  }

  /** This node's signature over a statement that says what it is. */
  sign(bytes: Uint8Array): Uint8Array {
    return this.components.signer.sign(bytes);
  }

  /** One unit of work in which records may be written, with whatever else the caller stores. */
  unit<T>(work: (unit: MembershipUnit) => Promise<T>): Promise<T> {
    const { signer, clock } = this.components;
    return this.transact((tx, graph, setGraph) =>
      work({
        tx,
        graph,
        roster: () => {
          if (graph().size === 0) throw notBackYet();
          return rosterOf(graph());
        },
        write: async (content) => {
          const known = graph();
          if (known.size === 0) throw notBackYet();
          const roster = rosterOf(known);
          if (roster.members.get(signer.peerId)?.role !== 'owner') throw notAnOwner();
          const { networkId } = known.node(0).record;
          const parents = parentsIn(known, roster);
          const record = signMembershipRecord({ networkId, time: clock.now(), parents, content }, signer);
          known.add(record);
          await insertRecords(tx, [record]);
          return record;
        },
        replace: async (records, mustSync = false) => {
          await replaceMembership(tx, records, mustSync);
          const other = new RecordGraph();
          for (const record of records) other.add(record);
          setGraph(other);
          tx.afterCommit(() => (this.needsSync = mustSync));
        },
      }),
    );
  }

  private read(envelopes: readonly Uint8Array[]): { records: MembershipRecord[]; refused: number } {
    const records: MembershipRecord[] = [];
    let refused = 0;
    for (const bytes of envelopes) {
      try {
        // Gossip brings most records more than once: those need no signature verified.
        if (this.view.graph.has(membershipIdOf(bytes))) continue;
        const record = readMembershipRecord(bytes);
        if (record.networkId === this.networkId) records.push(record);
        else refused++;
      } catch (error) {
        if (!isDfsError(error)) throw error;
        refused++;
      }
    }
    return { records, refused };
  }

  /** The graph is changed in place within the unit, and set back should the unit or its commit fail. */
  private async transact<T>(
    work: (tx: Tx, graph: () => RecordGraph, setGraph: (graph: RecordGraph) => void) => Promise<T>,
    from?: string,
  ): Promise<T> {
    let before: View | undefined;
    try {
      return await this.components.db.write(async (tx) => {
        before = this.view;
        let { graph } = before;
        const result = await work(
          tx,
          () => graph,
          (other) => (graph = other),
        );
        await this.settle(tx, before, graph, from);
        return result;
      });
    } catch (error) {
      if (before && before.graph.size > before.size) {
        this.view = { ...before, graph: before.graph.truncated(before.size) };
      }
      throw error;
    }
  }

  private async settle(tx: Tx, before: View, graph: RecordGraph, from?: string): Promise<void> {
    if (graph === before.graph && graph.size === before.size) return;
    const after = viewOf(graph, graph === before.graph ? before : undefined);
    const changed = !sameRoster(before, after);
    if (changed) await this.recordEvents(tx, before.roster, after.roster);
    const added = graph === before.graph ? graph.nodes.slice(before.size) : [];
    const records = added.map(({ record }) => record);
    tx.afterCommit(() => {
      this.view = after;
      if (records.length > 0) this.recorded.tell(records, from);
      if (changed) this.changed.tell();
    });
  }

  private async recordEvents(tx: Tx, before: Roster, after: Roster): Promise<void> {
    const peer = ({ peerId, name, role }: Member) => ({
      peer: { peerId, name, role, state: 'disconnected' satisfies PeerState as PeerState },
    });
    for (const member of after.members.values()) {
      if (member.peerId === this.selfId || before.members.has(member.peerId)) continue;
      await this.components.events.record(tx, 'peer.added', peer(member));
    }
    for (const member of before.members.values()) {
      if (member.peerId === this.selfId || after.members.has(member.peerId)) continue;
      await this.components.events.record(tx, 'peer.removed', peer(member));
    }
  }
}

function notAnOwner(): DfsError {
  return new DfsError('not-an-owner', 'Only an owner of the network may do that: ask one of them.');
}
