import type { InviteInfo, MemberRole, NetworkInfo, OwnerVotes, PeerInfo, ReturnTicketInfo } from '@dfs/contracts';
import { decodeTicket, JOIN_PROTOCOL, type WireValue } from '@dfs/protocol';
import { DfsError, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { isRelayed } from '@dfs/transport';
import { Admission } from './join/admission.js';
import { ComingBack } from './join/coming-back.js';
import { connectTo } from './dialling/connect.js';
import { Invites, type InviteRequest } from './join/invites.js';
import { joinNetwork, refuseUnlessAlone, type JoinGuest, type NetworkChangedGuest } from './join/joining.js';
import { JointOwner } from './membership/joint-owner.js';
import { notBackYet } from './membership/membership-view.js';
import { NetworkFile, type Place, type RememberedNetwork } from './membership/network-file.js';
import { cleanName } from './clean-name.js';
import { peerInfo, reachedBy, storageSection } from './presence/peer-info.js';
import { Presence, type PresenceComponents } from './presence/presence.js';
import { removeMember, type RemoveGuest, type RemoveOptions } from './membership/removal.js';

/** The parts that Peers are made of. */
export type PeersComponents = PresenceComponents;

/** This node's word on itself. */
export interface PeersOptions {
  /** The name of this node. */
  name: string;
  /** Version of the program. */
  version: string;
  /** Where network and members are remembered beside the database; nowhere when left out. */
  networkFile?: string;
}

/** The members of this node's network: who they are, who is here, how they come and go. */
export class Peers {
  private readonly presence: Presence;
  private readonly invites: Invites;
  private readonly admission: Admission;
  private readonly jointOwner: JointOwner;
  private readonly comingBack: ComingBack;
  private readonly networkFile: NetworkFile | undefined;
  private readonly joinGuests: JoinGuest[] = [];
  private readonly joinedGuests: (() => Promise<void>)[] = [];
  private readonly networkGuests: NetworkChangedGuest[] = [];
  private readonly removeGuests: RemoveGuest[] = [];
  private lastRecordOf: (peerId: string) => Promise<string | null> = () => Promise.resolve(null);
  private isRunning = false;
  private isJoining = false;
  private unsubscribe: Unsubscribe[] = [];
  private readonly returned = Promise.withResolvers<undefined>();

  constructor(
    private readonly components: PeersComponents,
    options: PeersOptions,
  ) {
    const { db, transport, membership, clock, log } = components;
    this.presence = new Presence(components, { name: cleanName(options.name), version: options.version.slice(0, 32) });
    // A newcomer is nobody's peer yet: nobody relays for it.
    const addresses = () => transport.addresses().filter((address) => !isRelayed(address));
    this.invites = new Invites({ db, membership, clock, addresses });
    const addressesOf = (peerId: string) => this.presence.addressesOf(peerId);
    this.admission = new Admission({ membership, invites: this.invites, clock, log, addressesOf });
    this.jointOwner = new JointOwner({ db, transport, membership, presence: this.presence, clock, log });
    const foundAt = (peerId: string) => this.presence.foundAt(peerId);
    const { book } = this.presence;
    this.comingBack = new ComingBack({ transport, membership, book, log, foundAt }, this.networkGuests);
    const { networkFile } = options;
    if (networkFile !== undefined) this.networkFile = new NetworkFile(networkFile, () => this.remembered(), log);
    transport.handle(JOIN_PROTOCOL, (channel) => this.admission.answer(channel), { strangers: true });
  }

  /** Sets the transport's gate and begins to connect to all members. */
  async start(): Promise<void> {
    const { transport, membership } = this.components;
    await this.invites.start();
    await this.jointOwner.start();
    this.isRunning = true;
    transport.setGate({
      isMember: (peerId) => this.mayPass(peerId),
      acceptsStrangers: (peerId) => this.acceptsStranger(peerId),
    });
    await this.presence.start();
    let wasRemoved = false;
    const warn = (): void => {
      if (wasRemoved !== (wasRemoved = membership.isRemoved)) this.warnOfRemoval(wasRemoved);
    };
    this.unsubscribe = [membership.onChange(warn), membership.onChange(() => this.remember())];
    this.unsubscribe.push(this.presence.changed.add(() => this.remember()));
    warn();
    this.remember();
    if (membership.isReturning) this.comingBack.start((members) => this.cameBack(members));
    else this.returned.resolve(undefined);
  }

  /** Resolves when this node has membership: at once, unless it lost its database. Never rejects. */
  isBack(): Promise<unknown> {
    return this.returned.promise;
  }

  /** Ends all that is under way; connections are the transport's to close. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.isRunning = false;
    for (const off of this.unsubscribe.splice(0)) off();
    await this.comingBack.stop();
    if (!this.components.membership.isReturning) await this.networkFile?.flush();
    await this.networkFile?.stop();
    await this.jointOwner.stop();
    await this.presence.stop();
  }

  /** Recurring work in the background. */
  work(): WorkStatus[] {
    const parts = [this.jointOwner, ...(this.networkFile ? [this.networkFile] : [])];
    return [...parts.map((part) => part.work()), ...this.comingBack.work(), ...this.presence.work()];
  }

  /** All members, this node first, then in order of admission. */
  list(): PeerInfo[] {
    const { membership, transport } = this.components;
    const others = membership.members().filter(({ peerId }) => peerId !== transport.peerId);
    others.sort((a, b) => a.admittedAt - b.admittedAt || (a.peerId < b.peerId ? -1 : 1));
    return [transport.peerId, ...others.map(({ peerId }) => peerId)].map((peerId) => this.info(peerId));
  }

  /** Members whose hello is done and whose membership is in sync. */
  connected(): string[] {
    return this.presence.sessions.ready();
  }

  nameOf(peerId: string): string | undefined {
    return this.presence.nameOf(peerId);
  }

  /** Why this node's clock is taken for wrong, in words for a person; undefined while it is not. */
  clockProblem(): string | undefined {
    return this.presence.clocks.problem();
  }

  /** How far this node's clock is from that of the other half of the members, in words for a person; nobody knows which is right. */
  clockDifference(): string | undefined {
    return this.presence.clocks.difference();
  }

  /** A person says that this node's clock is right: until it is set again it is not taken for wrong. */
  trustClock(): void {
    this.presence.clocks.trust();
  }

  /** Why this node may write nothing at the moment, whatever its clock; undefined while it may. */
  writeRefusal(): DfsError | undefined {
    if (this.components.membership.isReturning) return notBackYet();
    const problem = this.cloneProblem();
    return problem === undefined ? undefined : new DfsError('cloned', problem);
  }

  /** That this node runs twice, and this run came later or perhaps did, in words for a person; undefined where it does not. */
  cloneProblem(): string | undefined {
    const other = this.presence.runs.other();
    if (other === undefined) return undefined;
    const where = other.length > 0 ? `, at ${[...new Set(other)].join(', ')}` : '';
    return (
      `This node runs twice: members hear another run of it${where}. Its data directory was copied. Stop one of the ` +
      'two; until then this one writes nothing and promises nothing, and reading goes on. To have another node, start it ' +
      'with an empty data directory, and have it join.'
    );
  }

  /** Members that run twice, each with where its runs are, as this node hears them. */
  clones(): { peerId: string; addresses: string[] }[] {
    return this.presence.runs.cloned().map(({ peerId, runs }) => {
      return { peerId, addresses: [...new Set(runs.flatMap(({ addresses }) => addresses))] };
    });
  }

  /** Whether most members heard from lately say that this node's clock is right. */
  get isClockConfirmed(): boolean {
    return this.presence.clocks.isConfirmed;
  }

  /** The name of this node from now on; the caller stores it. */
  rename(name: string): void {
    this.presence.rename(name);
  }

  /**
   * Connects to a member at an address that a person gave.
   * @throws DfsError `invalid-address`, `peer-unreachable`, `not-a-member`
   */
  async connect(address: string): Promise<PeerInfo> {
    this.refuseReturning();
    const { transport, membership } = this.components;
    return this.info(await connectTo({ transport, membership, presence: this.presence }, address));
  }

  /** @throws DfsError `not-an-owner`, `validation-failed`, `conflict`, `not-ready` */
  async invite(request: InviteRequest): Promise<InviteInfo> {
    this.refuseReturning();
    return this.invites.create(request);
  }

  /**
   * A ticket by which a member that lost its database comes back: any member may make it.
   * @throws DfsError `peer-not-found`, `conflict`, `not-a-member`, `not-ready`
   */
  returnTicket(peerId: string): ReturnTicketInfo {
    this.refuseReturning();
    if (this.components.membership.isRemoved) {
      throw new DfsError('not-a-member', 'This node was removed from its network: ask a member for the ticket.');
    }
    return this.invites.createReturn(peerId);
  }

  /**
   * Leaves the network of one that this node has, and joins that of the ticket; by a return ticket it comes back as the
   * member that it is.
   * @throws DfsError `ticket-invalid`, `ticket-expired`, `ticket-used`, `already-member`, `conflict`,
   * `peer-unreachable`, `not-a-member`, and what guests refuse with
   */
  async join(text: string): Promise<NetworkInfo> {
    const { membership } = this.components;
    const ticket = decodeTicket(text);
    if (ticket.networkId === membership.networkId && !membership.isRemoved && !membership.isReturning) {
      throw new DfsError('already-member', `This node is a member of "${membership.networkName}" already.`);
    }
    refuseUnlessAlone(membership);
    if (this.isJoining)
      throw new DfsError('conflict', 'This node is joining a network at the moment: wait until that has ended.');
    this.isJoining = true;
    try {
      const plan = { networkId: ticket.networkId, alone: !membership.isRemoved };
      const consent = async (role: MemberRole | null): Promise<void> => {
        for (const guest of this.joinGuests) await guest({ ...plan, role });
      };
      await consent(null);
      const { presence } = this;
      const foundAt = (peerId: string) => presence.foundAt(peerId);
      if ('member' in ticket) {
        await this.comingBack.byTicket(ticket, consent);
      } else {
        const joining = { ...this.components, book: presence.book, name: () => presence.name, foundAt, consent };
        await joinNetwork(joining, ticket, this.networkGuests);
      }
      this.invites.closeAll();
      this.cameBack([{ peerId: ticket.inviter, addresses: [] }]);
      for (const guest of this.joinedGuests) await guest();
    } finally {
      this.isJoining = false;
    }
    return this.network();
  }

  /** The network this node belongs to. */
  network(): NetworkInfo {
    const { membership } = this.components;
    const { networkId: id, networkName: name, isReturning } = membership;
    const members = isReturning ? membership.remembered.length + 1 : membership.members().length;
    const { role } = membership.self();
    const state = { ...(membership.isRemoved && { removed: true }), ...(isReturning && { returning: true }) };
    return { id, name, members, role, ...state };
  }

  /**
   * A person here would have a member as an owner: done by an owner, or when more than half of the members say so.
   * @throws DfsError `peer-not-found`, `not-a-member`, `conflict`
   */
  async makeOwner(peerId: string): Promise<OwnerVotes> {
    this.refuseReturning();
    return this.jointOwner.support(peerId);
  }

  /** @throws DfsError `peer-not-found`, `not-an-owner`, `conflict`, `not-ready`, and what guests refuse with */
  async remove(peerId: string, options: RemoveOptions = {}): Promise<void> {
    this.refuseReturning();
    const { membership } = this.components;
    const lastRecordOf = (of: string) => this.lastRecordOf(of);
    await removeMember({ membership, guests: this.removeGuests, lastRecordOf }, peerId, options);
    await this.presence.farewell.done();
  }

  /** Milliseconds since 1970 at which a member was last heard of, by any route. */
  lastSeen(peerId: string): number | undefined {
    return this.presence.liveness.lastSeen(peerId);
  }

  /** Whether a member still counts: heard of within grace, by any route. */
  inGrace(peerId: string): boolean {
    return this.components.membership.isMember(peerId) && this.presence.liveness.inGrace(peerId);
  }

  /** A member is connected and its membership in sync: time for all else that two nodes exchange. */
  onReady(fn: (peerId: string) => void): Unsubscribe {
    return this.presence.ready.add(fn);
  }

  onGone(fn: (peerId: string) => void): Unsubscribe {
    return this.presence.gone.add(fn);
  }

  /** Members, connections, names, or who counts have changed. */
  onChange(fn: () => void): Unsubscribe {
    return this.presence.changed.add(fn);
  }

  /** Adds a section to this node's status. It travels when its value has changed. */
  contribute(section: string, value: () => WireValue): void {
    this.presence.contribute(section, value);
  }

  /** Called with a ready member's section whenever the member is heard, changed or not. */
  onStatus(section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe {
    return this.presence.onStatus(section, fn);
  }

  /** Sends this node's status to all connected members soon; many calls become one. */
  nudge(): void {
    this.presence.nudge();
  }

  /** A guest may refuse a join by throwing: first without the role this node will have, then with it. */
  beforeJoin(fn: JoinGuest): void {
    this.joinGuests.push(fn);
  }

  /** Work to be done before a join is answered; the join has happened by then, even if this fails. */
  afterJoin(fn: () => Promise<void>): void {
    this.joinedGuests.push(fn);
  }

  /** A guest is called within the unit of work that changes the network. */
  onNetworkChanged(fn: NetworkChangedGuest): void {
    this.networkGuests.push(fn);
  }

  /** A guest may refuse a removal by throwing. */
  beforeRemove(fn: RemoveGuest): void {
    this.removeGuests.push(fn);
  }

  /** Gives the last catalogue record of a member: a removal names it, and later ones are void. */
  setLastRecordOf(fn: (peerId: string) => Promise<string | null>): void {
    this.lastRecordOf = fn;
  }

  private cameBack(members: readonly Place[]): void {
    for (const { peerId } of members) this.presence.dialSoon(peerId);
    this.returned.resolve(undefined);
  }

  private refuseReturning(): void {
    if (this.components.membership.isReturning) throw notBackYet();
  }

  /** Until it is back, a node keeps what it remembers as it is. */
  private remember(): void {
    if (!this.components.membership.isReturning) this.networkFile?.changed();
  }

  private remembered(): RememberedNetwork {
    const { membership, transport } = this.components;
    const { networkId, networkName } = membership;
    const others = membership.members().filter(({ peerId }) => peerId !== transport.peerId);
    const members = others.map(({ peerId }) => ({ peerId, addresses: this.presence.addressesOf(peerId) }));
    return { peerId: transport.peerId, networkId, networkName, members };
  }

  private mayPass(peerId: string): boolean {
    const { membership } = this.components;
    if (!this.isRunning) return false;
    return this.presence.farewell.has(peerId) || (membership.isMember(peerId) && !membership.isRemoved);
  }

  private acceptsStranger(peerId: string): boolean {
    const { isRemoved, isReturning } = this.components.membership;
    if (isReturning) this.comingBack.knocked(peerId);
    if (!this.isRunning || isRemoved || isReturning) return false;
    return this.invites.anyOpen() || this.presence.returning.isFormer(peerId);
  }

  private info(peerId: string): PeerInfo {
    const { membership, transport, clock } = this.components;
    const { presence } = this;
    const isSelf = peerId === transport.peerId;
    const session = presence.sessions.of(peerId);
    const info = peerInfo({
      member: isSelf ? membership.self() : (membership.member(peerId) ?? membership.self()),
      state: isSelf
        ? 'self'
        : session?.ready
          ? 'connected'
          : presence.isConnecting(peerId)
            ? 'connecting'
            : 'disconnected',
      name: presence.nameOf(peerId),
      addresses: reachedBy(peerId, transport.connections(), presence.addressesOf(peerId)),
      session,
      lastSeen: presence.liveness.lastSeen(peerId),
      rates: isSelf ? { receive: 0, send: 0 } : transport.rates(peerId),
      now: clock.now(),
    });
    if (!isSelf) return info;
    const storage = storageSection.read(presence.sections.read(storageSection.name)) ?? null;
    return { ...info, uptimeSeconds: presence.sessions.uptimeSeconds(), storage };
  }

  private warnOfRemoval(active: boolean): void {
    const { membership, events, log } = this.components;
    const detail = active
      ? `This node was removed from the network "${membership.networkName}". It keeps its files, and exchanges nothing with others. To come back, join with a new ticket.`
      : `This node belongs to the network "${membership.networkName}".`;
    log.warn({ network: membership.networkId }, detail);
    const told = events.recordNow('node.warning', { code: 'not-a-member', detail, active });
    told.catch((error: unknown) => log.warn({ err: error }, 'a warning could not be stored'));
  }
}
