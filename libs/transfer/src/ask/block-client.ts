import { HASH_ELSEWHERE_BYTES, hashShared, slabs } from '@dfs/chunks';
import { slices } from '@dfs/database';
import {
  bitsFrame,
  bitsRequest,
  blocksFrame,
  checkBits,
  CHUNK_MAX_BYTES,
  CHUNKS_PROTOCOL,
  getRequest,
  GIVEN_SIZE,
  haveFrame,
  MAX_IDS_PER_REQUEST,
  PACKED_ID_BYTES,
  packIds,
  unpackBits,
  unpackSizes,
  type BitsFrame,
  type ChunksRequest,
  type Cid,
  type ExtentId,
  type Shape,
  type WireValue,
} from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import { ask, request, type Transport } from '@dfs/transport';
import { HAVE_TIME } from '../limits.js';

/** The transport, as asking uses it. */
export type Opener = Pick<Transport, 'open'>;

type GetRequest = Extract<ChunksRequest, { method: 'get' }>;

/** How blocks are asked for. */
export interface AskOptions {
  signal: AbortSignal;
  reuse?: boolean;
  /** Of the blocks together, as far as that is known. */
  bytes?: number;
  /** They are chunks of an extent that others fetch, too, and pass on. */
  shared?: ExtentId | undefined;
  /** They are wanted, even where others have been given them. */
  insist?: boolean;
}

/** A block of the request: its bytes, verified, or undefined when the peer does not have it. */
export interface Answer {
  id: Cid;
  bytes: Uint8Array | undefined;
  /** It has given it to another who fetches the same, from whom it can be had. */
  given?: true;
  /** It had sent other bytes before, and was asked to look again. */
  wrong?: true;
  /** Gives the memory back, where it can be used again: nobody may look at the bytes any more. */
  release?: () => void;
}

/**
 * Asks one peer for blocks, in one request: answers in order, those of one frame together. Every block has been hashed here. The
 * peer need not have hashed it, and may have sent what has rotted on its disk: blocks of other bytes are asked for once more, behind
 * all others, and it looks at them before it answers. Leaving the loop early ends the request. Nothing is read from the peer
 * but what the loop asks for. With `reuse`, large blocks come in memory that can be given back.
 * @throws DfsError `peer-misbehaved` for bytes that are not those of the id the second time, too, or an answer of another shape;
 * `too-many-requests`, and what a Channel throws.
 */
export async function* askBlocks(
  transport: Opener,
  peerId: string,
  ids: readonly Cid[],
  { bytes = 0, shared, insist = false, ...rest }: AskOptions,
): AsyncGenerator<Answer[], void, undefined> {
  const wrong: Cid[] = [];
  const usual = { shared: shared ?? null, insist: insist && !!shared, checked: false };
  yield* askOnce(transport, peerId, ids, { ...rest, bytes, terms: usual, onWrong: (id) => wrong.push(id) });
  if (wrong.length === 0) return;
  const terms = { shared: null, insist: false, checked: true };
  const onWrong = (block: Cid): never => {
    throw misbehaved('it sent bytes that are not those of the block', { block });
  };
  for await (const answers of askOnce(transport, peerId, wrong, { ...rest, bytes: 0, terms, onWrong })) {
    for (const answer of answers) answer.wrong = true;
    yield answers;
  }
}

interface OnceOptions extends Required<Pick<AskOptions, 'bytes'>> {
  signal: AbortSignal;
  reuse?: boolean;
  terms: Pick<GetRequest, 'shared' | 'insist' | 'checked'>;
  /** The peer has sent other bytes in the place of this block: there is no answer for it. */
  onWrong: (id: Cid) => void;
}

async function* askOnce(
  transport: Opener,
  peerId: string,
  ids: readonly Cid[],
  { signal, reuse = false, bytes, terms, onWrong }: OnceOptions,
): AsyncGenerator<Answer[], void, undefined> {
  const packed = packIds(ids);
  const memory = reuse ? new ReusedMemory() : undefined;
  const options = { signal, bulk: { bytes }, ...(memory && { allocate: memory.allocate }) };
  const header = getRequest.form({ method: 'get', ids: packed, ...terms }) ?? null;
  let answered = 0;
  for await (const { header: said, payload } of request(transport, peerId, CHUNKS_PROTOCOL, header, options)) {
    const sizes = sizesOf(said, payload, ids.length - answered);
    if (!terms.shared && sizes.includes(GIVEN_SIZE)) throw misbehaved('it named others, which nobody had asked for');
    const answers = await verify(ids, packed, answered, sizes, payload, onWrong);
    answered += sizes.length;
    if (memory?.took(payload)) releaseTogether(answers, payload);
    if (answers.length > 0) yield answers;
  }
  if (answered < ids.length) throw misbehaved('it ended before all blocks were answered');
}

