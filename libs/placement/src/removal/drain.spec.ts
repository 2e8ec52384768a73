import type { StoredContent } from '@dfs/chunks';
import { cidOf, EXTENT_CHUNKS, MANIFEST_CODEC, peerIdToBytes, type Cid } from '@dfs/protocol';
import { GiB, MiB, second } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import type { Candidate } from '../plan/rendezvous.js';
import { rank } from '../testing/ranking.js';
import { sending } from '../testing/tampering.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(11);
type Four = [WorldNode, WorldNode, WorldNode, WorldNode];

interface NewFile {
  path: string;
  bytes: Uint8Array;
}

const anyFiles = (bytes = 100_000): NewFile[] =>
  Array.from({ length: 12 }, (_, n) => ({ path: `f${n}`, bytes: random.bytes(bytes) }));

/** Files of which this node alone holds some, as all have heard. */
async function filesOf(node: WorldNode, asSeenBy: WorldNode, put = anyFiles()): Promise<StoredContent[]> {
  const files = await node.putMany(put);
  await eventually(async () => {
    const holders = await Promise.all(files.map((file) => asSeenBy.placement.holders(file.contentId, file.size)));
    return holders.every(({ extents }) => extents[0]?.holders.some(({ peerId }) => peerId === node.peerId));
  });
  return files;
}

/** As when it had stored the first extents of a content. */
function promise(node: WorldNode, contentId: Cid, size: number, extents: number): Promise<void> {
  return node.db.write((tx) => node.placement.pinLocal(tx, [{ contentId, size, chunkCount: extents * EXTENT_CHUNKS }]));
}

async function copiesAt(nodes: readonly WorldNode[], files: readonly StoredContent[]): Promise<number[]> {
  return Promise.all(
    files.map(async ({ contentId }) => {
      const pinned = await Promise.all(nodes.map((node) => node.pinned(contentId)));
      return sum(pinned);
    }),
  );
}

const members = (world: World): Candidate[] => world.nodes.map(({ peerId }) => ({ peerId, capacity: 0 }));

