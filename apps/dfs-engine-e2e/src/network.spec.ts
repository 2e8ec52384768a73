import { openAsBlob } from 'node:fs';
import { randomBytes } from 'node:crypto';
import type { FileList } from '@dfs/contracts';
import { eventually, realFiles, removeAll, sha256Hex, startNetwork, type Engine } from '@dfs/testing';
import { at, blocksSent, bytesOf, contentHash, known, listed, safe } from './steps.js';

const MiB = 1024 * 1024;

describe('three nodes', () => {
  let nodes: Engine[];
  let a: Engine;
  let b: Engine;
  let c: Engine;

  beforeAll(async () => {
    nodes = await startNetwork(3);
    [a, b, c] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)];
  });
  afterAll(() => removeAll(nodes));

  it('are one network that each of them describes alike', async () => {
    const infos = await Promise.all(nodes.map((node) => node.node()));
    expect(new Set(infos.map((info) => info.network.id)).size).toBe(1);
    expect(infos.map((info) => info.network.members)).toEqual([3, 3, 3]);
    expect(infos.map((info) => info.name)).toEqual(['node-a', 'node-b', 'node-c']);
    expect(infos.map((info) => info.network.role)).toEqual(['owner', 'member', 'member']);
    await eventually(async () => {
      const { items } = await b.peers();
      expect(items.map((peer) => peer.state).sort()).toEqual(['connected', 'connected', 'self']);
      expect(new Set(items.map((peer) => peer.name))).toEqual(new Set(['node-a', 'node-b', 'node-c']));
      return true;
    });
  });

  it('share an empty file, names in every script, and the same bytes under two names', async () => {
    const empty = await a.put('leer/nichts.txt', '');
    expect(empty).toMatchObject({ size: 0, path: 'leer/nichts.txt' });
    const names = [
      'Grüße aus Köln.txt',
      'a b  c.txt',
      '👋🏽 emoji.txt',
      '日本語/ファイル.txt',
      'שלום.txt',
      "it's 100%.txt",
    ];
    for (const name of names) await b.put(name, `content of ${name}`);
    await b.put('twin-1.bin', Buffer.from('the same bytes'));
    const twin = await c.put('twin-2.bin', Buffer.from('the same bytes'));
    for (const node of nodes) {
      for (const name of names) {
        const file = await listed(node, name);
        expect(file.id).toBe((await listed(a, name)).id);
        expect((await bytesOf(node, file)).toString()).toBe(`content of ${name}`);
      }
      expect(await listed(node, 'leer/nichts.txt')).toMatchObject({ size: 0, contentId: empty.contentId });
      expect(await bytesOf(node, empty)).toHaveLength(0);
      expect((await listed(node, 'twin-1.bin')).contentId).toBe(twin.contentId);
    }
  });

  it('send a small file with its record: nobody asks for it', async () => {
    const sent = async (): Promise<number> =>
      (await Promise.all(nodes.map(blocksSent))).reduce((sum, bytes) => sum + bytes, 0);
    let number = 0;
    // Some may be asked for: where the record came by a comparison before the push did.
    await eventually(
      async () => {
        const before = await sent();
        const bytes = randomBytes(4096);
        const file = await a.put(`alone/${number++}`, bytes);
        await safe(a, file, 3);
        for (const node of [b, c]) expect((await bytesOf(node, file)).equals(bytes)).toBe(true);
        return (await sent()) === before;
      },
      { deadline: 60_000, what: 'a file that nobody asked for' },
    );
  });

  it('show a decomposed name as the composed one', async () => {
    const file = await a.put('u\u0308ber.txt', 'x');
    expect(file.path).toBe('\u00fcber.txt');
    expect((await a.put('\u00fcber.txt', 'x')).version).toBe(file.version);
  });

  it('carry a new version everywhere', async () => {
    const first = await a.put('notes.txt', 'first');
    await listed(c, 'notes.txt');
    const second = await c.put('notes.txt', 'second');
    expect(second.id).toBe(first.id);
    await eventually(async () => (await a.file(first.id)).version === second.version, { what: 'the version at A' });
    expect((await bytesOf(a, second)).toString()).toBe('second');
    expect(await a.put('notes.txt', 'second')).toMatchObject({ version: second.version });
  });

  it('take real files, many in one request, and give them back equal', async () => {
    const files = await realFiles({ min: 10_000, max: 6 * MiB, count: 25 });
    const form = new FormData();
    for (const file of files) {
      form.append('path', `libs${file.path}`);
      form.append('file', await openAsBlob(file.path), 'ignored');
    }
    const answer = await b.fetch('/files', { method: 'POST', body: form });
    expect(answer.status).toBe(207);
    const { results } = (await answer.json()) as { results: { status: number; path: string }[] };
    expect(results.map((result) => result.status)).toEqual(files.map(() => 201));
    for (const file of files) {
      const there = await listed(c, `libs${file.path}`);
      expect(there.size).toBe(file.size);
      expect(await contentHash(c, there)).toBe(await sha256Hex(file.path));
    }
  });

  it('delete everywhere, and a client that asks for the file is told', async () => {
    const file = await a.put('short-lived.txt', 'soon gone');
    await known(nodes, file);
    expect((await b.fetch(`/files/${file.id}`, { method: 'DELETE' })).status).toBe(204);
    for (const node of nodes) {
      await eventually(async () => (await node.fetch(`/files/${file.id}/content`)).status === 404);
      const { items } = await node.json<FileList>('/files?prefix=short-lived');
      expect(items).toEqual([]);
    }
  });

  it('find a file by the DHT', async () => {
    const file = await a.put('for-the-dht.bin', randomBytes(3 * MiB));
    await safe(a, file, 3);
    await eventually(
      async () => {
        const { providers } = await c.json<{ providers: { peerId: string }[] }>(`/dht/providers/${file.contentId}`);
        return providers.length >= 1;
      },
      { what: 'a provider in the DHT' },
    );
  });

  it('keep a file of 96 MiB when the node it was put into dies', async () => {
    const bytes = randomBytes(96 * MiB);
    const hash = await sha256Hex(bytes);
    const file = await a.put('big.bin', bytes);
    expect(file).toMatchObject({ size: bytes.length, path: 'big.bin' });
    expect((await listed(b, 'big.bin')).contentId).toBe(file.contentId);
    expect((await listed(c, 'big.bin')).contentId).toBe(file.contentId);
    await safe(a, file, 3);
    await a.kill();

    expect(await contentHash(c, file)).toBe(hash);
    const ranges: [number, number][] = [
      [0, 0],
      [1, 5 * MiB],
      [50 * MiB - 3, 50 * MiB + 3],
      [bytes.length - 7, bytes.length - 1],
    ];
    for (const [first, last] of ranges) {
      const part = await c.fetch(`/files/${file.id}/content`, { headers: { range: `bytes=${first}-${last}` } });
      expect(part.status).toBe(206);
      expect(part.headers.get('content-range')).toBe(`bytes ${first}-${last}/${bytes.length}`);
      expect(Buffer.compare(Buffer.from(await part.arrayBuffer()), bytes.subarray(first, last + 1))).toBe(0);
    }

    // Deleted at B while A is away: gone at C within 5 s, and at A after it has come back.
    expect((await b.fetch(`/files/${file.id}`, { method: 'DELETE' })).status).toBe(204);
    await eventually(async () => (await c.fetch(`/files/${file.id}`)).status === 404);
    await a.start();
    await eventually(async () => (await a.fetch(`/files/${file.id}`)).status === 404);
  });

  it('keep identity, network and catalogue over a restart, and find each other again', async () => {
    const before = await Promise.all(nodes.map((node) => node.node()));
    const files = await b.json<FileList>('/files?limit=1000');
    expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0, 0]);
    await Promise.all(nodes.map((node) => node.start()));
    for (const [index, node] of nodes.entries()) {
      const after = await node.node();
      expect(after.peerId).toBe(before[index]?.peerId);
      expect(after.network).toEqual(before[index]?.network);
      await eventually(
        async () => (await node.peers()).items.filter((peer) => peer.state === 'connected').length === 2,
        { what: `${node.name} reconnected` },
      );
    }
    const again = await b.json<FileList>('/files?limit=1000');
    expect(again.items.map((file) => file.version)).toEqual(files.items.map((file) => file.version));
    const some = at(again.items, 0);
    expect(await contentHash(c, some)).toBe(await contentHash(b, some));
  });
});
