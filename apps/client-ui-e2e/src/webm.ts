/** A WebM film of equal frames, each a picture that stands for itself (VP8 key frames), with an index by which players seek. */
export interface Film {
  readonly width: number;
  readonly height: number;
  /** VP8 key frames: the lossy WebP of a picture has one. */
  readonly frames: readonly Uint8Array[];
  readonly framesPerSecond: number;
}

const SIZE_BYTES = 8;
/** Milliseconds: the unit of all times in the film. */
const TIMECODE_SCALE = 1_000_000;

/** The frame within a lossy WebP: the chunk that has the picture. */
export function frameOf(webp: Buffer): Uint8Array {
  for (let at = 12; at + 8 <= webp.length;) {
    const length = webp.readUInt32LE(at + 4);
    if (webp.toString('latin1', at, at + 4) === 'VP8 ') return webp.subarray(at + 8, at + 8 + length);
    at += 8 + length + (length % 2);
  }
  throw new Error('this picture is no lossy WebP');
}

/** The bytes of the film. A cluster holds a second, and is an entry of the index. */
export function webm({ width, height, frames, framesPerSecond }: Film): Buffer {
  const seconds = Math.ceil(frames.length / framesPerSecond);
  const clusters = Array.from({ length: seconds }, (_, second) => {
    const shown = frames.slice(second * framesPerSecond, (second + 1) * framesPerSecond);
    const blocks = shown.map((frame, n) => {
      const head = Buffer.from([0x81, 0, 0, 0x80]);
      head.writeInt16BE(Math.round((n * 1000) / framesPerSecond), 1);
      return element(0xa3, head, frame);
    });
    return element(0x1f43b675, element(0xe7, number(second * 1000)), ...blocks);
  });
  const info = element(
    0x1549a966,
    element(0x2ad7b1, number(TIMECODE_SCALE)),
    element(0x4489, double((frames.length * 1000) / framesPerSecond)),
    element(0x4d80, Buffer.from('dfs')),
    element(0x5741, Buffer.from('dfs')),
  );
  const picture = element(0xe0, element(0xb0, number(width)), element(0xba, number(height)));
  const track = [element(0xd7, number(1)), element(0x73c5, number(1)), element(0x83, number(1))];
  const tracks = element(0x1654ae6b, element(0xae, ...track, element(0x86, Buffer.from('V_VP8')), picture));
  // As long wherever the clusters are.
  const cues = (first: number): Buffer => {
    let at = first;
    const points = clusters.map((cluster, second) => {
      const place = element(0xb7, element(0xf7, number(1)), element(0xf1, number(at)));
      at += cluster.length;
      return element(0xbb, element(0xb3, number(second * 1000)), place);
    });
    return element(0x1c53bb6b, ...points);
  };
  const before = info.length + tracks.length + cues(0).length;
  const head = element(
    0x1a45dfa3,
    element(0x4286, number(1)),
    element(0x42f7, number(1)),
    element(0x42f2, number(4)),
    element(0x42f3, number(8)),
    element(0x4282, Buffer.from('webm')),
    element(0x4287, number(2)),
    element(0x4285, number(2)),
  );
  return Buffer.concat([head, element(0x18538067, info, tracks, cues(before), ...clusters)]);
}

function element(id: number, ...parts: Uint8Array[]): Buffer {
  const data = Buffer.concat(parts);
  const size = Buffer.alloc(SIZE_BYTES);
  size.writeBigUInt64BE(BigInt(data.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(id.toString(16), 'hex'), size, data]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