/** Files of one extent whose place is at this node, before all others, and at `next` where it is not. */
function placedAt(node: WorldNode, world: World, count: number, next?: WorldNode): NewFile[] {
  const files: NewFile[] = [];
  while (files.length < count) {
    const bytes = random.bytes(50_000);
    const [first, second] = rank(cidOf(bytes), 0, members(world));
    const isSo = first === node.peerId && (!next || second === next.peerId);
    if (isSo) files.push({ path: `p${files.length}`, bytes });
  }
  return files;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

describe('emptying a member before it is removed', () => {
  it('moves what it holds to others, as many copies as there should be without it', async () => {
    await using world = await World.of(4, { replicas: 1 });
    const [owner, leaver, c, d] = world.nodes as Four;
    const files = await filesOf(leaver, owner);
    await expect(owner.beforeRemove!(leaver.peerId, {})).rejects.toMatchObject({ code: 'last-copy' });
    await owner.beforeRemove!(leaver.peerId, { drain: true });
    const copies = await copiesAt([owner, c, d], files);
    expect(Math.min(...copies)).toBe(1);
    // Each member took its share, not everything.
    expect(sum(copies)).toBeLessThan(3 * files.length);
    await leaver.stop();
    for (const file of files) expect(await c.read(file.contentId, file.size)).toHaveLength(file.size);
  });

  it('goes by every extent, though how many a large content has is not known here', async () => {
    await using world = await World.of(3, { replicas: 2 });
    const [owner, leaver, c] = world.nodes as Four;
    // Nobody has its manifest, as when this node has no room to learn it.
    const [content, size] = [cidOf(Buffer.from('large'), MANIFEST_CODEC), 3 * GiB];
    await promise(leaver, content, size, 3);
    await promise(c, content, size, 1);
    owner.learn([{ contentId: content, size, author: leaver.peerId, fileId: 'x', path: 'large', deleted: false }]);
    await eventually(async () => {
      await expect(owner.beforeRemove!(leaver.peerId, {})).rejects.toMatchObject({
        code: 'last-copy',
        facts: { count: 1 },
      });
      return true;
    });
    let ended = false;
    const left: number[] = [];
    const options = { drain: true, onLeft: (bytes: number) => void left.push(bytes) };
    const drain = owner.beforeRemove!(leaver.peerId, options).then(() => (ended = true));
    await eventually(() => left.length >= 2);
    expect([ended, ...left.slice(0, 2)]).toEqual([false, size, size]);
    await promise(c, content, size, 3);
    await promise(owner, content, size, 3);
    await drain;
  });

  it('moves versions that were replaced or deleted too, and counts them', async () => {
    await using world = await World.of(4, { replicas: 1 });
    const [owner, leaver, c, d] = world.nodes as Four;
    const files = await leaver.putMany(placedAt(leaver, world, 2), { publish: false });
    const elsewhere = await owner.putMany(placedAt(owner, world, 1), { publish: false });
    for (const node of world.nodes) {
      for (const { contentId, size } of [...files, ...elsewhere]) {
        node.contents.set(contentId, { contentId, size, author: leaver.peerId });
        node.replaced(contentId);
      }
    }
    await eventually(async () => {
      const refused = { code: 'last-copy', facts: { count: 2 } };
      await expect(owner.beforeRemove!(leaver.peerId, {})).rejects.toMatchObject(refused);
      return true;
    });
    await owner.beforeRemove!(leaver.peerId, { drain: true });
    await leaver.stop();
    expect(await copiesAt([owner, c, d], files)).toEqual([1, 1]);
    // Contents that it did not hold stay where they were.
    expect(await copiesAt([c, d], elsewhere)).toEqual([0]);
  });

  it('does not wait for copies of an old version at those that have purged it', async () => {
    await using world = await World.of(4, { replicas: 2, repair: { oldPatienceMs: second } });
    const [owner, leaver, c, d] = world.nodes as Four;
    const [file] = await leaver.putMany(placedAt(owner, world, 1), { publish: false });
    const { contentId, size } = file!;
    for (const node of [owner, leaver]) {
      node.contents.set(contentId, { contentId, size, author: leaver.peerId });
      node.replaced(contentId);
    }
    // These have run for longer: its retention is over there, and they neither look for it nor promise it.
    for (const node of [c, d]) node.purged.add(contentId);
    await eventually(async () => (await owner.placement.holders(contentId, size)).extents[0]!.holders.length > 0);
    await owner.beforeRemove!(leaver.peerId, { drain: true });
    expect(await copiesAt([owner, c, d], [file!])).toEqual([1]);
  });

  it('reaches the target among those that stay', async () => {
    await using world = await World.of(4, { replicas: 3 });
    const [owner, leaver, c, d] = world.nodes as Four;
    const files = await filesOf(leaver, owner);
    await owner.beforeRemove!(leaver.peerId, { drain: true });
    expect(await copiesAt([owner, c, d], files)).toEqual(files.map(() => 3));
  });

  it('also empties the one that leaves by itself', async () => {
    await using world = await World.of(3, { replicas: 1 });
    const [a, b, c] = world.nodes as Four;
    const files = await filesOf(a, b);
    await a.beforeRemove!(a.peerId, { drain: true });
    expect(Math.min(...(await copiesAt([b, c], files)))).toBe(1);
  });

  it('says at once that nobody has room', async () => {
    await using world = await World.of(1, { replicas: 1 });
    const [leaver] = world.nodes as Four;
    const owner = await world.add({ quotaBytes: MiB });
    const files = await filesOf(leaver, owner, anyFiles(500_000));
    expect(files).toHaveLength(12);
    await expect(owner.beforeRemove!(leaver.peerId, { drain: true })).rejects.toMatchObject({ code: 'no-space' });
  });

  it('does not wait for what cannot be moved, which is refused as ever', async () => {
    await using world = await World.of(4, { replicas: 1 });
    const [owner, leaver] = world.nodes as Four;
    await filesOf(leaver, owner);
    await leaver.stop();
    await expect(owner.beforeRemove!(leaver.peerId, { drain: true })).rejects.toMatchObject({ code: 'last-copy' });
    await expect(owner.beforeRemove!(leaver.peerId, { drain: true, confirm: true })).resolves.toBeUndefined();
  });

  it('waits for a member that is away when it goes on after a restart of this node, until its grace is over', async () => {
    await using world = await World.of(3, { replicas: 1 });
    const [owner, leaver, c] = world.nodes as Four;
    const files = await filesOf(leaver, owner);
    await leaver.stop();
    const drained = owner.beforeRemove!(leaver.peerId, { drain: true, isResumed: true });
    await leaver.restart();
    await drained;
    expect(Math.min(...(await copiesAt([owner, c], files)))).toBe(1);
    const more = await filesOf(leaver, owner, placedAt(leaver, world, 2));
    expect(more).toHaveLength(2);
    await leaver.stop();
    owner.outOfGrace.add(leaver.peerId);
    const refused = owner.beforeRemove!(leaver.peerId, { drain: true, isResumed: true });
    await expect(refused).rejects.toMatchObject({ code: 'last-copy' });
  });

  it('is not over because the member is away for a moment', async () => {
    const sends = Promise.withResolvers<undefined>();
    const held = async (payload: Uint8Array): Promise<Uint8Array> => {
      if (payload.byteLength > 10_000) await sends.promise;
      return payload;
    };
    await using world = await World.of(3, { replicas: 1, wrap: (transport) => sending(transport, held) });
    const [owner, leaver, c] = world.nodes as Four;
    // One that would be lost for good: the person has said so.
    const files = await filesOf(leaver, owner, placedAt(leaver, world, 3));
    const looks: number[] = [];
    const options = { drain: true, confirm: true, onLeft: (bytes: number) => void looks.push(bytes) };
    const drained = owner.beforeRemove!(leaver.peerId, options);
    await eventually(() => looks.length > 0);
    await leaver.stop();
    const before = looks.length;
    await eventually(() => looks.length > before + 1);
    sends.resolve(undefined);
    await leaver.restart();
    await drained;
    expect(Math.min(...(await copiesAt([owner, c], files)))).toBe(1);
  });

  it('is heard from owners alone', async () => {
    await using world = await World.of(3, { replicas: 1 });
    const [a, b, c] = world.nodes as Four;
    world.roles.set(a.peerId, 'member');
    const [ofA] = placedAt(a, world, 1, c);
    const files = await filesOf(b, c, [...anyFiles(), ...placedAt(b, world, 1, c), { ...ofA!, path: 'of a' }]);
    const placeOf = ({ contentId }: StoredContent): string => rank(contentId, 0, members(world))[0]!;
    const settled = (): boolean => world.nodes.every(({ placement }) => placement.status().wanted === 0);
    // Its own share is its own in any case.
    const share = files.filter((file) => placeOf(file) === c.peerId).length;
    await eventually(async () => settled() && sum(await copiesAt([c], files)) === share);
    const says = (node: WorldNode, leaving: readonly WorldNode[]): void => {
      node.status.contribute('draining', () => leaving.map(({ peerId }) => peerIdToBytes(peerId)));
      node.tellStatus();
    };
    says(a, [b]);
    // An owner says so of another one: once that is done, the word of the member before it would have been as well.
    says(b, [a]);
    const moved = files.at(-1)!;
    await eventually(async () => settled() && sum(await copiesAt([c], [moved])) === 1);
    const ofB = files.filter((file) => placeOf(file) === b.peerId);
    expect(sum(await copiesAt([c], ofB))).toBe(0);
    world.roles.delete(a.peerId);
    says(a, []);
    says(a, [b]);
    await eventually(async () => sum(await copiesAt([c], ofB)) > 0);
  });
});
