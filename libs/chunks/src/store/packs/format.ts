/*
 * A pack: a head, then entries to its end. Integers are big-endian. Entries name themselves, so that the index can be
 * rebuilt from the packs alone.
 *
 *   head    0  8  magic "DFSPACK" and the version, 1
 *   entry   0  4  magic "DFSE"
 *           4  1  length of the CID, n
 *           5  3  zero
 *           8  4  size of the bytes
 *          12  …  the CID, padded with zeros to 40
 *          52  …  the bytes
 */
import { sha256 } from '@dfs/protocol';
import { bufferOf } from '@dfs/runtime';

/** The first eight bytes of every pack. */
export const PACK_HEAD: Uint8Array = Buffer.from('DFSPACK\x01', 'latin1');
const ENTRY_MAGIC = 0x44_46_53_45;
const CID_AT = 12;
const CID_ROOM = 40;
/** Bytes before the content of an entry. */
export const ENTRY_HEAD_BYTES = CID_AT + CID_ROOM;

/** An entry as its head names it: id and size of the block that follows. */
export interface EntryHead {
  cid: Uint8Array;
  size: number;
}

/** Writes the head of an entry, ENTRY_HEAD_BYTES long, into `target` at `at`. The bytes of the block follow it. */
export function writeEntryHead(target: Buffer, at: number, { cid, size }: EntryHead): void {
  target.writeUInt32BE(ENTRY_MAGIC, at);
  target.writeUInt32BE(cid.length * 2 ** 24, at + 4);
  target.writeUInt32BE(size, at + 8);
  target.fill(0, at + CID_AT, at + ENTRY_HEAD_BYTES);
  target.set(cid, at + CID_AT);
}

/** Undefined for anything that is not the head of an entry. */
export function readEntryHead(source: Buffer): EntryHead | undefined {
  if (source.length < ENTRY_HEAD_BYTES || source.readUInt32BE(0) !== ENTRY_MAGIC) return undefined;
  const length = source[4]!;
  if (length > CID_ROOM) return undefined;
  return { cid: source.subarray(CID_AT, CID_AT + length), size: source.readUInt32BE(8) };
}

/** A binary CID as the key of a Map. */
export function keyOf(cid: Uint8Array): string {
  return bufferOf(cid).toString('latin1');
}

/** The SHA-256 in a binary CID: its last 32 bytes. */
export function digestOf(cid: Uint8Array): Uint8Array {
  return cid.subarray(cid.length - 32);
}

/** Whether bytes hash to a binary CID. For small blocks: a large one is hashed in another thread. */
export function isBlock(cid: Uint8Array, bytes: Uint8Array): boolean {
  return Buffer.compare(sha256(bytes), digestOf(cid)) === 0;
}
