import { randomBytes } from 'node:crypto';
import {
  DfsError,
  MAX_RANGES_PER_FRAME,
  MAX_SYNC_PAYLOAD_BYTES,
  packedRecordSize,
  packIndexes,
  packRecordIds,
  packRecords,
  parseSyncMessage,
  SYNC_PARTS,
  SYNC_PRINT_BYTES,
  SYNC_STEP_BITS,
  unpackIndexes,
  unpackRecordIds,
  unpackRecords,
  type SignedRecord,
  type SyncMessage,
  type WireValue,
} from '@dfs/protocol';
import { LEAF_BITS, type IdRange, type SetRoot } from '../fingerprints.js';
import { RECORDS_PER_UNIT, type Received } from '../intake.js';
import type { RecordSet } from '../record-set.js';
import { slices } from '../slices.js';

/** What an exchange needs of a stream. */
export interface SyncChannel {
  readonly peerId: string;
  readonly signal: AbortSignal;
  send(header: WireValue, payload?: Uint8Array): Promise<void>;
  frames(): AsyncIterable<{ readonly header: WireValue; readonly payload: Uint8Array }>;
  end(): Promise<void>;
  abort(error: Error): void;
}

export interface ExchangeParts {
  channel: SyncChannel;
  records: RecordSet;
  receive: (records: readonly SignedRecord[]) => Promise<Received>;
  /** The first records are about to move. */
  started: () => Promise<void>;
  /** A frame came or went: the other side is alive. */
  progress: () => void;
}

export interface ExchangeOutcome {
  result: 'same' | 'busy' | 'done';
  /** Records that came into this node's set, and records that were sent. */
  received: number;
  sent: number;
  /** The other's set when it last spoke. */
  theirs: SetRoot | undefined;
}

/** Ids one side may list or ask for in a turn: a bound on what it makes the other remember. */
const MAX_IDS_PER_TURN = 8_000_000;
const IDS_PER_FRAME = MAX_SYNC_PAYLOAD_BYTES / 32;
const WHOLE: IdRange = { bits: 0, index: 0 };

/** What is to be said in the next turn. */
interface Turn {
  /** Ranges whose parts' fingerprints are to be sent. */
  divide: IdRange[];
  /** Ranges whose ids are to be listed. */
  list: IdRange[];
  /** Ids and ranges to ask for. */
  want: string[];
  all: IdRange[];
  /** Ids and ranges whose records are to be sent. */
  sendIds: string[];
  sendRanges: IdRange[];
}

/**
 * One exchange over one stream: both sides end with the union of their sets. The sides take turns. A range of ids whose
 * fingerprints differ is divided into 64 parts, down to the leaves, of which the ids are listed; a range that one side
 * has nothing of is sent whole. The cost follows the difference, not the size of the sets.
 */
export class Exchange {
  private readonly frames: AsyncIterator<{ header: WireValue; payload: Uint8Array }>;
  private salt: Uint8Array = randomBytes(8);
  private received = 0;
  private sent = 0;
  private began = false;
  private theirs: SetRoot | undefined;

  constructor(
    private readonly parts: ExchangeParts,
    /** Of a channel whose first frame has been read: what is left of it. */
    frames?: AsyncIterator<{ header: WireValue; payload: Uint8Array }>,
  ) {
    this.frames = frames ?? parts.channel.frames()[Symbol.asyncIterator]();
  }

  /** Opens the exchange and carries it through. */
  async initiate(): Promise<ExchangeOutcome> {
    const { count, print } = this.parts.records.root();
    await this.send({ t: 'hello', count, print, salt: this.salt });
    const first = await this.next();
    const { message } = first;
    if (message.t === 'busy' || message.t === 'same') {
      if (message.t === 'busy') this.theirs = message;
      await this.finish();
      return this.outcome(message.t);
    }
    await this.takeTurns(await this.readTurn(first));
    return this.outcome('done');
  }

  /** Answers an exchange that the other side has opened. */
  async answer(hello: Extract<SyncMessage, { t: 'hello' }>): Promise<ExchangeOutcome> {
    this.salt = hello.salt;
    this.theirs = hello;
    const mine = this.parts.records.root();
    if (sameRoot(mine, hello)) {
      await this.send({ t: 'same' });
      return this.outcome('same');
    }
    const turn = emptyTurn();
    if (hello.count === 0) turn.sendRanges.push(WHOLE);
    else if (mine.count === 0) turn.all.push(WHOLE);
    else turn.divide.push(WHOLE);
    await this.takeTurns(turn);
    return this.outcome('done');
  }

