import { BLOBS, byIds, changeByIds, PAIRS, slices, type Database, type Tx } from '@dfs/database';
import {
  CHUNKS_PROTOCOL,
  cidFromBytes,
  cidToBytes,
  MAX_PROMISES,
  packBits,
  packExtents,
  PROMISE_TIME,
  promiseFrame,
  unpackBits,
  unpackExtents,
  type Cid,
  type ExtentId,
  type PromiseRequest,
  type WireValue,
} from '@dfs/protocol';
import { second, DfsError, type Clock, type Log } from '@dfs/runtime';
import { ask, type Channel } from '@dfs/transport';
import type { Opener, BlockReader } from '@dfs/transfer';
import { extentKey } from '../plan/extents.js';
import type { BlockProver } from '../ports.js';
import { needsOf } from './extent-blocks.js';
import { keyOf, type PinLog, type PinnedExtent } from './pin-log.js';

/** Time for a member to promise a batch. */
const PROMISE_ANSWER_TIME = 30 * second;
/** Of this, time to read and hash what is to be promised; what was not reached is refused, and counts the next time. */
const PROVE_TIME = 10 * second;

const LOOK_UP = 10_000;

/** The parts by which this node proves that it has an extent before it promises to keep it. */
export interface PromisesComponents {
  db: Database;
  pins: PinLog;
  chunks: Pick<BlockReader, 'get'> & BlockProver;
  clock: Clock;
  /** Whether this node may promise anything at the moment; always when left out. */
  mayPromise?: () => boolean;
}

/**
 * Promises of this node to keep extents, so that others could release theirs: noted on disk before it is said, and
 * kept to across restarts. One note for each extent at most, the one that lasts longest.
 */
export class Promises {
  constructor(private readonly components: PromisesComponents) {}

  /** Answers a request: see PROTOCOL.md. */
  async answer(channel: Channel, request: PromiseRequest): Promise<void> {
    const asked = unpackExtents(request.extents);
    const given = await this.give(asked, channel.signal);
    const promised = packBits(asked.map(({ content, extent }) => given.has(extentKey(content, extent))));
    await channel.send(promiseFrame.form({ promised }) as WireValue);
  }

  /**
   * Promises those of these extents that are pinned and whole, from now on for PROMISE_TIME. Those that this node is
   * about to let
   * go of itself is not pinned.
   * @returns their keys, once that is durable
   */
  async give(asked: readonly ExtentId[], signal: AbortSignal): Promise<Set<string>> {
    const { db, pins, clock, mayPromise } = this.components;
    if (mayPromise?.() === false) return new Set();
    const whole = await this.whole(asked, signal);
    if (whole.length === 0) return new Set();
    return db.write(async (tx) => {
      const pinned = keysOf(await pins.of(contentsOf(whole), ['promised'], tx));
      const given = whole.filter(({ content, extent }) => pinned.has(extentKey(content, extent)));
      const until = clock.now() + PROMISE_TIME;
      await changeByIds(
        tx,
        `INSERT INTO placement_promise (content, extent, until)
         SELECT unhex(value ->> 0), value ->> 1, ?2 FROM json_each(?1) WHERE true
         ON CONFLICT (content, extent) DO UPDATE SET until = max(until, excluded.until)`,
        given.map(pairOf),
        [until],
      );
      return new Set(given.map(({ content, extent }) => extentKey(content, extent)));
    });
  }

  /** Those of these extents of which no promise is outstanding, as long as the unit of work lasts. */
  async free(tx: Tx, extents: readonly PinnedExtent[]): Promise<PinnedExtent[]> {
    const now = this.components.clock.now();
    const rows = await byIds<{ content: Uint8Array; extent: number }>(
      tx,
      `SELECT content, extent FROM placement_promise WHERE until > ?2 AND (content, extent) IN ${PAIRS}`,
      extents.map(pairOf),
      [now],
    );
    const bound = new Set(rows.map(({ content, extent }) => `${keyOf(content)}/${extent}`));
    return extents.filter(({ content, extent }) => !bound.has(`${keyOf(cidToBytes(content))}/${extent}`));
  }

  /** Which of these contents have an extent of which a promise is outstanding, as long as the unit of work lasts. */
  async outstanding(tx: Tx, contents: readonly Cid[]): Promise<Set<Cid>> {
    const now = this.components.clock.now();
    const rows = await byIds<{ content: Uint8Array }>(
      tx,
      `SELECT DISTINCT content FROM placement_promise WHERE until > ?2 AND content IN ${BLOBS}`,
      contents.map(cidToBytes),
      [now],
    );
    return new Set(rows.map(({ content }) => cidFromBytes(content)));
  }

