import { randomBytes } from 'node:crypto';
import {
  parseSyncMessage,
  SYNC_PRINT_BYTES,
  SYNC_SHORT_ID_BYTES,
  unpackRecords,
  type SignedRecord,
  type SyncMessage,
} from '@dfs/protocol';
import type { SetRoot } from '../../store/fingerprints.js';
import type { SyncChannel, SyncFrame } from '../../ports.js';
import { RECORDS_PER_UNIT, type Received } from '../../receive/intake.js';
import type { RecordSet } from '../../store/record-set.js';
import { compareIds, comparePrints, findWanted } from './compare.js';
import { speak } from './send-turn.js';
import {
  asks,
  emptyTurn,
  limit,
  lookInto,
  misbehaved,
  rangesOf,
  TURN_LIMITS,
  WHOLE,
  type Turn,
  type TurnLimits,
} from './turn.js';

/** One stream to a member and the set to compare over it. `receive` stores what comes, as far as it is valid. */
export interface ExchangeParts {
  channel: SyncChannel;
  records: RecordSet;
  receive: (records: readonly SignedRecord[]) => Promise<Received>;
  /** The first records are about to move. */
  started: () => Promise<void>;
  /** A frame came or went: the other side is alive. */
  progress: () => void;
}

/** How an exchange ended: nothing to do, the other side had no time, or records moved as far as they were to move. */
export interface ExchangeOutcome {
  result: 'same' | 'busy' | 'done';
  /** Records that came into this node's set, and records that were sent. */
  received: number;
  sent: number;
  /** The other's set when it last spoke. */
  theirs: SetRoot | undefined;
  /** Differences were left to the next exchange. */
  rest: boolean;
}

/** Ids and ranges one side may name in a turn: a bound on the work it makes the other do. */
const MAX_NAMED_PER_TURN = 2_000_000;
/** Turns of an exchange; eight are enough. */
const MAX_TURNS = 16;

/**
 * One exchange over one stream: both sides end with the union of their sets. The method is range-based set reconciliation
 * (A. Meyer 2022; negentropy by D. Hoyte is another form of it). The sides take turns. A range of ids whose
 * fingerprints differ is divided into 64 parts, until it has so few ids that they are listed; a range that one side has
 * nothing of is sent whole. The cost follows the difference, not the size of the sets. Memory is bounded: of a difference
 * too large for that, a part is left to the next exchange.
 */
export class Exchange {
  private readonly frames: AsyncIterator<SyncFrame>;
  private salt: Uint8Array = randomBytes(8);
  /** Records that came into this node's set so far, and records that were sent. */
  received = 0;
  sent = 0;
  private began = false;
  private theirs: SetRoot | undefined;
  private rest = false;

  constructor(
    private readonly parts: ExchangeParts,
    /** Of a channel whose first frame has been read: what is left of it. */
    frames?: AsyncIterator<SyncFrame>,
    private readonly limits: TurnLimits = TURN_LIMITS,
  ) {
    this.frames = frames ?? parts.channel.frames()[Symbol.asyncIterator]();
  }

  /** Opens the exchange and carries it through. */
  async initiate(): Promise<ExchangeOutcome> {
    await this.send({ t: 'hello', ...this.parts.records.root(), salt: this.salt });
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
    const turn = emptyTurn(this.limits);
    if (hello.count === 0) turn.sendRanges.push(WHOLE);
    else if (mine.count === 0) turn.all.push(WHOLE);
    else lookInto(turn, WHOLE, mine.count);
    await this.takeTurns(turn);
    return this.outcome('done');
  }

  /** Speaks and listens in turn, until a turn asks for nothing. */
  private async takeTurns(first: Turn | undefined): Promise<void> {
    let turn = first;
    for (let count = 0; turn !== undefined; count++) {
      if (count > MAX_TURNS) throw misbehaved('ever more questions');
      limit(turn);
      this.rest ||= turn.rest;
      this.sent += await speak(
        {
          records: this.parts.records,
          salt: this.salt,
          send: (message, payload) => this.send(message, payload),
          begin: () => this.begin(),
        },
        turn,
      );
      turn = asks(turn) ? await this.readTurn(await this.next()) : undefined;
    }
    await this.finish();
  }

  /** Lets both sides come to their end. */
  private async finish(): Promise<void> {
    await this.parts.channel.end();
    for (;;) if ((await this.frames.next()).done) return;
  }

  /** Reads the other side's turn. @returns what to answer; undefined when it asks for nothing. */
  private async readTurn(first: Message): Promise<Turn | undefined> {
    const turn = emptyTurn(this.limits);
    let records: SignedRecord[] = [];
    let named = 0;
    for (let { message, payload } = first; ; { message, payload } = await this.next()) {
      switch (message.t) {
        case 'prints':
          await comparePrints(this.parts.records, this.salt, message, payload, turn);
          named += payload.length / SYNC_PRINT_BYTES;
          break;
        case 'ids':
          await compareIds(this.parts.records, this.salt, message, payload, turn);
          named += payload.length / SYNC_SHORT_ID_BYTES;
          break;
        case 'want':
          await findWanted(this.parts.records, this.salt, message, payload, turn);
          named += payload.length / SYNC_SHORT_ID_BYTES;
          break;
        case 'all':
          turn.sendRanges.push(...rangesOf(message));
          named += message.of.length / 4;
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
          this.rest ||= message.rest;
          return message.more ? turn : undefined;
        default:
          throw misbehaved(`a ${message.t} within a turn`);
      }
      if (named > MAX_NAMED_PER_TURN) throw misbehaved('more than can be remembered');
    }
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
    return { result, received: this.received, sent: this.sent, theirs: this.theirs, rest: this.rest };
  }
}

interface Message {
  message: SyncMessage;
  payload: Uint8Array;
}

/** Whether two sets are equal. Sets of equal size and fingerprint are taken for equal: 128 bits of a hash. */
export function sameRoot(a: SetRoot, b: SetRoot): boolean {
  return a.count === b.count && Buffer.compare(a.print, b.print) === 0;
}