  /** Speaks and listens in turn, until a turn asks for nothing. */
  private async takeTurns(first: Turn | undefined): Promise<void> {
    for (let turn = first; turn !== undefined;) {
      if (!(await this.speak(turn))) break;
      turn = await this.readTurn(await this.next());
    }
    await this.finish();
  }

  /** Lets both sides come to their end. */
  private async finish(): Promise<void> {
    await this.parts.channel.end();
    for (;;) if ((await this.frames.next()).done) return;
  }

  /** @returns whether the turn asks for an answer. */
  private async speak(turn: Turn): Promise<boolean> {
    const more = turn.divide.length + turn.list.length + turn.want.length + turn.all.length > 0;
    await this.sendPrints(turn.divide);
    await this.sendIds(turn.list);
    for (const ids of slices(turn.want, IDS_PER_FRAME)) await this.send({ t: 'want' }, packRecordIds(ids));
    for (const [bits, of] of byBits(turn.all)) await this.send({ t: 'all', bits, of: packIndexes(of) });
    if (turn.sendRanges.length > 0) await this.sendRecords(this.parts.records.inRanges(turn.sendRanges));
    if (turn.sendIds.length > 0) await this.sendRecords(this.parts.records.byId(turn.sendIds));
    const { count, print } = this.parts.records.root();
    await this.send({ t: 'turn', count, print, more });
    return more;
  }

  /** Reads the other side's turn. @returns what to answer; undefined when it asks for nothing. */
  private async readTurn(first: Message): Promise<Turn | undefined> {
    const turn = emptyTurn();
    let records: SignedRecord[] = [];
    let ids = 0;
    for (let { message, payload } = first; ; { message, payload } = await this.next()) {
      switch (message.t) {
        case 'prints':
          this.comparePrints(message.bits, unpackIndexes(message.of, 2 ** message.bits), payload, turn);
          break;
        case 'ids':
          ids += payload.length / 32;
          await this.compareIds(message, payload, turn);
          break;
        case 'want':
          turn.sendIds.push(...unpackRecordIds(payload));
          ids += payload.length / 32;
          break;
        case 'all':
          turn.sendRanges.push(...rangesOf(message.bits, unpackIndexes(message.of, 2 ** message.bits)));
          break;
        case 'records':
          records.push(...unpackRecords(payload));
          if (records.length >= RECORDS_PER_UNIT) {
            await this.store(records);
            records = [];
          }
          break;
        case 'turn':
          await this.store(records);
          this.theirs = message;
          return message.more ? turn : undefined;
        default:
          throw misbehaved(`a ${message.t} within a turn`);
      }
      if (ids > MAX_IDS_PER_TURN) throw misbehaved('too many ids');
    }
  }

  private comparePrints(bits: number, of: readonly number[], payload: Uint8Array, turn: Turn): void {
    const childBits = bits + SYNC_STEP_BITS;
    if (childBits > LEAF_BITS || payload.length !== of.length * SYNC_PARTS * SYNC_PRINT_BYTES) {
      throw misbehaved('fingerprints that were not asked for');
    }
    for (const [nth, parent] of of.entries()) {
      for (let part = 0; part < SYNC_PARTS; part++) {
        const at = (nth * SYNC_PARTS + part) * SYNC_PRINT_BYTES;
        const range = { bits: childBits, index: parent * SYNC_PARTS + part };
        this.comparePrint(range, payload.subarray(at, at + SYNC_PRINT_BYTES), turn);
      }
    }
  }

  private comparePrint(range: IdRange, theirs: Uint8Array, turn: Turn): void {
    const mine = this.parts.records.print(range, this.salt);
    if (Buffer.compare(mine, theirs) === 0) return;
    if (isEmpty(theirs)) turn.sendRanges.push(range);
    else if (isEmpty(mine)) turn.all.push(range);
    else if (range.bits < LEAF_BITS) turn.divide.push(range);
    else turn.list.push(range);
  }

