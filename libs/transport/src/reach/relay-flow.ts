import type { MessageStream, Stream } from '@libp2p/interface';
import { RELAYED_BYTES_MAX, RELAY_HIGH_WATER, RELAY_RATE } from '../constants.js';

/** Bytes a second, shared by all who take from it. */
export class Pace {
  #freeAt = 0;

  constructor(
    private readonly bytesPerSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes `bytes`. @returns milliseconds to wait before more is taken */
  take(bytes: number): number {
    const now = this.now();
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes * 1000) / this.bytesPerSecond;
    return this.#freeAt - now;
  }
}

/** A wait shorter than this is not worth a timer: the pace evens it out over the next bytes. */
const MIN_WAIT_MS = 20;

/** Limits of the bytes that pass between two members through this one. */
export interface FlowOptions {
  readonly pace: Pace;
  /** Bytes in both directions after which both streams are reset. */
  readonly maxBytes?: number;
  /** Told once: one of the two has closed. */
  onClose(): void;
}

/** The sum over all connections through this node. */
export function relayPace(): Pace {
  return new Pace(RELAY_RATE);
}

/**
 * Bounds what lies between two streams that libp2p's relay joins: it reads each as fast as bytes come, however slowly
 * the other takes them. Here the side that sends is paused while too much is on its way, or the pace is exceeded.
 */
export function watchFlow(first: Stream, second: Stream, options: FlowOptions): void {
  const { pace, maxBytes = RELAYED_BYTES_MAX } = options;
  let total = 0;
  let open = true;
  const count = (bytes: number): void => {
    total += bytes;
    if (total <= maxBytes) return;
    const reason = new Error('as many bytes have passed as may over one relayed connection');
    first.abort(reason);
    second.abort(reason);
  };
  const onClose = (): void => {
    if (open) options.onClose();
    open = false;
  };
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    watchDirection(from, to, pace, count);
    from.addEventListener('close', onClose, { once: true });
  }
  if (first.status !== 'open' || second.status !== 'open') onClose();
}

function watchDirection(from: Stream, to: Stream, pace: Pace, count: (bytes: number) => void): void {
  let underWay = 0;
  let resting = false;
  let paused = false;
  const settle = (): void => {
    const wanted = resting || underWay > RELAY_HIGH_WATER;
    if (wanted === paused) return;
    paused = wanted;
    try {
      if (wanted) from.pause();
      else from.resume();
    } catch {
      // It is closing: nothing more comes.
    }
  };
  beforeFirstListener(from, (bytes) => {
    underWay += bytes;
    count(bytes);
    const wait = pace.take(bytes);
    if (wait >= MIN_WAIT_MS && !resting) {
      resting = true;
      setTimeout(() => {
        resting = false;
        settle();
      }, wait).unref();
    }
    // Not in the middle of what libp2p does with these bytes: a stream paused while it resumes stays half paused.
    queueMicrotask(settle);
  });
  const send = to.send.bind(to);
  to.send = (data) => {
    underWay -= data.byteLength;
    queueMicrotask(settle);
    return send(data);
  };
}

/**
 * Hears of the bytes that come from now on, as soon as somebody listens to them: to listen first would take from the
 * stream what has come before the relay joins it to the other.
 */
function beforeFirstListener(stream: MessageStream, hear: (bytes: number) => void): void {
  const listen = stream.addEventListener.bind(stream) as (...args: unknown[]) => void;
  let listening = false;
  stream.addEventListener = (...args: unknown[]): void => {
    if (args[0] === 'message' && !listening) {
      listening = true;
      listen('message', ({ data }: { data: { byteLength: number } }) => hear(data.byteLength));
    }
    listen(...args);
  };
}
