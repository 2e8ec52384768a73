import {
  CHUNKS_PROTOCOL,
  holdingsStatus,
  MAX_PINS_PER_FRAME,
  pinsFrame,
  unpackPins,
  DfsError,
  second,
  type Log,
  type WireValue,
} from '@dfs/protocol';
import { request, type Transport } from '@dfs/transport';
import type { Holdings } from './member-pins.js';
import type { PeerView } from '../ports.js';
import type { PinLog } from './pin-log.js';
import { StatusFollower } from '../status-follower.js';

/** Section of the status message that says how long my pin log is. */
const SECTION = 'holdings';
/** For the logs of members that are asked for at once; who takes longer is judged by what is known. */
const REFRESH_TIME = 10 * second;

export interface HoldingsExchangeComponents {
  pins: PinLog;
  holdings: Holdings;
  peers: Pick<PeerView, 'contribute' | 'onStatus' | 'onGone' | 'nudge'>;
  transport: Pick<Transport, 'open'>;
  /** Whether this node takes nothing more on behalf of others. */
  isFull: () => boolean;
  /** A member became full or roomy, or of another capacity class. */
  onMemberChanged: (peerId: string) => void;
  log: Log;
}

/**
 * Tells others how long my pin log is and reads what is new in theirs, each from the member itself. New pins are made
 * known at once: the status message that carries them is sent within its coalescing time.
 */
export class HoldingsExchange {
  private readonly control = new AbortController();
  private readonly follower = new StatusFollower(
    (peerId, value) => this.follow(peerId, value),
    (peerId, err) => {
      if (!this.control.signal.aborted) this.components.log.warn({ err, peerId }, 'pin log not read');
    },
  );

  constructor(private readonly components: HoldingsExchangeComponents) {}

  start(): void {
    const { peers, pins, holdings } = this.components;
    peers.contribute(SECTION, () => this.mine());
    peers.onStatus(SECTION, (peerId, value) => this.follower.heard(peerId, value));
    peers.onGone((peerId) => holdings.gone(peerId));
    pins.onEntries(() => peers.nudge());
  }

  stop(): void {
    this.control.abort(new DfsError('shutting-down', 'The node is shutting down.'));
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

  private mine(): WireValue {
    const { pins, isFull } = this.components;
    const status = { nonce: pins.nonce, number: pins.number, full: isFull(), capacity: pins.capacity };
    return holdingsStatus.form(status) ?? null;
  }

  private async follow(peerId: string, value: WireValue): Promise<void> {
    const status = holdingsStatus.parse(value, 'status');
    const { behind, changed } = await this.components.holdings.heard(peerId, status);
    if (changed) this.components.onMemberChanged(peerId);
    if (behind) await this.read(peerId);
  }

  private async read(peerId: string, signal = this.control.signal): Promise<void> {
    const { transport, holdings } = this.components;
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
      await holdings.learn(peerId, frame, pins);
      at = frame.to;
    }
  }
}
