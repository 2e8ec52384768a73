import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileInfo, Health, NodeInfo } from '@dfs/contracts';
import { readJournal } from '@dfs/database';
import { day, hour } from '@dfs/runtime';
import { membershipIdOf, recordIdOf } from '@dfs/protocol';
import { fakeClock, type FakeClock } from '@dfs/testing';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';
import { Backup } from './backup.js';
import { fromEntry } from './journal-entries.js';

/** Entries of a journal: ids of membership records and of records, each once. */
async function journaled(dir: string): Promise<{ members: Set<string>; records: Set<string> }> {
  const found = { members: new Set<string>(), records: new Set<string>() };
  for await (const entry of readJournal(join(dir, 'journal'))) {
    const one = fromEntry(entry);
    if (one?.kind === 'membership') found.members.add(membershipIdOf(one.bytes));
    if (one?.kind === 'record') found.records.add(recordIdOf(one.record.body));
  }
  return found;
}

describe('a node keeps what its database can be restored from', () => {
  let test: TestNode;
  let clock: FakeClock;
  beforeEach(async () => {
    clock = fakeClock(Date.now());
    test = await startTestNode({}, { clock });
  });
  afterEach(() => test.remove());

  const put = async (node: TestNode, path: string, body = path): Promise<FileInfo> =>
    (await node.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body })).json<FileInfo>();
  const snapshots = async (dir = test.dir): Promise<string[]> =>
    (await readdir(join(dir, 'snapshots'))).filter((name) => name.endsWith('.sqlite'));
  const health = async (node = test): Promise<Health['checks'][number] | undefined> =>
    (await node.call('/health/ready')).json<Health>().checks.find(({ name }) => name === 'snapshot');
  const backup = (node = test): Backup => node.node.app.get(Backup);

  it('a snapshot a day, of which health and storage tell', async () => {
    await put(test, 'a');
    expect(await health()).toMatchObject({ ok: true, detail: 'There is no snapshot of the database yet.' });
    await backup().runIfDue();
    await backup().runIfDue();
    expect(await snapshots()).toHaveLength(1);
    clock.advance(5 * hour);
    expect(await health()).toMatchObject({
      ok: true,
      detail: expect.stringContaining('last saved 5 hours ago') as string,
    });
    const { storage } = (await test.api('/node')).json<NodeInfo>();
    expect(storage.backupBytes).toBe(backup().status().bytes);
    expect(storage.backupBytes).toBeGreaterThan(4096);
    clock.advance(19 * hour);
    await backup().runIfDue();
    expect(await snapshots()).toHaveLength(2);
    clock.advance(3 * day);
    expect(await health()).toMatchObject({ ok: false, detail: expect.stringContaining('overdue') as string });
  });

  it('every record, written here or known of the network, before and after a cut and a restart', async () => {
    const versions = [(await put(test, 'a')).version];
    await backup().runIfDue();
    versions.push((await put(test, 'b')).version);
    await test.node.stop();
    const { members, records } = await journaled(test.dir);
    expect([...records].sort()).toEqual([...versions].sort());
    expect(members.size).toBe(1);
    expect(await readdir(join(test.dir, 'journal'))).toHaveLength(2);
  });

  it('what a crash tore off is written at the next start', async () => {
    const versions: string[] = [];
    for (const path of ['a', 'b', 'c']) versions.push((await put(test, path)).version);
    await test.node.stop();
    const [name] = await readdir(join(test.dir, 'journal'));
    const file = join(test.dir, 'journal', name!);
    await truncate(file, (await readFile(file)).length - 700);
    expect((await journaled(test.dir)).records.size).toBeLessThan(3);
    const again = await startTestNode({ DFS_DATA_DIR: test.dir });
    await again.remove();
    expect([...(await journaled(test.dir)).records].sort()).toEqual([...versions].sort());
  });

  it('and goes on without, and says so, where the journal cannot be written', async () => {
    await put(test, 'a');
    await test.node.stop();
    const dir = join(test.dir, 'journal');
    await rename(dir, `${dir}-away`);
    await writeFile(dir, 'no folder');
    const again = await startTestNode({ DFS_DATA_DIR: test.dir });
    try {
      const { version } = await put(again, 'b');
      expect(await health(again)).toMatchObject({ ok: false, detail: expect.stringContaining('journal') as string });
      await rm(dir);
      await rename(`${dir}-away`, dir);
      await backup(again).runIfDue();
      expect(await health(again)).toMatchObject({ ok: true });
      await again.node.stop();
      expect((await journaled(test.dir)).records).toContain(version);
    } finally {
      await again.remove();
    }
  });

  it('of the network it has joined, too', async () => {
    const inviter = await startTestNode();
    try {
      const theirs = await put(inviter, 'theirs');
      const own = await put(test, 'own');
      const { ticket } = (await inviter.api('/network/invites', { method: 'POST', json: {} })).json<{
        ticket: string;
      }>();
      expect((await test.api('/network/join', { method: 'POST', json: { ticket } })).status).toBe(200);
      const network = (await test.api('/node')).json<NodeInfo>().network.id;
      const imported = (await test.api('/files?prefix=own')).json<{ items: FileInfo[] }>().items[0];
      await test.node.stop();
      const { members, records } = await journaled(test.dir);
      expect(members).toContain(network);
      expect([...records]).toEqual(expect.arrayContaining([theirs.version, own.version, imported?.version]));
    } finally {
      await inviter.remove();
    }
  });
});
