import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { slabs } from '@dfs/chunks';
import {
  blocksFrame,
  CHUNKS_PROTOCOL,
  cidOf,
  packSizes,
  parseChunksRequest,
  signerFromRaw,
  unpackIds,
  type ChunksRequest,
  type Cid,
  type WireValue,
} from '@dfs/protocol';
import { KiB, MiB, silentLog } from '@dfs/runtime';
import { firstFrame, MemoryNetwork } from '@dfs/transport';
import { Swarm } from '../swarm/swarm.js';
import { askBlocks } from './block-client.js';
import { RequestSlots } from './request-slots.js';

type Get = Extract<ChunksRequest, { method: 'get' }>;

/** Two members; the second answers what it is asked for as `answer` says: the bytes of each block, none for one it lacks. */
async function askerAndHolder(answer: (request: Get, ids: readonly Cid[]) => readonly Uint8Array[], most = 50) {
  const network = new MemoryNetwork();
  const [a, b] = [0, 1].map(() => network.node({ peerId: signerFromRaw(randomBytes(32)).peerId }));
  for (const node of [a!, b!]) {
    node.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await node.start();
  }
  b!.handle(CHUNKS_PROTOCOL, async (channel) => {
    const request = parseChunksRequest((await firstFrame(channel)).header);
    if (request.method !== 'get') throw new Error('another question');
    const all = answer(request, unpackIds(request.ids));
    for (let at = 0; at < all.length; at += most) {
      const part = all.slice(at, at + most);
      await channel.send(blocksFrame.form({ sizes: packSizes(part.map(({ length }) => length)) }) as WireValue, part);
    }
  });
  await a!.dialPeer(b!.peerId, b!.addresses());
  const stop = async (): Promise<void> => void (await Promise.all([a!.stop(), b!.stop()]));
  return { asker: a!, holder: b!.peerId, [Symbol.asyncDispose]: stop };
}

const flipped = (bytes: Uint8Array): Uint8Array => {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1]! ^= 1;
  return copy;
};
const options = { signal: new AbortController().signal, reuse: true };

describe('asking a peer for blocks', () => {
  afterEach(() => jest.restoreAllMocks());

  it('gives the memory of every frame back once all its blocks are released, and of none before', async () => {
    const blocks = [...Array.from({ length: 100 }, () => randomBytes(16 * KiB)), randomBytes(1 * MiB)];
    const byId = new Map(blocks.map((bytes) => [cidOf(bytes), bytes]));
    await using members = await askerAndHolder((_, ids) => ids.map((id) => byId.get(id)!));
    const [take, give] = [jest.spyOn(slabs, 'take'), jest.spyOn(slabs, 'give')];
    let seen = 0;
    for await (const answers of askBlocks(members.asker, members.holder, [...byId.keys()], options)) {
      const before = give.mock.calls.length;
      for (const { id, bytes, release } of answers) {
        expect(give.mock.calls).toHaveLength(before);
        expect(Buffer.compare(bytes!, byId.get(id)!)).toBe(0);
        release?.();
        seen++;
      }
    }
    expect(seen).toBe(blocks.length);
    expect(take.mock.calls.length).toBeGreaterThan(0);
    expect(give.mock.calls).toHaveLength(take.mock.calls.length);
  });

  it('has it look again at those of which it sent other bytes: it sends the right ones, or says that it has none', async () => {
    const blocks = Array.from({ length: 5 }, () => randomBytes(200 * KiB));
    const ids = blocks.map((bytes) => cidOf(bytes));
    const byId = new Map(blocks.map((bytes) => [cidOf(bytes), bytes]));
    const [, rotten, passing] = ids as [Cid, Cid, Cid];
    const asked: Get[] = [];
    const bytesOf = (id: Cid, checked: boolean): Uint8Array => {
      if (id === rotten) return checked ? new Uint8Array(0) : flipped(byId.get(id)!);
      return id === passing && !checked ? flipped(byId.get(id)!) : byId.get(id)!;
    };
    await using members = await askerAndHolder((request, of) => {
      asked.push(request);
      return of.map((id) => bytesOf(id, request.checked));
    }, 1);
    const [take, give] = [jest.spyOn(slabs, 'take'), jest.spyOn(slabs, 'give')];
    const seen: [Cid, boolean, true | undefined][] = [];
    const shared = { content: ids[0]!, extent: 0 };
    for await (const answers of askBlocks(members.asker, members.holder, ids, { ...options, shared })) {
      for (const { id, bytes, wrong, release } of answers) {
        if (bytes) expect(Buffer.compare(bytes, byId.get(id)!)).toBe(0);
        seen.push([id, bytes !== undefined, wrong]);
        release?.();
      }
    }
    expect(seen).toEqual([
      ...[0, 3, 4].map((at) => [ids[at], true, undefined]),
      [rotten, false, true],
      [passing, true, true],
    ]);
    expect(asked.map(({ checked }) => checked)).toEqual([false, true]);
    expect(asked[1]).toMatchObject({ shared: null, insist: false });
    expect(give.mock.calls).toHaveLength(take.mock.calls.length);
  });

  it('ends where it sends other bytes again', async () => {
    const blocks = Array.from({ length: 3 }, () => randomBytes(200 * KiB));
    const byId = new Map(blocks.map((bytes) => [cidOf(bytes), bytes]));
    const [lied] = byId.keys();
    await using members = await askerAndHolder((_, ids) =>
      ids.map((id) => (id === lied ? flipped(byId.get(id)!) : byId.get(id)!)),
    );
    let right = 0;
    const ask = async (): Promise<void> => {
      for await (const answers of askBlocks(members.asker, members.holder, [...byId.keys()], options)) {
        right += answers.length;
      }
    };
    await expect(ask()).rejects.toMatchObject({ code: 'peer-misbehaved', facts: { block: lied } });
    expect(right).toBe(2);
  });

  it('asks no more of a peer of which much turns out wrong, though it says each time that it has none of it', async () => {
    const blocks = Array.from({ length: 200 }, () => randomBytes(1 * KiB));
    const byId = new Map(blocks.map((bytes) => [cidOf(bytes), bytes]));
    const asked = new Set<Cid>();
    await using members = await askerAndHolder((request, ids) => {
      for (const id of ids) asked.add(id);
      return ids.map((id) => (request.checked ? new Uint8Array(0) : flipped(byId.get(id)!)));
    });
    const left = Promise.withResolvers<unknown>();
    const swarm = new Swarm(
      { transport: members.asker, slots: new RequestSlots(), log: silentLog },
      { urgency: 'bulk', signal: options.signal, deliver: () => undefined, left: (_, error) => left.resolve(error) },
    );
    // So large that few are asked for at a time.
    swarm.want([...byId.keys()].map((id) => ({ id, size: 200 * KiB, key: 'all' })));
    swarm.offer('all', [members.holder]);
    expect(await left.promise).toMatchObject({ code: 'peer-misbehaved' });
    expect(asked.size).toBeLessThan(blocks.length);
    swarm.close();
    await swarm.ended.catch(() => undefined);
  });
});
