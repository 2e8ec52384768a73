import { randomBytes } from 'node:crypto';
import type { EventPage, FileInfo, FileList, NodeInfo, VersionList } from '@dfs/contracts';
import { eventually, removeAll, startEngine, startNetwork, type Engine } from '@dfs/testing';
import { at, bytesOf, safe } from './steps.js';

const MiB = 2 ** 20;
const FILE = 2 * MiB;
/** Of 2 MiB each, what a quota of 24 MiB has room for. */
const MOST = 11;

describe('a node whose quota is used up', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  const upload = (node: Engine, path: string, bytes = randomBytes(FILE)): Promise<Response> =>
    node.fetch(`/files/content?path=${path}`, { method: 'PUT', body: bytes });
  const remove = async (node: Engine, id: string, query = ''): Promise<void> =>
    void expect((await node.fetch(`/files/${id}${query}`, { method: 'DELETE' })).status).toBe(204);
  const purged = async (node: Engine): Promise<string[]> =>
    (await node.json<EventPage>('/events')).items.flatMap((event) =>
      event.type === 'file.purged' ? event.data.files.map(({ path }) => `${path} ${event.data.reason ?? ''}`) : [],
    );

  it('alone takes uploads again once files are deleted, the oldest of them first, and never gives up what is shown', async () => {
    const node = await startEngine({ env: { DFS_QUOTA: '24MiB' } });
    nodes = [node];
    const files: FileInfo[] = [];
    for (let n = 0; n < MOST; n++) files.push(await node.put(`f${n}`, randomBytes(FILE)));
    const full = await upload(node, 'more');
    expect(full.status).toBe(507);
    expect(await full.json()).toMatchObject({ code: 'quota-exceeded', deletedBytes: 0, pastVersionBytes: 0 });

    const [first, second, third] = [at(files, 0), at(files, 1), at(files, 2)];
    for (const { id } of [first, second, third]) await remove(node, id);
    await eventually(async () => (await node.json<NodeInfo>('/node')).storage.deletedBytes === 3 * FILE, {
      what: 'what is kept of deleted files is told',
    });
    expect((await upload(node, 'more')).status).toBe(201);
    expect((await purged(node))[0]).toBe('f0 room');
    const restored = await node.fetch(`/files/${first.id}/restore`, { method: 'POST', body: '{}', headers: JSON_BODY });
    expect(restored.status).toBe(410);
    expect(await restored.json()).toMatchObject({ code: 'purged' });
    // A file that did not have to go yet is brought back, and is shown from then on.
    const again = await node.fetch(`/files/${third.id}/restore`, { method: 'POST', body: '{}', headers: JSON_BODY });
    expect(again.status).toBe(200);

    // One file that is saved often fills nothing for good, either: there is room for what it shows, and for what it will.
    await remove(node, at(files, 3).id);
    for (let save = 0; save < 2 * MOST; save++) expect((await upload(node, 'often')).status).toBeLessThan(300);
    const { items } = await node.json<VersionList>(`/files/${(await byPath(node, 'often')).id}/versions`);
    expect(items.filter((version) => version.purged).length).toBeGreaterThan(MOST);
    for (const file of [third, ...files.slice(4)]) expect((await bytesOf(node, file)).length).toBe(FILE);
    const { storage } = await node.json<NodeInfo>('/node');
    expect(storage.bytes).toBeLessThanOrEqual(24 * MiB);

    // Old versions are let go of on demand, and what is shown is not.
    const often = await byPath(node, 'often');
    const released = await node.fetch(`/files/${often.id}/versions`, { method: 'DELETE' });
    expect(await released.json()).toMatchObject({ versions: 2 * MOST - 1 });
    expect((await bytesOf(node, often)).length).toBe(FILE);
    const late = `?before=${encodeURIComponent('2026-13-01T00:00:00Z')}`;
    expect((await node.fetch(`/files/${often.id}/versions${late}`, { method: 'DELETE' })).status).toBe(400);
  });

  it('in a network gives way to uploads with what others keep; a purge ends retention everywhere', async () => {
    nodes = await startNetwork(3, { env: { DFS_REPLICAS: '3' } });
    const [a, b, c] = nodes as [Engine, Engine, Engine];
    const quota = { method: 'PATCH', body: JSON.stringify({ quotaBytes: 24 * MiB }), headers: JSON_BODY };
    expect((await a.fetch('/settings', quota)).status).toBe(200);
    const files: FileInfo[] = [];
    for (let n = 0; n < 9; n++) files.push(await a.put(`n${n}`, randomBytes(FILE)));
    for (const file of files) await safe(a, file, 3);
    for (const { id } of files.slice(0, 3)) await remove(a, id);
    for (let n = 0; n < 4; n++) expect((await upload(a, `more${n}`)).status).toBe(201);
    // Others have promised what went here: it is no purge, and comes back from them.
    expect(await purged(a)).toEqual([]);
    const [first] = files as [FileInfo];
    const isDeleted = async (): Promise<boolean> => (await b.fetch(`/files/${first.id}`)).status === 404;
    await eventually(isDeleted, { what: 'b has heard of the deletion' });
    const restored = await b.fetch(`/files/${first.id}/restore`, { method: 'POST', body: '{}', headers: JSON_BODY });
    expect(restored.status).toBeLessThan(300);
    expect((await bytesOf(b, first)).length).toBe(FILE);
    for (const file of files.slice(3)) expect((await bytesOf(a, file)).length).toBe(FILE);

    const last = at(files, 8);
    await remove(a, last.id, '?purge=true');
    await eventually(
      async () => {
        const { items } = await c.json<FileList>(`/files?state=deleted&path=${last.path}&prefix=${last.path}`);
        return items[0]?.purge?.purged === 3;
      },
      { poll: 200, what: 'all three say that they have purged it' },
    );
    expect(await purged(c)).toEqual([`${last.path} `]);
  });
});

const JSON_BODY = { 'content-type': 'application/json' };

async function byPath(node: Engine, path: string): Promise<FileInfo> {
  const { items } = await node.json<FileList>(`/files?prefix=${path}`);
  return at(items, 0);
}
