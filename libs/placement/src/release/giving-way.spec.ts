import type { StoredContent } from '@dfs/chunks';
import { MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(53);
const QUOTA = 16 * MiB;

/** Files of 2 MiB, of which nothing else is made. */
async function fill(node: WorldNode, count: number, from = 0): Promise<StoredContent[]> {
  const files: StoredContent[] = [];
  for (let n = from; n < from + count; n++) files.push(await node.put(`f${n}`, random.bytes(2 * MiB)));
  return files;
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fine',
    (error: { code: string }) => error.code,
  );
const here = async (node: WorldNode, files: readonly StoredContent[]): Promise<number[]> =>
  Promise.all(files.map(({ contentId }) => node.pinned(contentId)));
const copiesOf = async (node: WorldNode, { contentId, size }: StoredContent): Promise<number> =>
  (await node.placement.holders(contentId, size)).extents[0]!.holders.length;
/** Each of them has heard of two copies: whom to ask before a copy goes. */
const known = (nodes: readonly WorldNode[], files: readonly StoredContent[]): Promise<unknown> =>
  eventually(async () => {
    const counts = await Promise.all(nodes.flatMap((node) => files.map((file) => copiesOf(node, file))));
    return counts.every((count) => count >= 2);
  });
const remove = (nodes: readonly WorldNode[], files: readonly StoredContent[]): void => {
  for (const node of nodes) for (const { contentId } of files) node.replaced(contentId);
};

describe('giving way', () => {
  it('alone lets the oldest past copies go for an upload, tells so, and never what is shown', async () => {
    await using world = await World.of(1, { replicas: 1, quotaBytes: QUOTA });
    const [node] = world.nodes as [WorldNode];
    const files = await fill(node, 7);
    expect(await codeOf(fill(node, 1, 7))).toBe('quota-exceeded');
    const [oldest, second, ...others] = files as [StoredContent, StoredContent, ...StoredContent[]];
    remove([node], [oldest]);
    remove([node], [second]);
    await fill(node, 1, 8);
    expect(await here(node, [oldest])).toEqual([0]);
    expect(node.purged.has(oldest.contentId)).toBe(true);
    expect(await here(node, others)).toEqual([1, 1, 1, 1, 1]);
    expect(node.placement.status().givingWay.lastCopies).toBeGreaterThan(0);
    // Only heads are left in the end: nothing gives way any more.
    await codeOf(fill(node, 1, 9));
    expect(await codeOf(fill(node, 1, 10))).toBe('quota-exceeded');
    for (const { contentId, size } of others) expect((await node.read(contentId, size)).length).toBe(size);
  });

  it('says in the refusal what is kept of deleted files, and gives nothing for what does not fit anyway', async () => {
    await using world = await World.of(1, { replicas: 1, quotaBytes: QUOTA });
    const [node] = world.nodes as [WorldNode];
    const files = await fill(node, 6);
    remove([node], files.slice(0, 2));
    const error = await node.chunks.requireRoom(14 * MiB, 'local').then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toMatchObject({
      code: 'quota-exceeded',
      facts: { deletedBytes: 4 * MiB, pastVersionBytes: 0 },
    });
    expect(await here(node, files.slice(0, 2))).toEqual([1, 1]);
    expect(node.placement.pastBytes()).toEqual({ deletedBytes: 4 * MiB, pastVersionBytes: 0 });
  });

  it('to what others have stored only copies give way that another member has promised', async () => {
    await using world = await World.of(3, { replicas: 2, quotaBytes: 64 * MiB });
    const [a, b, c] = world.nodes as [WorldNode, WorldNode, WorldNode];
    const files = await fill(a, 4);
    const copies = (file: StoredContent): Promise<number> => copiesOf(a, file);
    await known(world.nodes, files);
    remove(world.nodes, files);
    const before = await Promise.all(files.map(copies));
    // As when it was full: what others promise goes, and is kept by somebody.
    for (const node of [a, b, c]) await node.placement.letGoOf([]);
    const full = [a, b, c].find((node) => node.chunks.usage().bytes > 0)!;
    full.chunks.setQuota(full.chunks.usage().bytes);
    expect(await codeOf(full.put('new', random.bytes(2 * MiB)))).toBe('fine');
    await eventually(async () => (await Promise.all(files.map(copies))).some((count, n) => count < before[n]!));
    expect((await Promise.all(files.map(copies))).every((count) => count >= 1)).toBe(true);
    expect(full.placement.status().givingWay).toMatchObject({ lastCopies: 0 });
    expect(full.placement.status().givingWay.gaveWay).toBeGreaterThan(0);
  });

  it('nothing goes of what was written again, or that this node has promised to another member', async () => {
    await using world = await World.of(2, { replicas: 2, quotaBytes: 64 * MiB });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const [kept, promised, free] = (await fill(a, 3)) as [StoredContent, StoredContent, StoredContent];
    await known([a, b], [kept, promised, free]);
    remove([a, b], [promised, free]);
    expect(await b.placement.isPromised(kept.contentId, kept.size)).toBe(true);
    // b holds what a lets go of: a has asked for that, and may not take its own word back for an hour.
    expect(await a.placement.letGoOf([promised.contentId])).toBe(2 * MiB);
    expect(await b.placement.letGoOf([promised.contentId])).toBe(0);
    expect(await here(b, [promised])).toEqual([1]);
    expect(await a.placement.letGoOf([kept.contentId])).toBe(0);
    expect(await b.placement.letGoOf([free.contentId])).toBe(2 * MiB);
    expect(await here(a, [kept, free])).toEqual([1, 1]);
  });

  it('what gave way is not pulled again while room is short, and is once it is not', async () => {
    await using world = await World.of(2, { replicas: 2, quotaBytes: QUOTA });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const files = await fill(a, 7);
    await known([a, b], files);
    remove([a, b], files.slice(0, 2));
    expect(await codeOf(a.put('new', random.bytes(2 * MiB)))).toBe('fine');
    expect((await here(a, files.slice(0, 2))).includes(0)).toBe(true);
    a.chunks.setQuota(8 * QUOTA);
    await eventually(async () => (await here(a, files.slice(0, 2))).every((pins) => pins === 1));
  });
});