/** Which of these blocks `peerId` has. @throws DfsError as askBlocks */
export async function askHave(
  transport: Opener,
  peerId: string,
  ids: readonly Cid[],
  signal: AbortSignal,
): Promise<Set<Cid>> {
  const has = new Set<Cid>();
  for (const part of slices(ids, MAX_IDS_PER_REQUEST)) {
    const options = { signal, timeoutMs: HAVE_TIME };
    const { header } = await ask(transport, peerId, CHUNKS_PROTOCOL, { method: 'have', ids: packIds(part) }, options);
    const bits = unpackBits(parse(haveFrame, header).have, part.length);
    part.forEach((id, index) => bits[index] && has.add(id));
  }
  return has;
}

/**
 * The blocks of an extent that `peerId` has, and who else fetches it, again and again as it changes, until the loop is
 * left.
 * @throws DfsError as askBlocks
 */
export async function* askBits(
  transport: Opener,
  peerId: string,
  extent: { content: Cid; size: number; extent: number },
  signal: AbortSignal,
): AsyncGenerator<BitsFrame, void, undefined> {
  const header = bitsRequest.form({ method: 'bits', ...extent }) ?? null;
  for await (const frame of request(transport, peerId, CHUNKS_PROTOCOL, header, { signal })) {
    yield parse(bitsFrame, frame.header, checkBits);
  }
}

function sizesOf(header: WireValue, payload: Uint8Array, most: number): number[] {
  const sizes = parse(blocksFrame, header).sizes;
  const list = unpackSizes(sizes);
  if (list.length > most) throw misbehaved('it answered more blocks than it was asked for');
  if (list.reduce((sum, size) => sum + (size === GIVEN_SIZE ? 0 : size), 0) !== payload.length)
    throw misbehaved('sizes and bytes do not agree');
  return list;
}

/** The memory goes back when the last block in it does, at once where none is; not at all where one of them is kept. */
function releaseTogether(answers: readonly Answer[], payload: Uint8Array): void {
  const held = answers.filter(({ bytes }) => bytes);
  let left = held.length;
  if (left === 0) slabs.give(payload);
  for (const answer of held) {
    answer.release = () => {
      if (--left === 0) slabs.give(payload);
    };
  }
}

/** Memory for large payloads, and which of them are in it. */
class ReusedMemory {
  private readonly taken = new Set<Uint8Array>();

  readonly allocate = (size: number): Uint8Array => {
    if (size < HASH_ELSEWHERE_BYTES || size > CHUNK_MAX_BYTES) return Buffer.allocUnsafe(size);
    const bytes = slabs.take(size);
    this.taken.add(bytes);
    return bytes;
  };

  took(payload: Uint8Array): boolean {
    return this.taken.delete(payload);
  }
}

async function verify(
  ids: readonly Cid[],
  packed: Uint8Array,
  first: number,
  sizes: readonly number[],
  payload: Uint8Array,
  onWrong: (id: Cid) => void,
): Promise<Answer[]> {
  let at = 0;
  const answers: Answer[] = [];
  for (const [index, size] of sizes.entries()) {
    const id = ids[first + index] as Cid;
    if (size === 0 || size === GIVEN_SIZE) {
      answers.push({ id, bytes: undefined, ...(size === GIVEN_SIZE && { given: true }) });
      continue;
    }
    const bytes = payload.subarray(at, at + size);
    at += size;
    const digest = (first + index) * PACKED_ID_BYTES + 1;
    const isRight = Buffer.compare(await hashShared(bytes), packed.subarray(digest, digest + 32)) === 0;
    if (isRight) answers.push({ id, bytes });
    else onWrong(id);
  }
  return answers;
}

function parse<T>(of: Shape<T>, header: WireValue, check: (value: T) => T = (value) => value): T {
  try {
    return check(of.parse(header, 'answer'));
  } catch (cause) {
    throw misbehaved('its answer is malformed', {}, cause);
  }
}

function misbehaved(what: string, facts: { block?: Cid } = {}, cause?: unknown): DfsError {
  return new DfsError('peer-misbehaved', `A peer was asked for blocks and did not keep to the protocol: ${what}.`, {
    facts: { ...facts },
    cause,
  });
}
