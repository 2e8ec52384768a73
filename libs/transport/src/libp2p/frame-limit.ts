import type { StreamMuxer } from '@libp2p/interface';
import { FRAME_PIECE_BYTES, STREAM_WINDOW_MAX } from '../constants.js';

/** Bytes that have come and are not read yet: libp2p's list of pieces. */
interface Pending {
  readonly byteLength: number;
  get(index: number): number;
  subarray(start: number, end: number): Uint8Array;
  /** The same bytes without a copy. */
  sublist(start: number, end: number): Pending;
  consume(bytes: number): void;
}

/** A frame of yamux, as its decoder hands it on. */
interface Frame {
  readonly header: { readonly type: number; readonly flag: number; readonly streamID: number; readonly length: number };
  readonly data?: Pending;
}

/** The part of yamux that is looked at here; its own declaration keeps it private. */
interface FramedMuxer {
  readonly decoder?: { readonly buffer: Pending; readFrame(): Frame | undefined };
  readonly streams: readonly { readonly streamId: number; readonly recvWindowCapacity: number }[];
}

/** The yamux specification: version, type, flags (2 bytes), stream (4 bytes), length (4 bytes). */
const HEADER_LENGTH = 12;
const VERSION = 0;
const DATA = 0;
const FLAGS_OF_THE_END = 4 | 8; // FIN, RST

/**
 * yamux gathers a whole frame of data before windows and budgets see any of it, and a frame may declare 4 GiB. From here
 * on a frame that declares more than its stream may receive ends the connection at its header, and a large one is handed
 * on in pieces, as it comes.
 */
export function limitFrames(muxer: StreamMuxer): void {
  const inner = muxer as unknown as FramedMuxer;
  const { decoder } = inner;
  if (!decoder || !Array.isArray(inner.streams)) throw new TypeError('this yamux reads its frames in another way');
  const readWhole = decoder.readFrame.bind(decoder);
  const { buffer } = decoder;
  let open: { readonly streamID: number; flag: number; left: number } | undefined;

  const readPiece = (): Frame | undefined => {
    if (!open) return undefined;
    const length = Math.min(open.left, buffer.byteLength);
    if (length < Math.min(open.left, FRAME_PIECE_BYTES)) return undefined;
    const data = buffer.sublist(0, length);
    buffer.consume(length);
    open.left -= length;
    const { streamID } = open;
    const isLast = open.left === 0;
    const flag = isLast ? open.flag : open.flag & ~FLAGS_OF_THE_END;
    // The flag that begins a stream comes once.
    open.flag &= FLAGS_OF_THE_END;
    if (isLast) open = undefined;
    return { header: { type: DATA, flag, streamID, length }, data };
  };

  decoder.readFrame = () => {
    if (open) return readPiece();
    if (buffer.byteLength < HEADER_LENGTH || buffer.get(0) !== VERSION || buffer.get(1) !== DATA) return readWhole();
    const header = Buffer.from(buffer.subarray(0, HEADER_LENGTH));
    const length = header.readUInt32BE(8);
    if (length <= FRAME_PIECE_BYTES) return readWhole();
    const streamID = header.readUInt32BE(4);
    const stream = inner.streams.find(({ streamId }) => streamId === streamID);
    // Bytes for a stream that was reset were sent within a window too.
    const window = stream ? stream.recvWindowCapacity : STREAM_WINDOW_MAX;
    if (length > window) throw new RangeError(`a frame of ${length} bytes came where ${window} may be received`);
    buffer.consume(HEADER_LENGTH);
    open = { streamID, flag: header.readUInt16BE(2), left: length };
    return readPiece();
  };
}
