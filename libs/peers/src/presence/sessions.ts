import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, DfsError, second, type Clock, type Log } from '@dfs/runtime';
import { MAX_STATUS_RUNS, StatusLine, statusMethod, type MembershipRecord, type StatusMessage } from '@dfs/protocol';
import { firstFrame, type Channel, type Transport } from '@dfs/transport';
import { HELLO_TIME, MAX_FAILED_EXCHANGES, MAX_SECTION_OFFENCES, PROOF_PERIOD } from '../constants.js';
import type { Liveness } from './liveness.js';
import type { Membership } from '../membership/membership.js';
import type { Sections } from '../status/status-sections.js';
import { RecordExchange } from './record-exchange.js';
import { Session } from './session.js';
import { StatusCaller } from '../status/status-caller.js';

/** The parts that sessions share, and the calls by which they reach those above them. */
export interface SessionsComponents {
  transport: Transport;
  membership: Membership;
  liveness: Liveness;
  sections: Sections;
  clock: Clock;
  log: Log;
  /** Whether a part of this engine listens for a section of a status. */
  listensFor(section: string): boolean;
  /** Runs of a member that go on beside each other. */
  runsOf(peerId: string): StatusMessage['runs'];
  /** Members this node does not hear itself. */
  missing(): readonly string[];
  addressesOf: (peerId: string) => string[];
  /** A member that is connected does not speak to this node: it may know why. Never throws. */
  unheard: (peerId: string, signal: AbortSignal) => Promise<void>;
}

/** Calls by which sessions tell those above them. */
export interface SessionsListener {
  /** Status and membership are exchanged. */
  ready(peerId: string): void;
  /** @param wasReady whether `ready` was told before */
  ended(peerId: string, wasReady: boolean): void;
  /** The member has said something of itself or of others: every time it is heard. */
  heard(session: Session, status: StatusMessage): void;
  /** Others know of later heartbeats of this node than it does. */
  outrun(heard: number): void;
}

/** Of two that have just connected, the one with the higher id lets the other speak first, for this long. */
const GREET_AFTER = 500;
const GREET_PAUSE = 100;
/** Not in the rush of a new connection. */
const MEASURE_AFTER = 400;
/** Members to whom a received record is passed on; their heartbeats do the rest. */
const GOSSIP = 4;

/** Status exchange with every connected member: hello, membership to equality, then heartbeats and news. */
export class Sessions {
  private readonly sessions = new Map<string, Session>();
  private isRunning = false;
  private boot = 0;
  private bootedAt = 0;
  private readonly records: RecordExchange;

  constructor(
    private readonly components: SessionsComponents,
    private readonly listener: SessionsListener,
  ) {
    this.records = new RecordExchange(components, (session) => this.tryExchange(session));
  }

  start(): void {
    this.isRunning = true;
    this.boot = this.components.clock.now();
    this.bootedAt = performance.now();
  }

  stop(): void {
    this.isRunning = false;
    this.endAll();
  }

  /** Ends every session; connections stay, and may be begun with again. */
  endAll(): void {
    for (const peerId of [...this.sessions.keys()]) this.end(peerId);
  }

  uptimeSeconds(): number {
    return Math.floor((performance.now() - this.bootedAt) / second);
  }

  of(peerId: string): Session | undefined {
    return this.sessions.get(peerId);
  }

  /** Tells this run of the node from others. */
  get run(): number {
    return this.boot;
  }

  get count(): number {
    return this.sessions.size;
  }

  all(): string[] {
    return [...this.sessions.keys()];
  }

  ready(): string[] {
    return [...this.sessions.values()].filter(({ ready }) => ready).map(({ peerId }) => peerId);
  }

  /** A member is connected. Idempotent. */
  begin(peerId: string): Session {
    if (!this.isRunning) throw new DfsError('not-ready', 'The node is starting or shutting down.');
    let session = this.sessions.get(peerId);
    if (!session) {
      session = new Session(peerId, (section) => this.components.listensFor(section));
      this.sessions.set(peerId, session);
      void this.greet(session);
    }
    return session;
  }

