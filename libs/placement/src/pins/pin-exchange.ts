import {
  CHUNKS_PROTOCOL,
  holdingsStatus,
  MAX_PINS_PER_FRAME,
  pinsFrame,
  unpackPins,
  type Cid,
  type HoldingsStatus,
} from '@dfs/protocol';
import { DfsError, hour, minute, Recurring, second, type Log, type WorkStatus } from '@dfs/runtime';
import { request, type Transport } from '@dfs/transport';
import type { MemberPins } from './member-pins.js';
import type { PeerView } from '../ports.js';
import type { PinLog } from './pin-log.js';
import { StatusSection } from '@dfs/peers';

/** A log whose reading ended so is read on as records come. After so long that is no accident … */
export const WAITING_PINS_TIME = 10 * minute;
/** … and the log is left alone for this long. */
export const PINS_OFFENCE_TIME = 1 * hour;
/** Records come in bursts: a log whose reading ended is read on this long after the first. */
const READ_ON_DELAY = 1 * second;

/** Section of the status message that says how long my pin log is. */
const SECTION = new StatusSection('holdings', holdingsStatus);
/** For the logs of members that are asked for at once; who takes longer is judged by what is known. */
const REFRESH_TIME = 10 * second;

/** This node's pin log, those of others, and the streams over which they are read. */
export interface PinExchangeComponents {
  pins: PinLog;
  holdings: MemberPins;
  peers: Pick<PeerView, 'contribute' | 'onStatus' | 'onGone' | 'nudge'>;
  transport: Pick<Transport, 'open'>;
  /** Whether this node takes nothing more on behalf of others. */
  isFull: () => boolean;
  /** A member became full or roomy, or of another capacity class. */
  onMemberChanged: (peerId: string) => void;
  /** Milliseconds of a clock that nobody sets. */
  now?: () => number;
  log: Log;
}

/**
 * Tells others how long my pin log is and reads what is new in theirs, each from the member itself. New pins are made
 * known at once: the status message that carries them is sent within its coalescing time.
 */
export class PinExchange {
  private readonly control = new AbortController();
  /** Members whose logs were not read to their ends, since too many pins wait for records: how far, and since when. */
  private readonly ended = new Map<string, { number: number; since: number }>();
  /** Members whose logs are left alone: until when. */
  private readonly offenders = new Map<string, number>();
  private readonly readingOn: Recurring;

  constructor(private readonly components: PinExchangeComponents) {
    this.readingOn = new Recurring(
      {
        name: 'read on in the pins of members',
        every: Infinity,
        gather: READ_ON_DELAY,
        failed: 'pins of members were not read on',
        run: async () => {
          await this.refresh([...this.ended.keys()]);
          return 'idle';
        },
      },
      { log: components.log },
    ).start();
  }

  start(): void {
    const { peers, pins, holdings, log } = this.components;
    SECTION.say(peers, () => this.mine());
    const failed = (peerId: string, err: unknown): void => {
      if (!this.control.signal.aborted) log.warn({ err, peerId }, 'pin log not read');
    };
    SECTION.follow(peers, log, (peerId, status) => this.follow(peerId, status), failed);
    peers.onGone((peerId) => holdings.gone(peerId));
    pins.onEntries(() => peers.nudge());
  }

  stop(): Promise<void> {
    this.control.abort(new DfsError('shutting-down', 'The node is shutting down.'));
    return this.readingOn.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.readingOn.status();
  }

  /** Reads what is new in the logs of these members now, whatever they have said of them. Never rejects. */
  async refresh(peerIds: readonly string[]): Promise<void> {
    const signal = AbortSignal.any([this.control.signal, AbortSignal.timeout(REFRESH_TIME)]);
    const read = (peerId: string): Promise<void> =>
      this.read(peerId, signal).catch((err: unknown) => {
        this.components.log.info({ err, peerId }, 'pin log not read');
      });
    await Promise.all(peerIds.map(read));
  }

  /** Records name these contents: pins of them count from now on, and logs whose reading ended are read on. */
  contentsNamed(contents: readonly Cid[]): void {
    this.components.holdings.contentsNamed(contents).catch((err: unknown) => {
      if (!this.control.signal.aborted) this.components.log.error({ err }, 'pins that waited were not counted');
    });
    if (this.ended.size > 0) this.readingOn.soon();
  }

  private mine(): HoldingsStatus {
    const { pins, isFull } = this.components;
    return { nonce: pins.nonce, number: pins.number, full: isFull(), capacity: pins.capacity };
  }

  private async follow(peerId: string, status: HoldingsStatus): Promise<void> {
    const { behind, changed } = await this.components.holdings.heard(peerId, status);
    if (changed) this.components.onMemberChanged(peerId);
    if (behind) await this.read(peerId);
    // Records that wait for their author tell of themselves to nobody.
    else await this.components.holdings.lookAgain(peerId);
  }

  private async read(peerId: string, signal = this.control.signal): Promise<void> {
    const { transport, holdings } = this.components;
    if (this.now() < (this.offenders.get(peerId) ?? 0)) return;
    await holdings.lookAgain(peerId);
    const options = { signal };
    const known = holdings.known(peerId);
    const question = { method: 'pins', nonce: known?.nonce ?? null, after: known?.number ?? 0 };
    let at = question.after;
    for await (const { header, payload } of request(transport, peerId, CHUNKS_PROTOCOL, question, options)) {
      const frame = pinsFrame.parse(header, 'answer');
      const pins = unpackPins(payload);
      if (frame.to < frame.after || pins.length > MAX_PINS_PER_FRAME || (frame.after !== at && frame.after !== 0)) {
        throw new DfsError('peer-misbehaved', 'A peer sent a pin log whose numbers do not fit.');
      }
      if (!(await holdings.learn(peerId, frame, pins))) return this.endReading(peerId);
      at = frame.to;
    }
    this.ended.delete(peerId);
  }

  /** Too many of its pins wait: its records may be on their way. When they do not come it is an offence. */
  private endReading(peerId: string): void {
    const now = this.now();
    const number = this.components.holdings.known(peerId)?.number ?? 0;
    const before = this.ended.get(peerId);
    const since = before?.number === number ? before.since : now;
    this.ended.set(peerId, { number, since });
    if (now - since < WAITING_PINS_TIME) return;
    this.ended.delete(peerId);
    this.offenders.set(peerId, now + PINS_OFFENCE_TIME);
    throw new DfsError('peer-misbehaved', 'A peer pins more contents that no record names than are kept waiting.');
  }

  private now(): number {
    return (this.components.now ?? (() => performance.now()))();
  }
}
