import {
  blocksFrame,
  CHUNKS_PROTOCOL,
  GIVEN_SIZE,
  haveFrame,
  MAX_BLOCKS_PER_FRAME,
  packBits,
  packSizes,
  parseChunksRequest,
  unpackIds,
  type Cid,
  type ChunksRequest,
  type Shape,
  type WireValue,
} from '@dfs/protocol';
import { MiB, DfsError, type Log } from '@dfs/runtime';
import { HASH_ELSEWHERE_BYTES, isNotHere, type ReadBlock } from '@dfs/chunks';
import { firstFrame, FrameWriter, type Channel, type FrameBounds, type Transport } from '@dfs/transport';
import { AvailabilityServer, type IsWhole } from './availability-server.js';
import type { Fetchers } from '../fetchers/fetchers.js';
import { requestsWithin } from '../limits.js';
import type { BlockReader, PinAnswers } from '../ports.js';
import { Handouts } from './handouts.js';
import { ServingQueue } from './serving-queue.js';

/** Small blocks are gathered to frames of about this. */
const FRAME_BYTES = 1 * MiB;

type GetRequest = Extract<ChunksRequest, { method: 'get' }>;

const NONE: ReadonlySet<Cid> = new Set();

/** A block that is sent, or one that is not here. */
type Answer = Partial<Pick<ReadBlock, 'bytes' | 'release'>>;

const ABSENT: Answer = {};
/** Another has been given it. */
const GIVEN: Answer = {};
/** Large ones by themselves, so that the asker need not copy them out of a larger piece. */
const FRAMES: FrameBounds<Answer> = { sizeOf, most: FRAME_BYTES, mostItems: MAX_BLOCKS_PER_FRAME, isAlone: isLarge };

/** The parts by which requests of members are answered. */
export interface BlockServerComponents {
  transport: Pick<Transport, 'handle' | 'limits'>;
  chunks: BlockReader;
  pins: PinAnswers;
  isWhole: IsWhole;
  gatherings: Fetchers;
  log: Log;
}

/**
 * Answers `/dfs/chunks/1`. Those who ask hash what they are sent: large blocks are not hashed here, unless one has turned out wrong. A
 * slow asker holds up only itself.
 */
export class BlockServer {
  private readonly queue = new ServingQueue();
  private readonly bits: AvailabilityServer;
  private readonly handouts: Handouts;
  private sent = 0;
  /** Peers that are being sent blocks, for each request once. */
  private readonly sending: string[] = [];

  constructor(private readonly components: BlockServerComponents) {
    this.bits = new AvailabilityServer(components);
    this.handouts = new Handouts(components.gatherings);
  }

  /** Bytes of blocks sent since the start. */
  get sentBytes(): number {
    return this.sent;
  }

  start(): void {
    this.components.transport.handle(CHUNKS_PROTOCOL, (channel) => this.answer(channel), { limited: true, bulk: true });
  }

  private async answer(channel: Channel): Promise<void> {
    const { header } = await firstFrame(channel);
    const request = parseChunksRequest(header);
    // It takes no turn: it lasts, and costs next to nothing.
    if (request.method === 'bits') return this.bits.answer(channel, request);
    const leave = await this.queue.enter(channel.peerId);
    try {
      if (request.method === 'pins') await this.components.pins.pins(channel, request);
      else if (request.method === 'promise') await this.components.pins.promise(channel, request);
      else if (request.method === 'have') await this.sendHave(channel, unpackIds(request.ids));
      else await this.inShare(channel.peerId, () => this.sendBlocks(channel, request));
    } finally {
      leave();
    }
  }

  /** Where the limit that is set would leave too little for each, some ask again later: those first who are being sent some. */
  private async inShare(asker: string, send: () => Promise<void>): Promise<void> {
    const { sending, components } = this;
    const most = requestsWithin(components.transport.limits().send ?? Infinity);
    if (sending.length >= (sending.includes(asker) ? most : 2 * most)) {
      throw new DfsError('too-many-requests', 'This node sends as much as its limit allows: ask again in a moment.');
    }
    sending.push(asker);
    try {
      await send();
    } finally {
      sending.splice(sending.indexOf(asker), 1);
    }
  }

