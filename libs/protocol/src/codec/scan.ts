import { DfsError } from '@dfs/runtime';
import { MAX_DEPTH, MAX_ELEMENTS, MAX_HEADER_BYTES } from '../limits.js';

/**
 * Bounds of one message: its length, how deep it nests, and how many values it holds, those of maps and lists
 * included.
 */
export interface ScanLimits {
  bytes: number;
  depth: number;
  elements: number;
  /** Whether every number and length must be in the one form in which `encode` writes it: the shortest. */
  isShortest?: boolean;
}

/** Bounds of a frame's header, which every protocol keeps to. */
export const HEADER_LIMITS: ScanLimits = { bytes: MAX_HEADER_BYTES, depth: MAX_DEPTH, elements: MAX_ELEMENTS };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Walks one msgpack value without recursion and without allocating what it declares, and refuses what our codec must
 * never see: more than the limits, floats, extension types, text that is not UTF-8, map keys that are not text or that
 * reach the prototype or stand twice, bytes after the value.
 * @throws DfsError `bad-request`
 */
export function scan(bytes: Uint8Array, limits: ScanLimits = HEADER_LIMITS): void {
  if (bytes.length > limits.bytes) throw malformed('longer than allowed');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const open: Container[] = [];
  let at = 0;
  let elements = 0;
  const need = (count: number): number => {
    if (at + count > bytes.length) throw malformed('cut short');
    const start = at;
    at += count;
    return start;
  };

  do {
    if (++elements > limits.elements) throw malformed('too many elements');
    const container = open.at(-1);
    const keys = container?.keys && container.left % 2 === 0 ? container.keys : undefined;
    if (container) container.left--;

    const head = bytes[need(1)] as number;
    const token = TOKENS[head];
    if (token === undefined) throw malformed('a type that is not used here');
    const size = token.sizeBytes === 0 ? token.size : readSize(view, need(token.sizeBytes), token.sizeBytes);
    if (limits.isShortest && size < token.least) throw malformed('a length that is not in its shortest form');
    if (keys && token.kind !== 'str') throw malformed('a map key that is not text');

    if (token.kind === 'str') {
      const start = need(size);
      if (keys) addKey(keys, decodeText(bytes.subarray(start, at)));
      else if (!isAscii(bytes, start, at)) decodeText(bytes.subarray(start, at));
    } else if (token.kind === 'bytes') {
      const start = need(size);
      if (limits.isShortest && !isShortestNumber(head, view, start))
        throw malformed('a number that is not in its shortest form');
    } else {
      const children = token.kind === 'map' ? size * 2 : size;
      if (children > bytes.length - at) throw malformed('cut short');
      if (children > 0) {
        if (open.length + 1 >= limits.depth) throw malformed('nested too deeply');
        open.push({ left: children, keys: token.kind === 'map' ? new Set() : undefined });
      }
    }
    while (open.length > 0 && open.at(-1)?.left === 0) open.pop();
  } while (open.length > 0);

  if (at !== bytes.length) throw malformed('bytes after the value');
}

interface Container {
  /** Values still to come; for a map, keys and values together. */
  left: number;
  keys: Set<string> | undefined;
}

interface Token {
  kind: 'str' | 'bytes' | 'array' | 'map';
  /** Bytes of a length field that follows the head. */
  sizeBytes: 0 | 1 | 2 | 4;
  /** The size itself when the head carries it. */
  size: number;
  /** The least size that is written so, and not by fewer bytes. */
  least: number;
}

const fixed = (size: number): Token => ({ kind: 'bytes', sizeBytes: 0, size, least: 0 });
const short = (kind: Token['kind'], size: number): Token => ({ kind, sizeBytes: 0, size, least: 0 });
const long = (kind: Token['kind'], sizeBytes: 1 | 2 | 4, least: number): Token => ({ kind, sizeBytes, size: 0, least });

/** By head; undefined for the types that are not used here. */
const TOKENS = Array.from({ length: 256 }, (_, head) => tokenOf(head));

function tokenOf(head: number): Token | undefined {
  if (head <= 0x7f || head >= 0xe0) return fixed(0);
  if (head <= 0x8f) return short('map', head & 0x0f);
  if (head <= 0x9f) return short('array', head & 0x0f);
  if (head <= 0xbf) return short('str', head & 0x1f);
  switch (head) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return fixed(0);
    case 0xc4:
      return long('bytes', 1, 0);
    case 0xc5:
      return long('bytes', 2, 0x100);
    case 0xc6:
      return long('bytes', 4, 0x10000);
    case 0xcc: // uint 8 … 64
    case 0xd0: // int 8 … 64
      return fixed(1);
    case 0xcd:
    case 0xd1:
      return fixed(2);
    case 0xce:
    case 0xd2:
      return fixed(4);
    case 0xcf:
    case 0xd3:
      return fixed(8);
    case 0xd9:
      return long('str', 1, 0x20);
    case 0xda:
      return long('str', 2, 0x100);
    case 0xdb:
      return long('str', 4, 0x10000);
    case 0xdc:
      return long('array', 2, 0x10);
    case 0xdd:
      return long('array', 4, 0x10000);
    case 0xde:
      return long('map', 2, 0x10);
    case 0xdf:
      return long('map', 4, 0x10000);
    default:
      return undefined;
  }
}

/** Whether the number of this head needs so many bytes; true for all that is no number. */
function isShortestNumber(head: number, view: DataView, at: number): boolean {
  switch (head) {
    case 0xcc:
      return view.getUint8(at) >= 0x80;
    case 0xcd:
      return view.getUint16(at) >= 0x100;
    case 0xce:
      return view.getUint32(at) >= 0x10000;
    case 0xcf:
      return view.getUint32(at) > 0;
    case 0xd0:
      return view.getInt8(at) < -0x20;
    case 0xd1:
      return view.getInt16(at) < -0x80;
    case 0xd2:
      return view.getInt32(at) < -0x8000;
    case 0xd3:
      return view.getBigInt64(at) < -0x8000_0000n;
    default:
      return true;
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}

function readSize(view: DataView, start: number, sizeBytes: 1 | 2 | 4): number {
  if (sizeBytes === 1) return view.getUint8(start);
  return sizeBytes === 2 ? view.getUint16(start) : view.getUint32(start);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('text that is not UTF-8');
  }
}

function addKey(keys: Set<string>, key: string): void {
  if (key === '__proto__' || keys.has(key)) throw malformed('a map key that is refused');
  keys.add(key);
}

function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: ${what}.`);
}
