import { BLOBS, byIds, type Reader } from '@dfs/database';
import { Turns } from '@dfs/runtime';
import { parseRecord, recordIdOf, verifyRecord, type ParsedRecord, type SignedRecord, toHex } from '@dfs/protocol';
import type { RefusalReason } from './refusals.js';

/** A record whose form and signature are right. */
export type VerifiedRecord = SignedRecord & ParsedRecord;

/** Signatures at work on the thread pool at once; more would keep the database waiting behind them. */
const SIGNATURES_AT_ONCE = 4;

/** The rest of the records that came: those to be judged, and how many there were already. The others were refused. */
export interface Screened {
  verified: VerifiedRecord[];
  /** Already stored, in whatever state. */
  known: number;
}

/**
 * Tells the records that are worth a place in a unit of work from those that are not: known ones first, since a
 * signature is what costs. One bad record does not harm the others.
 */
export async function screen(
  reader: Reader,
  networkId: string,
  records: readonly SignedRecord[],
  refuse: (reason: RefusalReason) => void,
): Promise<Screened> {
  const unique = new Map(records.map(copied).map((record) => [recordIdOf(record.body), record]));
  const stored = await storedIds(reader, [...unique.keys()]);
  const parsed: VerifiedRecord[] = [];
  const turns = new Turns();
  for (const [id, record] of unique) {
    if (stored.has(id)) continue;
    if (turns.isDue) await turns.next();
    const one = parse(record, id);
    if (one === undefined) refuse('malformed');
    else if (one.envelope.network !== networkId) refuse('other-network');
    else parsed.push(one);
  }
  return { verified: await signedOnes(parsed, refuse), known: records.length - unique.size + stored.size };
}

/** Which of these ids are stored, in whatever state. */
export async function storedIds(reader: Reader, ids: readonly string[]): Promise<Set<string>> {
  const rows = await byIds<{ id: Uint8Array }>(reader, `SELECT id FROM catalogue_record WHERE id IN ${BLOBS}`, ids);
  return new Set(rows.map((row) => toHex(row.id)));
}

/** In memory that records share: the bytes may belong to a buffer of the transport. */
function copied({ body, signature }: SignedRecord): SignedRecord {
  return { body: Buffer.from(body), signature: Buffer.from(signature) };
}

function parse({ body, signature }: SignedRecord, id: string): VerifiedRecord | undefined {
  try {
    return { ...parseRecord(body, id), body, signature };
  } catch {
    return undefined;
  }
}

async function signedOnes(
  records: readonly VerifiedRecord[],
  refuse: (reason: RefusalReason) => void,
): Promise<VerifiedRecord[]> {
  const valid = new Array<boolean>(records.length).fill(false);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < records.length; at = next++) {
      const record = records[at] as VerifiedRecord;
      valid[at] = await verifyRecord(record, record.envelope.author);
    }
  };
  await Promise.all(Array.from({ length: SIGNATURES_AT_ONCE }, worker));
  return records.filter((_, index) => {
    if (!valid[index]) refuse('bad-signature');
    return valid[index];
  });
}