  /** The connection is gone. */
  end(peerId: string): void {
    const session = this.sessions.get(peerId);
    if (!session) return;
    this.sessions.delete(peerId);
    session.ended.abort(new DfsError('peer-unreachable', 'The connection to the peer was lost.'));
    this.listener.ended(peerId, session.ready);
  }

  /** Status to all who have not exchanged one for most of a period: one exchange serves both sides. */
  heartbeat(periodMs: number): void {
    this.components.sections.refresh();
    const due = performance.now() - periodMs * 0.7;
    for (const session of this.sessions.values()) {
      if (session.exchangedAt !== undefined && session.exchangedAt < due) void this.tryExchange(session);
    }
  }

  /** Status to all, now. */
  tellAll(): void {
    this.components.sections.refresh();
    for (const session of this.sessions.values()) if (session.ready) void this.tryExchange(session);
  }

  /** New records: those of this node to all, those of others to a few. */
  async push(records: readonly MembershipRecord[], from: string | undefined): Promise<void> {
    let to = [...this.sessions.values()].filter(({ peerId }) => peerId !== from);
    if (from !== undefined && to.length > GOSSIP * 2) to = to.sort(() => Math.random() - 0.5).slice(0, GOSSIP);
    await Promise.all(to.map((session) => this.records.push(session, records)));
  }

  pushTo(session: Session, records: readonly MembershipRecord[]): Promise<void> {
    return this.records.push(session, records);
  }

  /** Answers `/dfs/status/1`. */
  async answer(channel: Channel): Promise<void> {
    const { header } = await firstFrame(channel);
    const session = this.begin(channel.peerId);
    const { method } = statusMethod.parse(header, 'status');
    if (method === 'pull') return this.records.answerPull(channel, header);
    if (method === 'push') return this.records.answerPush(channel, session, header);
    // A few at a time: each remembers what was said on it.
    const [eldest] = session.asked.size < MAX_STATUS_RUNS ? [] : session.asked;
    eldest?.abort(new DfsError('conflict', 'The peer asks on other streams now.'));
    session.asked.add(channel);
    const [told, heard] = [new StatusLine(), new StatusLine()];
    const end = (): void => channel.abort(abortError(session.ended.signal));
    session.ended.signal.addEventListener('abort', end, { once: true });
    try {
      await this.answerStatus(channel, session, heard.hear(header), told);
      for await (const next of channel.frames())
        await this.answerStatus(channel, session, heard.hear(next.header), told);
    } finally {
      session.ended.signal.removeEventListener('abort', end);
      session.asked.delete(channel);
    }
  }

  private async answerStatus(
    channel: Channel,
    session: Session,
    status: StatusMessage,
    told: StatusLine,
  ): Promise<void> {
    this.take(session, status);
    this.components.sections.refresh();
    await channel.send(told.tell(this.message(session)));
    this.settle(session);
  }

  /** Speaks first, or waits to be spoken to; cuts a connection on which nothing is said. */
  private async greet(session: Session): Promise<void> {
    const { transport } = this.components;
    const { signal } = session.ended;
    const until = performance.now() + HELLO_TIME;
    try {
      if (transport.peerId > session.peerId) await delay(GREET_AFTER, undefined, { signal, ref: false });
      this.components.sections.refresh();
      for (let pause = GREET_PAUSE; session.exchangedAt === undefined; pause *= 2) {
        await this.tryExchange(session);
        if (session.exchangedAt !== undefined) return;
        await this.components.unheard(session.peerId, signal);
        if (performance.now() > until) return await transport.hangUp(session.peerId);
        await delay(pause, undefined, { signal, ref: false });
      }
    } catch {
      // The session has ended.
    }
  }

  /** Never throws. A member that does not answer is hung up on, to be dialled anew. */
  private async tryExchange(session: Session): Promise<void> {
    try {
      await session.exchange(() => this.exchange(session));
      session.failures = 0;
    } catch (error) {
      if (session.ended.signal.aborted) return;
      session.provenAt = undefined;
      this.components.log.debug({ err: error, peer: session.peerId }, 'a status exchange failed');
      if (session.exchangedAt === undefined || ++session.failures < MAX_FAILED_EXCHANGES) return;
      await this.components.transport.hangUp(session.peerId).catch(() => undefined);
    }
  }