  private async sendHave(channel: Channel, ids: readonly Cid[]): Promise<void> {
    const here = await this.components.chunks.has(ids);
    await channel.send(form(haveFrame, { have: packBits(ids.map((id) => here.has(id))) }));
  }

  private async sendBlocks(channel: Channel, request: GetRequest): Promise<void> {
    const ids = unpackIds(request.ids);
    const elsewhere = this.claim(ids, channel.peerId, request);
    const frames = new FrameWriter<Answer>(FRAMES, (answers) => sendAnswers(channel, answers));
    const unsent = new Set(request.shared ? ids : []);
    const without = (id: Cid): Answer => (elsewhere.has(id) ? GIVEN : ABSENT);
    let answered = 0;
    try {
      const wanted = elsewhere.size > 0 ? ids.filter((id) => !elsewhere.has(id)) : ids;
      for await (const block of this.read(wanted, channel.signal, request.checked)) {
        for (; ids[answered] !== block.id; answered++) await frames.add(without(ids[answered]!));
        await frames.add(block);
        this.sent += block.bytes.length;
        unsent.delete(block.id);
        answered++;
      }
      for (; answered < ids.length; answered++) await frames.add(without(ids[answered]!));
      await frames.end();
    } finally {
      this.handouts.takeBack(unsent, channel.peerId);
    }
  }

  /** Of these, those that others who fetch the same have been given. */
  private claim(ids: readonly Cid[], asker: string, { shared, insist }: GetRequest): ReadonlySet<Cid> {
    if (!shared) return NONE;
    this.components.gatherings.heardOf(shared.content, shared.extent, asker);
    return this.handouts.claim(ids, { asker, extent: shared, insist });
  }

  /** Those that are here, in order. A block that turns out damaged or gone is one that is not here. */
  private async *read(ids: readonly Cid[], signal: AbortSignal, checked: boolean): AsyncIterable<ReadBlock> {
    const { chunks, gatherings } = this.components;
    const here = await chunks.has(ids);
    let run: Cid[] = [];
    for (const id of ids) {
      if (here.has(id)) {
        run.push(id);
      } else if (gatherings.has(id)) {
        yield* this.readStored(run, signal, checked);
        run = [];
        // It came a moment ago, and may be committed by now.
        const bytes = await this.bits.readUncommitted(id, checked);
        if (bytes) yield { id, bytes };
        else run.push(...(await chunks.has([id])));
      }
    }
    yield* this.readStored(run, signal, checked);
  }

  private async *readStored(ids: readonly Cid[], signal: AbortSignal, checked: boolean): AsyncIterable<ReadBlock> {
    const { chunks, log } = this.components;
    let rest = ids;
    while (rest.length > 0) {
      let read = 0;
      try {
        for await (const block of chunks.getMany(rest, { signal, reuse: true, unhashed: !checked })) {
          read++;
          yield block;
        }
        return;
      } catch (error) {
        if (!isNotHere(error)) throw error;
        log.warn({ err: error, block: rest[read] }, 'a block that was asked for cannot be read');
        rest = rest.slice(read + 1);
      }
    }
  }
}

async function sendAnswers(channel: Channel, answers: readonly Answer[]): Promise<void> {
  const parts = answers.flatMap(({ bytes }) => (bytes ? [bytes] : []));
  await channel.send(form(blocksFrame, { sizes: packSizes(answers.map(saidSize)) }), parts);
  for (const answer of answers) if (isLarge(answer)) answer.release?.();
}

function sizeOf({ bytes }: Answer): number {
  return bytes?.length ?? 0;
}

function saidSize(answer: Answer): number {
  return answer === GIVEN ? GIVEN_SIZE : sizeOf(answer);
}

function isLarge(answer: Answer): boolean {
  return sizeOf(answer) >= HASH_ELSEWHERE_BYTES;
}

function form<T>(of: Shape<T>, value: T): WireValue {
  return of.form(value) ?? null;
}
