import { randomBytes } from 'node:crypto';
import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface';
import { FRAME_PIECE_BYTES, STREAM_WINDOW_INITIAL, STREAM_WINDOW_MAX } from '../constants.js';
import { watchedYamux } from './muxer.js';

const [DATA, WINDOW_UPDATE] = [0, 1];
const [NONE, SYN, FIN] = [0, 1, 4];

/** A muxer of ours, and the socket through which the other side speaks to it. */
class Wire extends EventTarget {
  readonly direction = 'inbound';
  readonly log = Object.assign(() => {}, { trace: () => {}, error: () => {}, newScope: () => this.log });
  aborted: Error | undefined;
  readonly streams: Stream[] = [];
  readonly muxer: StreamMuxer;

  constructor() {
    super();
    this.muxer = watchedYamux()().createStreamMuxer(this as unknown as MultiaddrConnection);
    this.muxer.addEventListener('stream', ({ detail }) => this.streams.push(detail));
  }

  send(): boolean {
    return true;
  }

  abort(error: Error): void {
    this.aborted = error;
  }

  feed(bytes: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: bytes }));
  }
}

function header(type: number, flag: number, streamID: number, length: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[1] = type;
  bytes.writeUInt16BE(flag, 2);
  bytes.writeUInt32BE(streamID, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

/** A stream that the other side has opened, with room for so much, and what has come on it. */
function opened(wire: Wire, window: number): { stream: Stream; received: Buffer[]; bytes(): number } {
  wire.feed(header(WINDOW_UPDATE, SYN, 1, 0));
  const [stream] = wire.streams as [Stream];
  Object.assign(stream, { recvWindow: window, recvWindowCapacity: window });
  const received: Buffer[] = [];
  stream.addEventListener('message', ({ data }) => received.push(Buffer.from(data.subarray())));
  return { stream, received, bytes: () => received.reduce((sum, { length }) => sum + length, 0) };
}

describe('a frame of yamux', () => {
  it.each([
    ['4 GiB', 0xffff_ffff],
    ['one byte more than the stream has room for', 2 * STREAM_WINDOW_INITIAL + 1],
  ])('that declares %s ends the connection at its header', (_, length) => {
    const wire = new Wire();
    opened(wire, 2 * STREAM_WINDOW_INITIAL);
    wire.feed(header(DATA, NONE, 1, length));
    expect(wire.aborted).toBeInstanceOf(RangeError);
  });

  it('for a stream that is no more may be as long as a window, and no longer', () => {
    const wire = new Wire();
    wire.feed(header(DATA, NONE, 77, STREAM_WINDOW_MAX));
    wire.feed(new Uint8Array(STREAM_WINDOW_MAX));
    expect(wire.aborted).toBeUndefined();
    wire.feed(header(DATA, NONE, 77, STREAM_WINDOW_MAX + 1));
    expect(wire.aborted).toBeInstanceOf(RangeError);
  });

  it('that is large is handed on as it comes, whole in the end, and its end comes last', async () => {
    for (const step of [1_000, 64 * 1024, FRAME_PIECE_BYTES, 700_001]) {
      const wire = new Wire();
      const { stream, received, bytes } = opened(wire, STREAM_WINDOW_MAX);
      const sent = randomBytes(1_500_000);
      const frame = Buffer.concat([header(DATA, FIN, 1, sent.length), sent]);
      const next = Buffer.concat([header(WINDOW_UPDATE, NONE, 1, 5)]);
      let mostWaiting = 0;
      for (let at = 0; at < frame.length; at += step) {
        expect(stream.remoteWriteStatus).toBe('writable');
        const fed = Math.min(at + step, frame.length) - 12;
        wire.feed(frame.subarray(at, at + step));
        mostWaiting = Math.max(mostWaiting, fed - bytes());
      }
      wire.feed(next);
      expect(wire.aborted).toBeUndefined();
      expect(mostWaiting).toBeLessThan(FRAME_PIECE_BYTES);
      expect(Buffer.compare(Buffer.concat(received), sent)).toBe(0);
      expect(stream.remoteWriteStatus).toBe('closed');
    }
  });
});
