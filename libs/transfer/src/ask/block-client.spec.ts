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
  type WireValue,
} from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { firstFrame, MemoryNetwork } from '@dfs/transport';
import { askBlocks } from './block-client.js';

describe('asking a peer for blocks', () => {
  it('gives the memory of every frame back once all its blocks are released, and of none before', async () => {
    const network = new MemoryNetwork();
    const [a, b] = [0, 1].map(() => network.node({ peerId: signerFromRaw(randomBytes(32)).peerId }));
    for (const node of [a!, b!]) {
      node.setGate({ isMember: () => true, acceptsStrangers: () => false });
      await node.start();
    }
    const blocks = [...Array.from({ length: 100 }, () => randomBytes(16 * KiB)), randomBytes(1 * MiB)];
    const byId = new Map(blocks.map((bytes) => [cidOf(bytes), bytes]));
    b!.handle(CHUNKS_PROTOCOL, async (channel) => {
      const request = parseChunksRequest((await firstFrame(channel)).header);
      if (request.method !== 'get') throw new Error('another question');
      const all = unpackIds(request.ids).map((id) => byId.get(id)!);
      for (let at = 0; at < all.length; at += 50) {
        const part = all.slice(at, at + 50);
        await channel.send(blocksFrame.form({ sizes: packSizes(part.map(({ length }) => length)) }) as WireValue, part);
      }
    });
    await a!.dialPeer(b!.peerId, b!.addresses());
    const [take, give] = [jest.spyOn(slabs, 'take'), jest.spyOn(slabs, 'give')];
    const options = { signal: new AbortController().signal, reuse: true };
    let seen = 0;
    for await (const answers of askBlocks(a!, b!.peerId, [...byId.keys()], options)) {
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
    jest.restoreAllMocks();
    await Promise.all([a!.stop(), b!.stop()]);
  });
});
