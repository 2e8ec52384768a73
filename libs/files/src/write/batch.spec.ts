import type { FileInfo } from '@dfs/contracts';
import { fakeClock } from '@dfs/testing';
import { recount } from '@dfs/catalogue';
import type { BatchOutcome } from './batch.js';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';

/** The result of each: its path now, or why it stays. */
const codes = (outcomes: readonly BatchOutcome[]) =>
  outcomes.map((one) => ('error' in one ? one.error.code : one.path));

describe('one act over many files', () => {
  let node: LocalNode;
  const clock = fakeClock();
  beforeEach(async () => (node = await localNode({ clock })));
  afterEach(() => node.remove());

  async function stored(count: number): Promise<FileInfo[]> {
    async function* parts() {
      for (let n = 0; n < count; n++) yield { path: `f/${n}`, body: pieces(Buffer.from(String(n % 7))) };
    }
    const results = await node.files.uploadMany(parts());
    return results.map((result) => ('done' in result ? result.done.file : undefined)) as FileInfo[];
  }

  it('deletes what was seen, and says of each other file why it stays', async () => {
    const [a, b, c] = (await stored(3)) as [FileInfo, FileInfo, FileInfo];
    const { file: newer } = await node.files.upload({ path: b.path, body: pieces(Buffer.from('newer')) });
    const unknown = 'a'.repeat(26);
    const { act, outcomes } = await node.files.changeMany('delete', [
      { id: a.id, version: a.version },
      { id: b.id, version: b.version },
      { id: unknown },
      { id: c.id },
    ]);
    expect(outcomes).toEqual([
      { id: a.id, path: a.path, kept: true },
      { id: b.id, path: b.path, error: expect.objectContaining({ code: 'precondition-failed' }) as unknown },
      { id: unknown, path: null, error: expect.objectContaining({ code: 'file-not-found' }) as unknown },
      { id: c.id, path: c.path, kept: true },
    ]);
    expect(act).toMatch(/^[0-9a-f]{32}$/);
    expect((await node.files.get(b.id)).version).toBe(newer.version);
    // The same act again, as after a lost answer: what is gone is gone, and nothing else changes.
    const again = await node.files.changeMany('delete', [{ id: a.id, version: a.version }]);
    expect(again.outcomes).toEqual([
      { id: a.id, path: a.path, error: expect.objectContaining({ code: 'file-not-found' }) as unknown },
    ]);
  });

  it('asks before the first file goes when most of them would', async () => {
    const files = await stored(150);
    const act = files.slice(0, 120).map(({ id, version }) => ({ id, version }));
    await expect(node.files.changeMany('delete', act)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { deleted: 0, asked: 120, files: 150 },
    });
    expect((await node.catalogue.totals()).count).toBe(150);
    // A refused act counts for nothing: a hundred may go as ever.
    await node.files.changeMany('delete', act.slice(0, 100));
    await expect(node.files.remove(act[100]!.id)).rejects.toMatchObject({ code: 'mass-deletion' });
    await node.files.changeMany('delete', act.slice(100), { confirm: true });
    expect((await node.catalogue.totals()).count).toBe(30);
  });

  it('moves, copies, chooses and brings back, each by one unit of work, whatever one of them is refused for', async () => {
    const [a, b, c] = (await stored(3)) as [FileInfo, FileInfo, FileInfo];
    let units = 0;
    const stop = node.catalogue.onRecords(() => (units += 1));
    const moved = await node.files.changeMany('move', [
      { id: a.id, version: a.version, path: 'to/a' },
      { id: b.id, path: 'f/2' },
      { id: c.id },
      { id: c.id, path: '../up' },
      { id: c.id, path: 'f/1/inside' },
    ]);
    expect(codes(moved.outcomes)).toEqual(['to/a', 'path-exists', 'validation-failed', 'invalid-path', 'path-taken']);
    const at = (await node.catalogue.byPath('to/a'))!;
    expect(Buffer.from(at.attributes.act!).toString('hex')).toBe(moved.act);
    expect((await node.files.list({ limit: 10 })).items.map(({ path }) => path)).toEqual(['f/1', 'f/2', 'to/a']);
    const copied = await node.files.changeMany('copy', [
      { id: b.id, path: 'copy/b' },
      { id: b.id, path: 'copy/b' },
    ]);
    expect(codes(copied.outcomes)).toEqual(['copy/b', 'path-exists']);
    await node.files.changeMany('delete', [{ id: b.id }, { id: c.id }]);
    const restored = await node.files.changeMany('restore', [
      { id: b.id },
      { id: c.id, version: c.version },
      { id: at.fileId },
    ]);
    expect(codes(restored.outcomes)).toEqual(['f/1', 'f/2', 'conflict']);
    const head = await writtenElsewhere(node, 'f/1', { clock: { ms: Date.now() + 60_000, counter: 0 } });
    const chosen = await node.files.changeMany('choose', [
      { id: b.id, version: head },
      { id: c.id, version: c.version },
    ]);
    expect(codes(chosen.outcomes)).toEqual(['f/1', 'conflict']);
    stop();
    // One is what was written elsewhere.
    expect(units).toBe(6);
    expect((await recount(node.db)).miscounts).toEqual([]);
  });

  it('asks before most files go by a choice, too', async () => {
    const versions: { id: string; version: string }[] = [];
    for (let n = 0; n < 101; n++) {
      const path = `torn/${n}`;
      const { id } = (await node.files.upload({ path, body: pieces(Buffer.from(path)) })).file;
      const gone = { kind: 'deletion', content: null, size: 0, mediaType: '' } as const;
      versions.push({ id, version: await writtenElsewhere(node, path, gone) });
    }
    await expect(node.files.changeMany('choose', versions)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { asked: 101 },
    });
    const { outcomes } = await node.files.changeMany('choose', versions, { confirm: true });
    expect(outcomes.filter((one) => 'file' in one && one.file?.deleted)).toHaveLength(101);
  });

  it('is over all that match: deleted and purged, chosen where they are in conflict, brought back', async () => {
    await stored(130);
    await expect(node.files.changeMatching('delete', { prefix: 'f/' })).rejects.toMatchObject({
      code: 'mass-deletion',
    });
    const gone = await node.files.changeMatching('delete', { prefix: 'f/' }, { confirm: true });
    expect('outcomes' in gone && gone.outcomes.filter((one) => !('error' in one))).toHaveLength(130);
    const back = await node.files.changeMatching('restore', { prefix: 'f/1', state: 'deleted' });
    expect('outcomes' in back && back.outcomes).toHaveLength(41);
    expect((await node.files.list({ limit: 1 })).total).toBe(41);
    await writtenElsewhere(node, 'f/10', { clock: { ms: Date.now() + 60_000, counter: 0 } });
    await node.files.changeMatching('choose', { state: 'conflict' });
    expect((await node.files.list({ limit: 1, state: 'conflict' })).total).toBe(0);
    expect(await node.catalogue.retention.isEnded()).toBe(false);
    await node.files.changeMatching('purge', { path: 'f/10' }, { confirm: true });
    expect(await node.catalogue.retention.isEnded()).toBe(true);
    expect((await node.files.list({ limit: 1 })).total).toBe(40);
  });

  it('tells which of many paths there are, in their order', async () => {
    const [a, b] = (await stored(2)) as [FileInfo, FileInfo];
    await node.files.remove(b.id);
    const results = await node.files.lookUp(['none', b.path, '../up', a.path, a.path]);
    expect(results.map((one) => [one.path, 'file' in one ? (one.file?.version ?? null) : one.error.code])).toEqual([
      ['none', null],
      [b.path, null],
      ['../up', 'invalid-path'],
      [a.path, a.version],
      [a.path, a.version],
    ]);
  });
});
