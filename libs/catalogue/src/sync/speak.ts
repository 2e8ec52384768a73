import {
  MAX_SYNC_PAYLOAD_BYTES,
  packedRecordSize,
  packIndexes,
  packRecordIds,
  packRecords,
  SYNC_PARTS,
  SYNC_STEP_BITS,
  type SignedRecord,
  type SyncMessage,
} from '@dfs/protocol';
import type { IdRange } from '../fingerprints.js';
import type { RecordSet } from '../record-set.js';
import { slices } from '../slices.js';
import { asks, byBits, type Turn } from './turn.js';

/** Ids in one frame. */
const IDS_PER_FRAME = MAX_SYNC_PAYLOAD_BYTES / 32;

export interface Speaker {
  records: Pick<RecordSet, 'print' | 'idsIn' | 'byId' | 'inRanges' | 'root'>;
  salt: Uint8Array;
  send: (message: SyncMessage, payload?: Uint8Array) => Promise<void>;
  /** Before the first records of the exchange. */
  begin: () => Promise<void>;
}

/** Sends a turn in frames of bounded size. @returns how many records were sent */
export async function speak(speaker: Speaker, turn: Turn): Promise<number> {
  const { records, send } = speaker;
  await sendPrints(speaker, turn.divide);
  await sendIds(speaker, turn.list);
  for (const ids of slices(turn.want, IDS_PER_FRAME)) await send({ t: 'want' }, packRecordIds(ids));
  for (const [bits, of] of byBits(turn.all)) await send({ t: 'all', bits, of: packIndexes(of) });
  let sent = 0;
  if (turn.sendRanges.length > 0) sent += await sendRecords(speaker, records.inRanges(turn.sendRanges));
  if (turn.sendIds.length > 0) sent += await sendRecords(speaker, records.byId(turn.sendIds));
  await send({ t: 'turn', ...records.root(), more: asks(turn) });
  return sent;
}

async function sendPrints({ records, salt, send }: Speaker, ranges: readonly IdRange[]): Promise<void> {
  for (const [bits, indexes] of byBits(ranges)) {
    const prints = indexes.flatMap((index) =>
      Array.from({ length: SYNC_PARTS }, (_, part) =>
        records.print({ bits: bits + SYNC_STEP_BITS, index: index * SYNC_PARTS + part }, salt),
      ),
    );
    await send({ t: 'prints', bits, of: packIndexes(indexes) }, Buffer.concat(prints));
  }
}

async function sendIds({ records, send }: Speaker, ranges: readonly IdRange[]): Promise<void> {
  for (const [bits, indexes] of byBits(ranges)) {
    let of: number[] = [];
    let counts: number[] = [];
    let ids: string[] = [];
    const flush = async (): Promise<void> => {
      if (of.length === 0) return;
      await send({ t: 'ids', bits, of: packIndexes(of), counts: packIndexes(counts) }, packRecordIds(ids));
      of = [];
      counts = [];
      ids = [];
    };
    for (const index of indexes) {
      const found = await records.idsIn({ bits, index });
      if (ids.length + found.length > IDS_PER_FRAME) await flush();
      of.push(index);
      counts.push(found.length);
      ids.push(...found);
    }
    await flush();
  }
}

async function sendRecords({ send, begin }: Speaker, records: AsyncIterable<SignedRecord>): Promise<number> {
  let frame: SignedRecord[] = [];
  let size = 0;
  let sent = 0;
  const flush = async (): Promise<void> => {
    if (frame.length === 0) return;
    await begin();
    await send({ t: 'records', reached: null }, packRecords(frame));
    sent += frame.length;
    frame = [];
    size = 0;
  };
  for await (const record of records) {
    if (size + packedRecordSize(record) > MAX_SYNC_PAYLOAD_BYTES) await flush();
    frame.push(record);
    size += packedRecordSize(record);
  }
  await flush();
  return sent;
}
