import { cidOf, MAX_SMALL_CONTENT_BYTES, packIndexes, packRecords, SYNC_PROTOCOL, type WireValue } from '@dfs/protocol';
import { minute } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { testNetwork, type SyncedNode } from '../../../testing/network.js';
import { recordOf, testSigner } from '../../../testing/nodes.js';
import type { SmallContent, SmallContents } from '../../ports.js';

/** Nobody compares but when two meet: what arrives was pushed. */
const PUSHES_ONLY = { nudgeMs: 10 * minute, settleMs: 10 * minute };
const small = Buffer.from('a small content');

/** Gives one content along with whatever goes out, and notes what comes. */
class Carrier implements SmallContents {
  readonly came: SmallContent[] = [];

  constructor(private readonly given: readonly Uint8Array[] = []) {}

  async goingWith(): Promise<Uint8Array[]> {
    return [...this.given];
  }

  async take(contents: readonly SmallContent[]): Promise<undefined> {
    this.came.push(...contents.map((content) => ({ ...content, bytes: Buffer.from(content.bytes) })));
  }
}

describe('a push', () => {
  it('brings a small content with the record that names it, and members that do not know of that get the record', async () => {
    await using network = await testNetwork(3, PUSHES_ONLY);
    const [a, b, c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    const carrier = new Carrier();
    a.sync.setSmallContents(new Carrier([small]));
    b.sync.setSmallContents(carrier);
    network.groups([a, b, c]);
    await a.write({ kind: 'file', path: 'small', contentId: cidOf(small), size: small.length, mediaType: '' });
    await network.converged();
    expect(carrier.came).toEqual([{ contentId: cidOf(small), bytes: small, author: a.signer.peerId }]);
    expect(await c.catalogue.byPath('small')).toMatchObject({ contentId: cidOf(small) });
  });

  const header = (sizes: readonly number[]): WireValue => ({
    t: 'records',
    reached: null,
    contents: packIndexes(sizes),
  });
  const named = recordOf(testSigner(0), { content: cidOf(small), size: small.length });
  const large = Buffer.alloc(MAX_SMALL_CONTENT_BYTES + 1);
  const ofLarge = recordOf(testSigner(0), { content: cidOf(large), size: large.length });
  const wrong = Buffer.from('another content');

  it.each<[string, WireValue, Uint8Array, number]>([
    ['that is not the one of its record', header([15]), Buffer.concat([packRecords([named]), wrong]), 1],
    ['that is too large', header([large.length]), Buffer.concat([packRecords([ofLarge]), large]), 0],
    ['that nobody named', header([15]), small, 0],
    ['that is longer than what came', header([15]), small.subarray(1), 0],
    ['of no bytes', header([0]), packRecords([named]), 0],
    ['and too many of them', header(Array.from({ length: 257 }, () => 1)), Buffer.alloc(257), 0],
  ])('with a content %s ends, and the next one does not', async (_name, said, payload, stored) => {
    await using network = await testNetwork(2, PUSHES_ONLY);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    const carrier = new Carrier();
    b.sync.setSmallContents(carrier);
    network.groups([a, b]);
    const channel = await a.transport.open(b.signer.peerId, SYNC_PROTOCOL);
    await channel.send({ t: 'push' });
    await channel.send(said, payload);
    const answers = async (): Promise<number> => {
      let count = 0;
      for await (const _ of channel.frames()) count++;
      return count;
    };
    await expect(answers()).rejects.toBeDefined();
    expect(carrier.came).toEqual([]);
    expect(b.catalogue.records.root().count).toBe(stored);

    const next = await a.transport.open(b.signer.peerId, SYNC_PROTOCOL);
    const record = recordOf(testSigner(0), { path: 'next', content: cidOf(wrong), size: wrong.length });
    await next.send({ t: 'push' });
    await next.send(header([wrong.length]), Buffer.concat([packRecords([record]), wrong]));
    await eventually(() => carrier.came.length === 1);
    next.abort(new Error('the end'));
  });
});
