import { storeContent, type StoredContent } from '@dfs/chunks';
import {
  cidOf,
  MAX_SMALL_CONTENT_BYTES,
  RECORD_VERSION,
  sha256,
  signerFromRaw,
  signRecord,
  type RecordFields,
  type SignedRecord,
} from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { World, type WorldNode } from '../testing/world.js';
import type { SmallContent } from './small-contents.js';

const random = seededRandom(47);
const MOST = 512 * KiB;

/** The key of a node of a World, by its number. */
const signerOf = (number: number) => signerFromRaw(sha256(Buffer.from(`world member ${number}`)));

/** A record of a file, by the first node. */
function recordOf({ contentId, size }: Pick<StoredContent, 'contentId' | 'size'>, more: Partial<RecordFields> = {}) {
  const signer = signerOf(0);
  return signRecord(signer, {
    version: RECORD_VERSION,
    network: '00'.repeat(32),
    author: signer.peerId,
    clock: { ms: 1, counter: 0 },
    prev: null,
    kind: 'file',
    path: contentId,
    content: contentId,
    size,
    mediaType: '',
    parents: [],
    from: null,
    imported: false,
    time: 1,
    attributes: {},
    ...more,
  });
}

const going = (from: WorldNode, to: WorldNode, records: readonly SignedRecord[], most = MOST) =>
  from.placement.smallContents.goingWith(records, to.peerId, most);

function cameTo(author: WorldNode, contents: readonly Uint8Array[]): SmallContent[] {
  return contents.map((bytes) => ({ contentId: cidOf(bytes), bytes, author: author.peerId }));
}

/** Small contents that are here, and that nobody has heard of. */
async function stock(node: WorldNode, count: number, size = 4 * KiB): Promise<Uint8Array[]> {
  const contents = Array.from({ length: count }, () => random.bytes(size));
  await node.putMany(
    contents.map((bytes, index) => ({ path: `${index}`, bytes })),
    { publish: false },
  );
  return contents;
}

const recordsOf = (contents: readonly Uint8Array[]) =>
  contents.map((bytes) => recordOf({ contentId: cidOf(bytes), size: bytes.length }));

