import type { PeerEvent } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { nodeSection, STATUS_PROTOCOL, type MembershipRecord, type StatusMessage, type WireValue } from '@dfs/protocol';
import { Listeners, type Clock, type Log, type SleepWatch, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { absentSlice } from './absent-slice.js';
import { AddressBook } from '../dialling/address-book.js';
import { ClockWatch } from './clock-watch.js';
import { MAX_FOUND_STRANGERS, MAX_HEARTBEAT_PERIOD, STATUS_IDLE } from '../constants.js';
import { Dialer } from '../dialling/dialer.js';
import { RemovalNotice } from '../removed/removal-notice.js';
import { Liveness } from './liveness.js';
import { nextEpoch, raiseEpoch } from '../membership/membership-store.js';
import type { Membership } from '../membership/membership.js';
import { cleanName } from '../clean-name.js';
import { neighboursOf } from './ring-neighbours.js';
import { PeerEvents } from './peer-events.js';
import { storageSection } from './peer-info.js';
import { FormerMembers } from '../removed/former-members.js';
import { RemovalCheck } from '../removed/removal-check.js';
import { Sections } from '../status/status-sections.js';
import { RunWatch } from './run-watch.js';
import type { Session } from './session.js';
import { TellingPace } from './telling-pace.js';
import { Sessions } from './sessions.js';

/** The parts by which members find, hear and lose each other. */
export interface PresenceComponents {
  db: Database;
  events: EventLog;
  transport: Transport;
  membership: Membership;
  clock: Clock;
  /** Started and stopped by who made it. */
  sleep: SleepWatch;
  log: Log;
}

/** The section of a status in which a node says who it is. */
const NODE_SECTION = 'node';

/** Presence of members: keeps connected to all of them, exchanges status with them, and tells who comes and goes. */
export class Presence {
  readonly book: AddressBook;
  readonly liveness: Liveness;
  readonly clocks: ClockWatch;
  readonly runs: RunWatch;
  readonly sections: Sections;
  readonly sessions: Sessions;
  readonly farewell: RemovalNotice;
  readonly returning: FormerMembers;
  readonly ready: Listeners<[string]>;
  readonly gone: Listeners<[string]>;
  readonly changed: Listeners<[]>;
  private readonly statusListeners = new Map<string, Listeners<[string, WireValue]>>();
  private readonly dialer: Dialer;
  private readonly secondOpinion: RemovalCheck;
  private readonly told: PeerEvents;
  /** Nodes that were found on the local network and are no members: one may be about to invite this one. */
  private readonly found = new Map<string, string[]>();
  private readonly unsubscribe: Unsubscribe[] = [];
  private networkId: string;
  private neighbours: ReadonlySet<string> = new Set();
  private counted = '';
  /** Members that others are asked about; worked out anew at each heartbeat, and when somebody comes or goes. */
  private absent: readonly string[] | undefined;
  private changePending = false;
  private readonly pace: TellingPace;

  constructor(
    private readonly components: PresenceComponents,
    private readonly self: { name: string; version: string },
  ) {
    const { db, events, transport, membership, clock, sleep, log } = components;
    this.networkId = membership.networkId;
    this.sections = new Sections(log);
    this.ready = new Listeners(log);
    this.gone = new Listeners(log);
    this.changed = new Listeners(log);
    this.farewell = new RemovalNotice(transport);
    this.returning = new FormerMembers({ transport, membership, log });
    this.book = new AddressBook({ db, clock, log });
    const addressesOf = (peerId: string) => this.addressesOf(peerId);
    this.dialer = new Dialer({ transport, log, addressesOf, others: () => this.others() });
    this.liveness = new Liveness({
      clock,
      sleep,
      self: transport.peerId,
      graceMs: () => membership.settings().graceMs,
      lastSeenBefore: (peerId) => this.book.lastSeen(peerId),
      networkId: () => membership.networkId,
      sign: (bytes) => membership.sign(bytes),
    });
    this.clocks = new ClockWatch({
      clock,
      sleep,
      isMember: (peerId) => membership.isMember(peerId),
      moved: () => this.nudge(),
    });
    this.runs = new RunWatch({
      isMember: (peerId) => membership.isMember(peerId),
      periodMs: () => this.heartbeatPeriod(),
    });
    const runsOf = (peerId: string) => this.runs.runsOf(peerId);
    const { liveness, sections } = this;
    const missing = () => this.missing();
    const listensFor = (section: string) =>
      section === storageSection.name || sections.has(section) || this.statusListeners.has(section);
    const unheard = (peerId: string, signal: AbortSignal) => this.returning.ask(peerId, signal);
    this.sessions = new Sessions(
      { transport, membership, liveness, sections, clock, log, addressesOf, listensFor, runsOf, missing, unheard },
      {
        ready: (peerId) => this.becameReady(peerId),
        ended: (peerId, wasReady) => this.ended(peerId, wasReady),
        heard: (session, status) => this.heard(session, status),
        outrun: (heard) => this.outrun(heard),
      },
    );
    const periodMs = () => this.heartbeatPeriod();
    this.secondOpinion = new RemovalCheck({ transport, membership, log, addressesOf, periodMs, ask: unheard });
    this.told = new PeerEvents({ db, events, log, describe: (peerId) => this.describe(peerId) });
    this.pace = new TellingPace({
      ...{ periodMs, log },
      beat: (period) => this.beat(period),
      tellAll: () => this.sessions.tellAll(),
    });
    sections.contribute(NODE_SECTION, () => {
      const addresses = transport.addresses().slice(0, 16);
      return nodeSection.form({ name: this.name, version: self.version, addresses }) as WireValue;
    });
    transport.handle(STATUS_PROTOCOL, (channel) => this.sessions.answer(channel), { idleMs: STATUS_IDLE });
  }

  /** To be called once the gate is set. */
  async start(): Promise<void> {
    const { db, transport, membership } = this.components;
    await this.book.load();
    this.liveness.start(await nextEpoch(db));
    this.sessions.start();
    this.pace.start();
    this.unsubscribe.push(
      membership.onRecords((records, from) => this.recordsCame(records, from)),
      membership.onChange(() => this.membershipChanged()),
      transport.onConnect((peerId) => this.connectedTo(peerId)),
      transport.onDisconnect((peerId) => this.disconnectedFrom(peerId)),
      transport.onAddresses(() => this.nudge()),
      transport.onDiscovery((peerId, addresses) => this.discovered(peerId, addresses)),
    );
    this.counted = this.whoCounts();
    this.meetAll();
    this.dialer.start();
    this.secondOpinion.start();
  }

  /** Ends all that is under way; connections are the transport's to close. */
  async stop(): Promise<void> {
    await this.pace.stop();
    for (const off of this.unsubscribe.splice(0)) off();
    for (const peerId of this.sessions.ready()) this.rememberSeen(peerId);
    await this.secondOpinion.stop();
    await this.told.stop();
    this.sessions.stop();
    await this.dialer.stop();
    await this.book.stop();
  }

  /** Recurring work in the background. */
  work(): WorkStatus[] {
    const parts = [this.told, this.book, this.secondOpinion, this.dialer].map((part) => part.work());
    return [...this.pace.work(), ...parts];
  }

  get name(): string {
    return this.self.name;
  }

  rename(name: string): void {
    this.self.name = cleanName(name) || this.self.name;
    this.nudge();
    this.noteChange();
  }

  nameOf(peerId: string): string | undefined {
    if (peerId === this.components.transport.peerId) return this.name;
    const { membership } = this.components;
    const admitted = membership.member(peerId) ?? membership.removed(peerId);
    return this.book.nameOf(peerId) ?? (admitted?.name || undefined);
  }

  /** Where a member can be dialled. */
  addressesOf(peerId: string): string[] {
    const { transport } = this.components;
    return peerId === transport.peerId ? transport.addresses() : this.book.addressesOf(peerId);
  }

  /** Where a node that is no member was found on the local network. */
  foundAt(peerId: string): string[] {
    return this.found.get(peerId) ?? [];
  }

  /** There is reason to believe that the member can be reached now. */
  dialSoon(peerId: string): void {
    this.dialer.soon(peerId);
  }

  isConnecting(peerId: string): boolean {
    return this.sessions.of(peerId)?.ready === false || this.dialer.isDialing(peerId);
  }

  contribute(section: string, value: () => WireValue): void {
    this.sections.contribute(section, value);
  }

  onStatus(section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe {
    let listeners = this.statusListeners.get(section);
    if (!listeners) this.statusListeners.set(section, (listeners = new Listeners(this.components.log)));
    return listeners.add(fn);
  }

  /** Sends this node's status to all soon. */
  nudge(): void {
    this.pace.nudge();
  }

  /** Members to be connected to. */
  private others(): string[] {
    const { membership, transport } = this.components;
    if (membership.isRemoved) return [];
    return membership.members().flatMap(({ peerId }) => (peerId === transport.peerId ? [] : [peerId]));
  }

  private missing(): readonly string[] {
    this.absent ??= absentSlice(
      this.others().filter((peerId) => this.sessions.of(peerId) === undefined),
      (peerId) => this.liveness.inGrace(peerId),
      this.liveness.current,
    );
    return this.absent;
  }

  private heartbeatPeriod(): number {
    const { syncPeriodMs, graceMs } = this.components.membership.settings();
    return Math.min(syncPeriodMs, graceMs / 3, MAX_HEARTBEAT_PERIOD);
  }

  private beat(periodMs: number): void {
    this.liveness.tick();
    this.absent = undefined;
    this.sessions.heartbeat(periodMs);
    this.dialer.refresh();
    if (this.counted !== (this.counted = this.whoCounts())) this.noteChange();
  }

  private whoCounts(): string {
    return this.others()
      .filter((peerId) => this.liveness.inGrace(peerId))
      .join();
  }

  private connectedTo(peerId: string): void {
    const { membership } = this.components;
    if (!membership.isMember(peerId) || membership.isRemoved) return;
    this.sessions.begin(peerId);
    this.absent = undefined;
    this.watchNeighbours();
  }

  private disconnectedFrom(peerId: string): void {
    if (this.sessions.of(peerId)) this.sessions.end(peerId);
    else this.dialer.lost(peerId, false);
  }

  /** Begins a session with every member that is connected. */
  private meetAll(): void {
    for (const { peerId } of this.components.transport.connections()) this.connectedTo(peerId);
  }

  private discovered(peerId: string, addresses: string[]): void {
    if (this.components.membership.isMember(peerId)) {
      this.book.learn(peerId, addresses, 'found');
      this.dialer.soon(peerId);
      return;
    }
    this.found.delete(peerId);
    this.found.set(peerId, addresses.slice(0, 8));
    const [oldest] = this.found.keys();
    if (this.found.size > MAX_FOUND_STRANGERS && oldest !== undefined) this.found.delete(oldest);
  }

  private becameReady(peerId: string): void {
    this.told.connected(peerId);
    this.ready.tell(peerId);
    this.deliver(this.sessions.of(peerId));
    this.noteChange();
  }

  /** Each watches its neighbours: one that finds them gone tells the others, who then look for themselves. */
  private watchNeighbours(): void {
    const { transport } = this.components;
    this.neighbours = neighboursOf(transport.peerId, this.sessions.all());
    transport.watch(this.neighbours);
  }

  private ended(peerId: string, wasReady: boolean): void {
    this.dialer.lost(peerId, wasReady);
    this.absent = undefined;
    const isNeighbour = this.neighbours.has(peerId);
    this.watchNeighbours();
    if (!wasReady) return;
    if (isNeighbour) this.lostNeighbour();
    this.rememberSeen(peerId);
    this.told.disconnected(peerId);
    this.gone.tell(peerId);
    this.noteChange();
  }

  /** The others are told; and who is next on the ring may have gone with it, as when a room loses its power. */
  private lostNeighbour(): void {
    this.nudge();
    for (const peerId of this.sessions.all()) this.components.transport.probe(peerId);
  }

  private rememberSeen(peerId: string): void {
    const at = this.liveness.lastSeen(peerId);
    if (at !== undefined && this.components.membership.isMember(peerId)) this.book.seen(peerId, at);
  }

  private heard(session: Session, status: StatusMessage): void {
    const { peerId } = session;
    const { membership, transport } = this.components;
    this.clocks.heard(peerId, status.time);
    this.runs.heard(peerId, status.boot);
    this.runs.toldBy(peerId, status.runs, this.sessions.run);
    for (const [at, { peerId: other, beat, addresses }] of status.relayed.entries()) {
      if (other === transport.peerId || !membership.isMember(other)) continue;
      const proof = status.proofs[at];
      const isNews = proof !== undefined && this.liveness.relayed(other, { beat, proof });
      const isNew = this.book.learn(other, addresses, 'relayed');
      if ((isNews || isNew) && !this.sessions.of(other)) this.dialer.soon(other);
    }
    for (const other of status.missing) if (this.sessions.of(other)) transport.probe(other);
    const told = status.sections.find(({ name }) => name === NODE_SECTION);
    if (told) {
      const { name, addresses } = nodeSection.parse(told.value, NODE_SECTION);
      this.book.rename(peerId, cleanName(name));
      this.book.learn(peerId, addresses, 'said');
      this.runs.heard(peerId, status.boot, addresses);
      this.noteChange();
    }
    if (session.ready) this.deliver(session);
  }

  private deliver(session: Session | undefined): void {
    for (const [section, value] of session?.sections ?? []) {
      this.statusListeners.get(section)?.tell(session?.peerId ?? '', value);
    }
  }

  private outrun(heard: number): void {
    const epoch = this.liveness.raise(heard);
    if (epoch === undefined) return;
    raiseEpoch(this.components.db, epoch).catch((error: unknown) =>
      this.components.log.warn({ err: error }, 'the heartbeat could not be stored'),
    );
  }

  /** Passes new records on; whoever they remove is told as well, and then cut off. */
  private recordsCame(records: readonly MembershipRecord[], from: string | undefined): void {
    const { membership } = this.components;
    // With those that are members no more because who admitted them was none.
    const met = [...RemovalNotice.removedBy(records), ...this.sessions.all()];
    const removed = [...new Set(met)].filter((peerId) => !membership.isMember(peerId));
    // A node that has removed itself takes leave of all; one that was removed has nothing more to say.
    const leaving = membership.isRemoved ? (from === undefined ? this.sessions.all() : []) : removed;
    this.farewell.begin(leaving, () => this.sessions.push(records, from));
  }

  private membershipChanged(): void {
    const { membership, transport, log } = this.components;
    if (this.networkId !== membership.networkId) {
      this.networkId = membership.networkId;
      this.sessions.endAll();
    }
    this.absent = undefined;
    for (const { peerId } of membership.formerMembers()) {
      this.told.forget(peerId);
      this.liveness.forget(peerId);
      this.book.forget(peerId);
    }
    transport.enforceGate().catch((error: unknown) => log.warn({ err: error }, 'connections could not be cut'));
    this.meetAll();
    this.dialer.refresh();
    this.noteChange();
    this.pace.periodChanged();
  }

  /** Many changes at a time are told once. */
  private noteChange(): void {
    if (this.changePending) return;
    this.changePending = true;
    queueMicrotask(() => {
      this.changePending = false;
      this.changed.tell();
    });
  }

  private describe(peerId: string): Omit<PeerEvent['peer'], 'state'> | undefined {
    const member = this.components.membership.member(peerId);
    return member && { peerId, name: this.nameOf(peerId) ?? '', role: member.role };
  }
}
