import {
  MAX_SYNC_PAYLOAD_BYTES,
  packIndexes,
  packRecords,
  packShortIds,
  shortIdOf,
  SYNC_SHORT_ID_BYTES,
  type SignedRecord,
  type SyncMessage,
} from '@dfs/protocol';
import { FrameWriter } from '@dfs/transport';
import type { IdRange } from '../../store/fingerprints.js';
import type { RecordSet } from '../../store/record-set.js';
import { RECORD_FRAMES } from '../record-frames.js';
import { asks, byBits, type Listed, type Turn } from './turn.js';

/** Short ids in one frame. */
const IDS_PER_FRAME = MAX_SYNC_PAYLOAD_BYTES / SYNC_SHORT_ID_BYTES;

/**
 * The side of an exchange that speaks. `salt` is that of the exchange, by which ids are shortened and ranges summed.
 */
export interface Speaker {
  records: Pick<RecordSet, 'ranges' | 'byId' | 'inRanges' | 'root'>;
  salt: Uint8Array;
  send: (message: SyncMessage, payload?: Uint8Array) => Promise<void>;
  /** Before the first records of the exchange. */
  begin: () => Promise<void>;
}

/** Sends a turn in frames of bounded size. @returns how many records were sent */
export async function speak(speaker: Speaker, turn: Turn): Promise<number> {
  const { records, send } = speaker;
  await sendPrints(speaker, turn.divide);
  for (const [bits, ranges] of byBits(turn.list, itself))
    await sendListed(speaker, 'ids', bits, idsOf(speaker, ranges));
  for (const [bits, listed] of byBits(turn.want, ({ range }) => range)) await sendListed(speaker, 'want', bits, listed);
  for (const [bits, ranges] of byBits(turn.all, itself)) await send({ t: 'all', bits, of: packRanges(ranges) });
  let sent = 0;
  if (turn.sendRanges.length > 0) sent += await sendRecords(speaker, records.inRanges(turn.sendRanges));
  if (turn.sendIds.length > 0) sent += await sendRecords(speaker, records.byId(turn.sendIds));
  await send({ t: 'turn', ...records.root(), more: asks(turn), rest: turn.rest });
  return sent;
}

async function sendPrints({ records, salt, send }: Speaker, divide: readonly IdRange[]): Promise<void> {
  const reader = records.ranges();
  for (const [bits, ranges] of byBits(divide, itself)) {
    const prints: Uint8Array[] = [];
    for (const range of ranges) for (const { print } of await reader.parts(range, salt)) prints.push(print);
    await send({ t: 'prints', bits, of: packRanges(ranges) }, Buffer.concat(prints));
  }
}

/** The short ids of this node's set in these ranges. */
async function* idsOf({ records, salt }: Speaker, ranges: readonly IdRange[]): AsyncIterable<Listed> {
  const reader = records.ranges();
  for (const range of ranges) {
    const ids = (await reader.ids(range)).filter(({ inSet }) => inSet);
    yield { range, ids: ids.map(({ id }) => shortIdOf(salt, id)) };
  }
}

async function sendListed(
  { send }: Speaker,
  t: 'ids' | 'want',
  bits: number,
  lists: AsyncIterable<Listed> | Iterable<Listed>,
): Promise<void> {
  const frames = new FrameWriter<Listed>({ sizeOf: ({ ids }) => ids.length, most: IDS_PER_FRAME }, (frame) => {
    const of = packRanges(frame.map(({ range }) => range));
    const counts = packIndexes(frame.map(({ ids }) => ids.length));
    return send({ t, bits, of, counts }, packShortIds(frame.flatMap(({ ids }) => ids)));
  });
  for await (const listed of lists) await frames.add(listed);
  await frames.end();
}

function packRanges(ranges: readonly IdRange[]): Uint8Array {
  return packIndexes(ranges.map(({ index }) => index));
}

function itself(range: IdRange): IdRange {
  return range;
}

async function sendRecords({ send, begin }: Speaker, records: AsyncIterable<SignedRecord>): Promise<number> {
  let sent = 0;
  const frames = new FrameWriter<SignedRecord>(RECORD_FRAMES, async (frame) => {
    await begin();
    await send({ t: 'records', reached: null, contents: undefined }, packRecords(frame));
    sent += frame.length;
  });
  for await (const record of records) await frames.add(record);
  await frames.end();
  return sent;
}