describe('the content of a small file', () => {
  it('goes with its record, and with no other', async () => {
    await using world = await World.of(2);
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const contents = await stock(a, 2);
    const [record, other] = recordsOf(contents);
    // Once the other has said that it takes some.
    await eventually(async () => (await going(a, b, [record!])).length === 1);
    expect((await going(a, b, [record!, other!, record!])).map((bytes) => Buffer.from(bytes))).toEqual(contents);
    // As many as there is room for in the frame.
    expect(await going(a, b, [record!, other!], 5 * KiB)).toHaveLength(1);
    expect(await going(a, b, [record!, other!], KiB)).toEqual([]);
    expect(
      await going(
        a,
        b,
        Array.from({ length: 65 }, () => record!),
      ),
    ).toEqual([]);

    const ref = { contentId: cidOf(contents[0]!), size: 4 * KiB };
    expect(await going(a, b, [recordOf(ref, { from: 'elsewhere' })])).toEqual([]);
    expect(await going(a, b, [recordOf(ref, { author: b.peerId })])).toEqual([]);
    const [longest, longer] = await Promise.all([
      stock(a, 1, MAX_SMALL_CONTENT_BYTES),
      stock(a, 1, MAX_SMALL_CONTENT_BYTES + 1),
    ]);
    expect(await going(a, b, recordsOf([...longest, ...longer]))).toHaveLength(1);
    const batch = a.chunks.batch('local');
    const many = await storeContent(batch, [random.bytes(9 * MiB)] as unknown as AsyncIterable<Uint8Array>);
    await batch.flush();
    await a.db.write((tx) => batch.commit(tx));
    expect(await going(a, b, [recordOf({ ...many, size: KiB })])).toEqual([]);
    // Nobody has it: the record goes without.
    expect(await going(a, b, recordsOf([random.bytes(KiB)]))).toEqual([]);
    await b.stop();
    await eventually(async () => (await going(a, b, [record!])).length === 0);
  });

  it('goes to those that placement names, and is taken by these alone', async () => {
    await using world = await World.of(3, { replicas: 1 });
    const [a, b, c] = world.nodes as [WorldNode, WorldNode, WorldNode];
    const contents = await stock(a, 60);
    const records = recordsOf(contents);
    const takers = [b, c];
    await eventually(async () =>
      (await Promise.all(takers.map((to) => going(a, to, records)))).every(({ length }) => length),
    );
    for (const to of takers) {
      const sent = (await going(a, to, records)).map(cidOfBytes);
      expect(sent.length).toBeLessThan(contents.length);
      const taken = await to.placement.smallContents.take(cameTo(a, contents));
      await to.db.write((tx) => taken!.commit(tx, new Set(contents.map(cidOfBytes))));
      await taken!.abort();
      expect([...(await to.chunks.has(contents.map(cidOfBytes)))].sort()).toEqual([...sent].sort());
      for (const content of sent) expect(await to.pinned(content)).toBe(1);
    }
  });

  it('is kept and promised with its record, or not at all', async () => {
    await using world = await World.of(2);
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const contents = [random.bytes(KiB), random.bytes(16 * KiB)];
    const ids = contents.map(cidOfBytes);
    const take = () => b.placement.smallContents.take(cameTo(a, contents));
    const isHere = async () => [(await b.chunks.has(ids)).size, ...(await Promise.all(ids.map((id) => b.pinned(id))))];
    const { bytes } = b.chunks.usage();

    // The unit of work that stores the records fails.
    const first = await take();
    const failed = new Error('the disk is full');
    const work = b.db.write(async (tx) => {
      await first!.commit(tx, new Set(ids));
      throw failed;
    });
    await expect(work).rejects.toBe(failed);
    await first!.abort();
    expect(await isHere()).toEqual([0, 0, 0]);

    // One of the records does not count.
    const second = await take();
    await b.db.write((tx) => second!.commit(tx, new Set(ids.slice(1))));
    await second!.abort();
    expect(await isHere()).toEqual([0, 0, 0]);
    expect(b.chunks.usage().bytes).toBe(bytes);

    const third = await take();
    expect(await isHere()).toEqual([0, 0, 0]);
    await b.db.write((tx) => third!.commit(tx, new Set(ids)));
    await third!.abort();
    expect(await isHere()).toEqual([2, 1, 1]);
    expect(Buffer.compare(await b.read(ids[1]!, 16 * KiB), contents[1]!)).toBe(0);
    // The author hears of the promise.
    await eventually(async () => (await a.placement.holders(ids[0]!, KiB)).extents[0]!.holders.length === 1);
    await b.restart();
    expect(await isHere()).toEqual([2, 1, 1]);
  });

  it('is not taken where room is short, and goes to nobody who is full', async () => {
    await using world = await World.of(1);
    const a = world.nodes[0]!;
    const b = await world.add({ quotaBytes: 100 * KiB });
    const [content] = await stock(a, 1);
    await eventually(async () => (await going(a, b, recordsOf([content!]))).length === 1);
    const mine = b.chunks.batch('local');
    await storeContent(mine, [random.bytes(90 * KiB)] as unknown as AsyncIterable<Uint8Array>);
    await mine.flush();
    await b.db.write((tx) => mine.commit(tx));
    expect(await b.placement.smallContents.take(cameTo(a, [content!]))).toBeUndefined();
    expect((await b.chunks.has([cidOf(content!)])).size).toBe(0);
    // It finds out that it is full when it is to hold more.
    await a.put('more', random.bytes(30 * KiB));
    await eventually(async () => (await going(a, b, recordsOf([content!]))).length === 0);
  });
});

function cidOfBytes(bytes: Uint8Array): string {
  return cidOf(bytes);
}