  private async exchange(session: Session): Promise<void> {
    const sent = this.message(session);
    const start = performance.now();
    session.caller ??= new StatusCaller(this.components.transport, session.peerId, session.ended.signal);
    const status = await session.caller.exchange(sent);
    session.latencyMs = Math.round((performance.now() - start) * 10) / 10;
    this.take(session, status);
    // It had less of ours than we thought: a new run of it that had not spoken yet.
    if (session.peerHas < sent.since) void this.tryExchange(session);
    this.settle(session);
  }

  private message(session: Session): StatusMessage {
    const { membership, liveness, sections, addressesOf } = this.components;
    const passedOn = session.missing
      .filter((peerId) => membership.isMember(peerId) && liveness.isFresh(peerId))
      .flatMap((peerId) => {
        const proven = liveness.provenOf(peerId);
        return proven ? [{ peerId, ...proven, addresses: addressesOf(peerId).slice(0, 4) }] : [];
      });
    const heard = liveness.provenOf(session.peerId);
    return {
      method: 'status',
      boot: this.boot,
      uptime: this.uptimeSeconds(),
      revision: sections.revision,
      since: session.peerHas,
      seen: session.boot === 0 ? null : { boot: session.boot, revision: session.revision },
      beat: liveness.current,
      heard: heard && heard.beat > session.beat ? heard.beat : 0,
      membership: membership.fingerprint(),
      synced: session.synced,
      latency: session.latencyMs === null ? null : Math.round(session.latencyMs),
      sections: sections.since(session.peerHas),
      missing: [...this.components.missing()],
      relayed: passedOn.map(({ peerId, beat, addresses }) => ({ peerId, beat, addresses })),
      proof: this.proofFor(session),
      proofs: passedOn.map(({ proof }) => proof),
      heardProof: heard && heard.beat > session.beat ? heard.proof : null,
      time: Math.max(0, Math.floor(this.components.clock.now())),
      runs: this.components.runsOf(session.peerId),
    };
  }

  /** It has to be newer than what those who ask for it know, not newer than a minute. */
  private proofFor(session: Session): Uint8Array | null {
    const { liveness, membership } = this.components;
    const now = performance.now();
    const isDue =
      session.provenAt === undefined || now - session.provenAt >= proofPeriod(membership.settings().graceMs);
    if (!isDue) return null;
    session.provenAt = now;
    return liveness.proof();
  }

  private take(session: Session, status: StatusMessage): void {
    const { liveness, membership, clock } = this.components;
    session.exchangedAt = performance.now();
    session.peerHas = status.seen?.boot === this.boot ? status.seen.revision : 0;
    session.take(status, clock.now());
    this.punish(session);
    session.latencyMs ??= status.latency;
    liveness.spoke(session.peerId, status.beat, status.proof);
    session.beat = status.beat;
    const { heard, heardProof: proof } = status;
    if (heard > liveness.current && proof && liveness.isMine({ beat: heard, proof })) this.listener.outrun(heard);
    const isEqual = Buffer.compare(status.membership, membership.fingerprint()) === 0;
    session.synced ||= isEqual;
    session.peerSynced ||= isEqual || status.synced;
    if (!isEqual) this.records.pull(session, status.membership);
    this.listener.heard(session, status);
  }

  private punish({ peerId, offences }: Session): void {
    if (offences <= MAX_SECTION_OFFENCES) return;
    const { transport, log } = this.components;
    log.warn({ peer: peerId, offences }, 'a member that floods its status is hung up on');
    transport.hangUp(peerId).catch(() => undefined);
  }

  private settle(session: Session): void {
    if (session.ready || !session.synced || !session.peerSynced || session.ended.signal.aborted) return;
    session.ready = true;
    this.listener.ready(session.peerId);
    if (session.latencyMs === null) void this.measure(session);
  }

  /** The side that was spoken to does not know how long that takes. */
  private async measure(session: Session): Promise<void> {
    const { signal } = session.ended;
    await delay(MEASURE_AFTER, undefined, { signal, ref: false }).catch(() => undefined);
    if (!signal.aborted && session.latencyMs === null) await this.tryExchange(session);
  }
}

function proofPeriod(graceMs: number): number {
  return Math.min(PROOF_PERIOD, graceMs / 4);
}