  private async compareIds(
    message: Extract<SyncMessage, { t: 'ids' }>,
    payload: Uint8Array,
    turn: Turn,
  ): Promise<void> {
    const ranges = rangesOf(message.bits, unpackIndexes(message.of, 2 ** message.bits));
    const counts = unpackIndexes(message.counts);
    const theirs = unpackRecordIds(payload);
    if (counts.length !== ranges.length || counts.reduce((sum, count) => sum + count, 0) !== theirs.length) {
      throw misbehaved('ids that do not add up');
    }
    const listed = new Set(theirs);
    for (const range of ranges) {
      for (const id of await this.parts.records.idsIn(range)) if (!listed.has(id)) turn.sendIds.push(id);
    }
    turn.want.push(...(await this.parts.records.missing(theirs)));
  }

  private async sendPrints(ranges: readonly IdRange[]): Promise<void> {
    for (const [bits, indexes] of byBits(ranges)) {
      const prints = indexes.flatMap((index) =>
        Array.from({ length: SYNC_PARTS }, (_, part) =>
          this.parts.records.print({ bits: bits + SYNC_STEP_BITS, index: index * SYNC_PARTS + part }, this.salt),
        ),
      );
      await this.send({ t: 'prints', bits, of: packIndexes(indexes) }, Buffer.concat(prints));
    }
  }

  private async sendIds(ranges: readonly IdRange[]): Promise<void> {
    for (const [bits, indexes] of byBits(ranges)) {
      let of: number[] = [];
      let counts: number[] = [];
      let ids: string[] = [];
      const flush = async (): Promise<void> => {
        if (of.length === 0) return;
        await this.send({ t: 'ids', bits, of: packIndexes(of), counts: packIndexes(counts) }, packRecordIds(ids));
        of = [];
        counts = [];
        ids = [];
      };
      for (const index of indexes) {
        const found = await this.parts.records.idsIn({ bits, index });
        if (ids.length + found.length > IDS_PER_FRAME) await flush();
        of.push(index);
        counts.push(found.length);
        ids.push(...found);
      }
      await flush();
    }
  }

  private async sendRecords(records: AsyncIterable<SignedRecord>): Promise<void> {
    let frame: SignedRecord[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      if (frame.length === 0) return;
      await this.begin();
      await this.send({ t: 'records' }, packRecords(frame));
      this.sent += frame.length;
      frame = [];
      size = 0;
    };
    for await (const record of records) {
      if (size + packedRecordSize(record) > MAX_SYNC_PAYLOAD_BYTES) await flush();
      frame.push(record);
      size += packedRecordSize(record);
    }
    await flush();
  }

  private async store(records: readonly SignedRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.begin();
    this.received += (await this.parts.receive(records)).added;
  }

  private async begin(): Promise<void> {
    if (this.began) return;
    this.began = true;
    await this.parts.started();
  }

  private async send(message: SyncMessage, payload?: Uint8Array): Promise<void> {
    await this.parts.channel.send(message, payload);
    this.parts.progress();
  }

  private async next(): Promise<Message> {
    const step = await this.frames.next();
    if (step.done) throw misbehaved('the end before its turn was over');
    this.parts.progress();
    return { message: parseSyncMessage(step.value.header), payload: step.value.payload };
  }

  private outcome(result: ExchangeOutcome['result']): ExchangeOutcome {
    return { result, received: this.received, sent: this.sent, theirs: this.theirs };
  }
}

interface Message {
  message: SyncMessage;
  payload: Uint8Array;
}

export function sameRoot(a: SetRoot, b: SetRoot): boolean {
  return a.count === b.count && Buffer.compare(a.print, b.print) === 0;
}

function emptyTurn(): Turn {
  return { divide: [], list: [], want: [], all: [], sendIds: [], sendRanges: [] };
}

function isEmpty(print: Uint8Array): boolean {
  return print.every((byte) => byte === 0);
}

function rangesOf(bits: number, indexes: readonly number[]): IdRange[] {
  if (bits > LEAF_BITS) throw misbehaved('ranges finer than agreed');
  return indexes.map((index) => ({ bits, index }));
}

/** Ranges by their bits, in lists that fit a frame. */
function* byBits(ranges: readonly IdRange[]): Iterable<[number, number[]]> {
  for (const bits of new Set(ranges.map((range) => range.bits))) {
    const indexes = ranges.filter((range) => range.bits === bits).map((range) => range.index);
    for (const part of slices(indexes, MAX_RANGES_PER_FRAME)) yield [bits, part];
  }
}

function misbehaved(what: string): DfsError {
  return new DfsError('peer-misbehaved', `The peer sent ${what} while its catalogue was compared.`);
}
