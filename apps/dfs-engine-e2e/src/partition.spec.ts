import { setTimeout as delay } from 'node:timers/promises';
import type { ChunkList, VoidVersionList } from '@dfs/contracts';
import { MiB } from '@dfs/runtime';
import {
  connected,
  eventually,
  isLong,
  netnsUnavailable,
  NetnsLan,
  removeAll,
  startNetwork,
  unless,
  type Engine,
} from '@dfs/testing';
import { allFiles, at, bytesOf, converged, expectSound, headsOf, remove, safe, versionBytes } from './steps.js';

const why = await netnsUnavailable();
/** Until catalogues are equal again, once the network is. */
const HEALED = 60_000;
/** Milliseconds for which they are parted at least. In any case both sides have noticed. */
const PARTED = isLong ? 60_000 : 0;

unless(why, describe)('two halves of a network that is cut in two', () => {
  let lan: NetnsLan;
  let nodes: Engine[] = [];
  let cutAt: number;
  beforeAll(async () => {
    lan = await NetnsLan.create(4);
    nodes = await startNetwork(4, { host: (index) => lan.host(index) });
  });
  afterAll(async () => {
    await removeAll(nodes);
    await lan[Symbol.asyncDispose]();
  });

  /** Cuts, and waits until both sides have noticed. */
  async function cut(): Promise<void> {
    cutAt = performance.now();
    await lan.partition([
      [0, 1],
      [2, 3],
    ]);
    for (const node of nodes) {
      await eventually(
        async () => (await node.peers()).items.filter(({ state }) => state === 'connected').length === 1,
        { poll: 250, what: `${node.name} without the other half` },
      );
    }
  }

  async function heal(): Promise<void> {
    await delay(Math.max(0, cutAt + PARTED - performance.now()));
    await lan.heal();
  }

  it('write, edit the same files and delete; healed they are equal, and nothing that was acknowledged is lost', async () => {
    const [a, b, c, d] = [at(nodes, 0), at(nodes, 1), at(nodes, 2), at(nodes, 3)];
    const base = new Map<string, Awaited<ReturnType<Engine['put']>>>();
    for (const path of ['both.txt', 'gone-left.txt', 'edited-right.txt', 'kept.txt']) {
      const file = await a.put(path, `base of ${path}`);
      await safe(a, file, 3);
      base.set(path, file);
    }
    await converged(nodes);
    await cut();

    const wrote = new Map<string, string>();
    const put = async (node: Engine, path: string, text: string): Promise<string> => {
      const { version } = await node.put(path, text);
      wrote.set(version, text);
      return version;
    };
    for (const node of nodes) for (let n = 0; n < 5; n++) await put(node, `${node.name}/${n}.txt`, `${node.name} ${n}`);
    const left = await put(a, 'both.txt', 'left');
    // A node that has not heard of it yet would write a version beside it.
    await eventually(async () => (await allFiles(b)).some(({ version }) => version === left), {
      what: 'b has heard of it',
    });
    await put(b, 'both.txt', 'left, again');
    await put(c, 'both.txt', 'right');
    await remove(b, base.get('gone-left.txt')!);
    await remove(a, base.get('edited-right.txt')!);
    await put(d, 'edited-right.txt', 'edited while it was deleted');
    await heal();
    await converged(nodes, HEALED);

    for (const node of nodes) {
      const files = await allFiles(node);
      expect(files.map(({ path }) => path).sort()).toEqual(
        [
          ...nodes.flatMap(({ name }) => [0, 1, 2, 3, 4].map((n) => `${name}/${n}.txt`)),
          'both.txt',
          'edited-right.txt',
          'kept.txt',
        ].sort(),
      );
      const both = files.find(({ path }) => path === 'both.txt')!;
      const heads = await headsOf(node, both.id);
      expect(heads.map(({ version }) => wrote.get(version)).sort()).toEqual(['left, again', 'right']);
      expect((await allFiles(node, 'conflict')).map(({ path }) => path).sort()).toEqual([
        'both.txt',
        'edited-right.txt',
      ]);
      for (const file of files) {
        for (const { version, contentId } of await headsOf(node, file.id)) {
          const text = wrote.get(version);
          if (contentId !== null && text !== undefined) {
            await eventually(async () => (await versionBytes(node, file.id, version)).toString() === text, {
              what: `${text} at ${node.name}`,
            });
          }
        }
      }
      const edited = files.find(({ path }) => path === 'edited-right.txt')!;
      await eventually(async () => (await bytesOf(node, edited)).toString() === 'edited while it was deleted', {
        what: `what D has written at ${node.name}`,
      });
    }
  });

  it('of which one removes a member that writes on the other: the same files are there, whatever came first', async () => {
    const [a, b, c, d] = [at(nodes, 0), at(nodes, 1), at(nodes, 2), at(nodes, 3)];
    await d.put('before.txt', 'written as a member');
    await converged(nodes);
    // Of each a copy is at A, B or C, whatever D takes with it.
    const before = await allFiles(a);
    for (const file of before) await safe(a, file, 3);
    const { peerId } = await d.node();
    await cut();
    // C, with D, has its files first and hears of the removal later; A and B the other way round.
    expect((await a.fetch(`/peers/${peerId}?confirm=true`, { method: 'DELETE' })).status).toBe(204);
    // So large that whoever reads it keeps it as cache.
    const late = Buffer.alloc(9 * MiB, 'written when it was no member any more, ');
    const lateFile = await d.put('late.txt', late);
    await eventually(async () => (await c.fetch(`/files/${lateFile.id}`)).status === 200, { what: 'the file at C' });
    // D alone may hold it, by placement; it will be cut off, and then C has the only bytes that are left.
    await bytesOf(c, lateFile);
    await eventually(
      async () => {
        const { items } = await c.json<ChunkList>(`/files/${lateFile.id}/chunks?limit=1000`);
        return items.length > 0 && items.every(({ here }) => here);
      },
      { what: 'C keeps what it read' },
    );
    await a.put('left.txt', 'left');
    await c.put('right.txt', 'right');
    await heal();

    await connected([a, b, c], HEALED);
    await converged([a, b, c], HEALED);
    for (const node of [a, b, c]) {
      const paths = (await allFiles(node)).map(({ path }) => path);
      expect(paths.sort()).toEqual([...before.map(({ path }) => path), 'left.txt', 'right.txt'].sort());
      expect((await node.peers()).items.map((peer) => peer.peerId)).not.toContain(peerId);
      for (const file of await allFiles(node)) {
        await eventually(async () => (await bytesOf(node, file)).length > 0, { what: `${file.path} at ${node.name}` });
      }
    }
    // A and B never met it while it wrote that; they list it all the same, and a person may bring it in at any of them.
    for (const node of [a, b, c]) {
      const isListed = async (): Promise<boolean> => {
        const { items } = await node.json<VoidVersionList>('/void-versions');
        return items.map(({ version }) => version).join() === lateFile.version;
      };
      await eventually(isListed, { deadline: HEALED, what: `the void version at ${node.name}` });
    }
    const adopted = await b.fetch(`/void-versions/${lateFile.version}/adopt`, { method: 'POST' });
    expect([200, 202]).toContain(adopted.status);
    await converged([a, b, c], HEALED);
    for (const node of [a, b, c]) {
      const file = (await allFiles(node)).find(({ path }) => path === 'late.txt')!;
      await eventually(async () => (await bytesOf(node, file)).equals(late), { what: `late.txt at ${node.name}` });
    }
    // Its files stay with it: nothing that it acknowledged is destroyed there.
    expect((await bytesOf(d, lateFile)).equals(late)).toBe(true);
  });

  it('leave nothing damaged, missing or miscounted on any of them', () => expectSound(nodes));
});
