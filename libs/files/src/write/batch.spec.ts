import type { FileInfo } from '@dfs/contracts';
import { fakeClock } from '@dfs/testing';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';

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
    const outcomes = await node.files.removeMany([
      { id: a.id, version: a.version },
      { id: b.id, version: b.version },
      { id: unknown },
      { id: c.id },
    ]);
    expect(outcomes).toEqual([
      { id: a.id, path: a.path },
      { id: b.id, path: b.path, error: expect.objectContaining({ code: 'precondition-failed' }) as unknown },
      { id: unknown, path: null, error: expect.objectContaining({ code: 'file-not-found' }) as unknown },
      { id: c.id, path: c.path },
    ]);
    expect((await node.files.get(b.id)).version).toBe(newer.version);
    // The same act again, as after a lost answer: what is gone is gone, and nothing else changes.
    const again = await node.files.removeMany([{ id: a.id, version: a.version }]);
    expect(again).toEqual([
      { id: a.id, path: a.path, error: expect.objectContaining({ code: 'file-not-found' }) as unknown },
    ]);
  });

  it('asks before the first file goes when most of them would', async () => {
    const files = await stored(150);
    const act = files.slice(0, 120).map(({ id, version }) => ({ id, version }));
    await expect(node.files.removeMany(act)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { deleted: 0, asked: 120, files: 150 },
    });
    expect((await node.catalogue.totals()).count).toBe(150);
    // A refused act counts for nothing: a hundred may go as ever.
    await node.files.removeMany(act.slice(0, 100));
    await expect(node.files.remove(act[100]!.id)).rejects.toMatchObject({ code: 'mass-deletion' });
    await node.files.removeMany(act.slice(100), { confirm: true });
    expect((await node.catalogue.totals()).count).toBe(30);
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