  /** Forgets what has run out. A clock that was set back makes none last longer than it was meant to. */
  async sweep(): Promise<void> {
    const now = this.components.clock.now();
    await this.components.db.write(async (tx) => {
      await tx.later('DELETE FROM placement_promise WHERE until <= ?', [now]);
      await tx.later('UPDATE placement_promise SET until = ? WHERE until > ?', [
        now + PROMISE_TIME,
        now + PROMISE_TIME,
      ]);
    });
  }

  /** Those that are pinned and of which the bytes of every block are right. */
  private async whole(asked: readonly ExtentId[], signal: AbortSignal): Promise<ExtentId[]> {
    const { chunks } = this.components;
    const deadline = performance.now() + PROVE_TIME;
    const whole: ExtentId[] = [];
    const group = new Map<ExtentId, Cid[]>();
    let ids = 0;
    const lookUp = async (): Promise<void> => {
      // The index may know what has rotted since: others let go of theirs by what is said here.
      const timeMs = Math.max(0, deadline - performance.now());
      const here = await chunks.prove([...new Set([...group.values()].flat())], { timeMs, signal });
      for (const [extent, needs] of group) if (needs.every((id) => here.has(id))) whole.push(extent);
      group.clear();
      ids = 0;
    };
    const wanted = keysOf(asked);
    for (const pin of await this.components.pins.of(contentsOf(asked))) {
      if (!wanted.has(extentKey(pin.content, pin.extent))) continue;
      const needs = await needsOf({ chunks }, pin, signal);
      if (!needs) continue;
      group.set(pin, needs);
      ids += needs.length;
      if (ids >= LOOK_UP) await lookUp();
    }
    await lookUp();
    return whole;
  }
}

function keysOf(extents: readonly ExtentId[]): Set<string> {
  return new Set(extents.map(({ content, extent }) => extentKey(content, extent)));
}

function contentsOf(extents: readonly ExtentId[]): Cid[] {
  return [...new Set(extents.map(({ content }) => content))];
}

function pairOf({ content, extent }: ExtentId): [Uint8Array, number] {
  return [cidToBytes(content), extent];
}

/**
 * Asks a member to promise these extents. @returns keys of those that it has promised
 * @throws DfsError `peer-misbehaved`, `timeout`, and what a Channel throws
 */
export async function askPromises(
  transport: Opener,
  peerId: string,
  extents: readonly ExtentId[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const promised = new Set<string>();
  for (const part of slices(extents, MAX_PROMISES)) {
    const question = { method: 'promise', extents: packExtents(part) };
    const { header } = await ask(transport, peerId, CHUNKS_PROTOCOL, question, {
      signal,
      timeoutMs: PROMISE_ANSWER_TIME,
    });
    const bits = bitsOf(header, part.length);
    part.forEach(({ content, extent }, index) => bits[index] && promised.add(extentKey(content, extent)));
  }
  return promised;
}

/** An extent, and the members that are asked to promise it. */
export interface Asked {
  readonly pin: PinnedExtent;
  readonly members: readonly string[];
}

/** Asks members for promises, all at once. @returns keys of what each has promised; who does not answer is left out */
export async function gatherPromises(
  { transport, log }: { transport: Opener; log: Log },
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<Map<string, Set<string>>> {
  const questions = new Map<string, PinnedExtent[]>();
  for (const { pin, members } of asked) {
    for (const peerId of members) {
      const pins = questions.get(peerId);
      if (pins) pins.push(pin);
      else questions.set(peerId, [pin]);
    }
  }
  const promised = new Map<string, Set<string>>();
  await Promise.all(
    [...questions].map(async ([peerId, pins]) => {
      try {
        promised.set(peerId, await askPromises(transport, peerId, pins, signal));
      } catch (error) {
        log.debug({ err: error, peerId }, 'a member has promised nothing');
      }
    }),
  );
  return promised;
}

function bitsOf(header: WireValue, count: number): boolean[] {
  try {
    return unpackBits(promiseFrame.parse(header, 'answer').promised, count);
  } catch (cause) {
    throw new DfsError('peer-misbehaved', 'A peer was asked for promises, and its answer is malformed.', { cause });
  }
}
