/**
 * Receipts: signed statements of members on which deletions they have purged. And `/dfs/receipts/1`, by which members come
 * to have each other's. Written down in PROTOCOL.md; pinned by golden bytes.
 */
import { sha256 } from '../ids/cid.js';
import { decode, encode } from '../codec/codec.js';
import { bufferOf, DfsError, KiB } from '@dfs/runtime';
import { peerIdFromBytes, peerIdToBytes, verifySignatureAsync, type Signer } from '../ids/keys.js';
import { packHex, unpackHex } from '../ids/hex.js';
import { RECORD_ID_BYTES, type SignedRecord } from './record.js';
import { shape, type Infer } from '../codec/schema.js';

/** Exchange of receipts. PROTOCOL.md describes it. */
export const RECEIPTS_PROTOCOL = '/dfs/receipts/1';

/** First field of a receipt. Receipts of other versions are refused. */
export const RECEIPT_VERSION = 1;
/** Deletions one receipt names: with them it is no longer than a record, and travels packed as those do. */
export const MAX_DELETIONS_PER_RECEIPT = 500;
/** Payload of one frame of receipts, about. */
export const MAX_RECEIPTS_PAYLOAD_BYTES = 512 * KiB;
/** Stands before the body in what is signed, so that no other signed thing of this key can pass for a receipt. */
const SIGNED_PREFIX = Buffer.from('dfs-receipt:');
const SCAN_LIMITS = { bytes: 17 * KiB, depth: 4, elements: 64 };
const PEER_BYTES = 38;
const MARK_BYTES = PEER_BYTES + 8;

const ids = () => shape.bytes(0, RECORD_ID_BYTES * MAX_DELETIONS_PER_RECEIPT);

/** The signed fields, in this order. */
const receiptShape = shape.tuple({
  version: shape.int(1, 2 ** 16),
  network: shape.hex(32),
  author: shape.peerId(),
  time: shape.int(1),
  purged: ids(),
  kept: ids(),
});

/** A member's statement on deletions whose retention is over at that member. Ids are record ids in hex, ascending. */
export interface Receipt {
  network: string;
  author: string;
  /** Milliseconds since 1970 by the author's clock, and greater than in all its receipts before. */
  time: number;
  /** It holds nothing for these any more. */
  purged: string[];
  /** Content of these is used by other files or versions, and kept for them. */
  kept: string[];
}

/** Opens a stream; the payload is packed marks. */
export const receiptsRequest = shape.struct({ method: shape.oneOf('receipts') });
/** Answer: frames, perhaps none; the payload is packed receipts, those of one author in the order of their times. */
export const receiptsFrame = shape.struct({ t: shape.oneOf('receipts') });
/** Section `receipts` of a status message: print of the marks of all members. */
export const receiptsStatus = shape.struct({ print: shape.bytes(16) });
/** Section of a status: up to which number the sender has the receipts of each author. */
export type ReceiptsStatus = Infer<typeof receiptsStatus>;

/** Encodes and signs. @throws DfsError `bad-request` for what no receipt may say */
export function signReceipt(signer: Signer, receipt: Omit<Receipt, 'author'>): SignedRecord {
  const { network, time } = receipt;
  const [purged, kept] = [[...receipt.purged].sort(), [...receipt.kept].sort()];
  check(purged, kept);
  const fields = { purged: packHex(purged), kept: packHex(kept) };
  const form = receiptShape.form({ version: RECEIPT_VERSION, network, author: signer.peerId, time, ...fields });
  const body = encode(form ?? null);
  return { body, signature: signer.sign(signedBytes(body)) };
}

/**
 * Reads what `signReceipt` wrote, here or elsewhere; not its signature.
 * @throws DfsError `bad-request`
 */
export function parseReceipt(body: Uint8Array): Receipt {
  const fields = receiptShape.parse(decode(body, SCAN_LIMITS), 'receipt');
  if (fields.version !== RECEIPT_VERSION) throw malformed('of a version that is not known here');
  const { network, author, time } = fields;
  const [purged, kept] = [unpackRecordIds(fields.purged), unpackRecordIds(fields.kept)];
  check(purged, kept);
  return { network, author, time, purged, kept };
}

/** Whether `author` signed it. Off the main thread. */
export function verifyReceipt({ body, signature }: SignedRecord, author: string): Promise<boolean> {
  return verifySignatureAsync(author, signedBytes(body), signature);
}

/** Up to when the receipts of an author are known: of each author the newest. */
export interface ReceiptMark {
  author: string;
  time: number;
}

/** Marks one after another, in the order of their authors: peer id (38 bytes), time (u64 big-endian). */
export function packReceiptMarks(marks: readonly ReceiptMark[]): Uint8Array {
  const parts = marks.map(({ author, time }) => {
    const mark = Buffer.alloc(MARK_BYTES);
    mark.set(peerIdToBytes(author));
    mark.writeBigUInt64BE(BigInt(time), PEER_BYTES);
    return mark;
  });
  return Buffer.concat(parts.sort((a, b) => Buffer.compare(a, b)));
}

/** Inverse of packReceiptMarks. @throws DfsError `bad-request` */
export function unpackReceiptMarks(packed: Uint8Array): ReceiptMark[] {
  if (packed.length % MARK_BYTES !== 0) throw malformed('cut short');
  const bytes = bufferOf(packed);
  return Array.from({ length: packed.length / MARK_BYTES }, (_, index) => {
    const at = index * MARK_BYTES;
    const time = Number(bytes.readBigUInt64BE(at + PEER_BYTES));
    if (!Number.isSafeInteger(time)) throw malformed('a time beyond all times');
    return { author: peerIdFromBytes(Uint8Array.from(bytes.subarray(at, at + PEER_BYTES))), time };
  });
}

/** The first 16 bytes of SHA-256 over the packed marks; all zero for none. */
export function printOfMarks(marks: readonly ReceiptMark[]): Uint8Array {
  return marks.length === 0 ? new Uint8Array(16) : sha256(packReceiptMarks(marks)).subarray(0, 16);
}

function check(purged: readonly string[], kept: readonly string[]): void {
  const ascend = (list: readonly string[]): boolean => list.every((id, at) => at === 0 || id > list[at - 1]!);
  const all = new Set([...purged, ...kept]);
  const count = purged.length + kept.length;
  if (!ascend(purged) || !ascend(kept) || all.size !== count) throw malformed('ids out of order');
  if (count === 0 || count > MAX_DELETIONS_PER_RECEIPT) throw malformed('no deletions, or too many');
}

/** @throws DfsError `bad-request` */
function unpackRecordIds(packed: Uint8Array): string[] {
  const ids = unpackHex(packed, RECORD_ID_BYTES);
  if (!ids) throw malformed('an id cut short');
  return ids;
}

function signedBytes(body: Uint8Array): Uint8Array {
  return Buffer.concat([SIGNED_PREFIX, body]);
}

function malformed(why: string): DfsError {
  return new DfsError('bad-request', `The receipt is malformed: ${why}.`);
}
