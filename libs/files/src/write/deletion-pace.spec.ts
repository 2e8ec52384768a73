import { fakeClock, type FakeClock } from '@dfs/testing';
import { isDfsError } from '@dfs/runtime';
import { DeletionPace } from './deletion-pace.js';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';

describe('the pace of deletions', () => {
  let clock: FakeClock;
  let pace: DeletionPace;
  let files: number;
  beforeEach(() => {
    clock = fakeClock();
    pace = new DeletionPace(clock);
  });

  /** Deletes up to `count` of `files`; answers how many went. */
  async function deletes(count: number, confirmed = false): Promise<number> {
    for (let gone = 0; gone < count; gone++) {
      try {
        await pace.admit(() => Promise.resolve(files), confirmed);
      } catch (error) {
        if (isDfsError(error, 'mass-deletion')) return gone;
        throw error;
      }
      files -= 1;
    }
    return count;
  }

  it.each([
    [10, 10],
    [100, 100],
    [101, 100],
    [150, 100],
    [200, 100],
    [202, 101],
    [1000, 500],
    [1001, 500],
  ])('of %i files lets %i go within a minute', async (all, allowed) => {
    files = all;
    expect(await deletes(all)).toBe(allowed);
  });

  it('looks at the last minute alone', async () => {
    files = 400;
    expect(await deletes(150)).toBe(150);
    clock.advance(59_999);
    expect(await deletes(100)).toBe(50);
    clock.advance(1);
    // Of the 250 that were there a minute ago 50 are gone.
    expect(await deletes(200)).toBe(75);
  });

  it('lets everything go when confirmed, and counts it', async () => {
    files = 300;
    expect(await deletes(200, true)).toBe(200);
    expect(await deletes(1)).toBe(0);
    expect(await deletes(100, true)).toBe(100);
  });

  it('does not count what failed', async () => {
    files = 150;
    expect(await deletes(99)).toBe(99);
    const takeBack = await pace.admit(() => Promise.resolve(files), false);
    takeBack();
    expect(await deletes(2)).toBe(1);
  });

  it('says how many are gone, of how many', async () => {
    files = 120;
    await deletes(100);
    await expect(pace.admit(() => Promise.resolve(files), false)).rejects.toMatchObject({
      code: 'mass-deletion',
      status: 409,
      facts: { deleted: 100, asked: 1, files: 120 },
    });
  });
});

describe('deleting most of the files of a node', () => {
  let node: LocalNode;
  const clock = fakeClock();
  beforeEach(async () => (node = await localNode({ clock })));
  afterEach(() => node.remove());

  it('is stopped, however many at once, until it is confirmed or a minute has gone by', async () => {
    async function* parts() {
      for (let n = 0; n < 240; n++) yield { path: `f/${n}`, body: pieces(Buffer.from(String(n % 7))) };
    }
    const stored = await node.files.uploadMany(parts());
    const ids = stored.map((result) => ('done' in result ? result.done.file.id : ''));
    const outcomes = await Promise.allSettled(ids.map((id) => node.files.remove(id)));
    const refused = ids.filter((_, at) => outcomes[at]!.status === 'rejected');
    expect(refused).toHaveLength(120);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'mass-deletion' });
    }
    expect((await node.catalogue.totals()).count).toBe(120);
    // A missing file is not found, stop or no stop; and a refusal by If-Match counts for nothing.
    await expect(node.files.remove('a'.repeat(26))).rejects.toMatchObject({ code: 'file-not-found' });
    await node.files.remove(refused[0]!, { confirm: true });
    await expect(node.files.remove(refused[1]!)).rejects.toMatchObject({ code: 'mass-deletion' });
    clock.advance(60_000);
    await expect(node.files.remove(refused[1]!, { ifMatch: [] })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    await node.files.remove(refused[1]!);
    expect((await node.catalogue.totals()).count).toBe(118);
  });

  it('asks a key about the files that it sees, tells it of no others, and counts what it deletes for all', async () => {
    async function* parts() {
      for (let i = 0; i < 300; i++)
        yield { path: `${i < 150 ? 'mine' : 'other'}/${i}`, body: pieces(Buffer.from('x')) };
    }
    const stored = await node.files.uploadMany(parts());
    const ids = stored.map((result) => ('done' in result ? result.done.file.id : ''));
    const by = { key: 'k', prefix: 'mine/' };
    for (const id of ids.slice(200, 300)) await node.files.remove(id);
    // The owner has deleted 100 elsewhere: the key hears of its own folder alone.
    await expect(node.files.folders.remove('mine', false, by)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { deleted: 0, asked: 150, files: 150 },
    });
    await node.files.changeMatching('delete', { prefix: 'mine/' }, { confirm: true, by });
    await expect(node.files.remove(ids[150]!)).rejects.toMatchObject({ facts: { deleted: 250, asked: 1, files: 300 } });
    await node.files.remove(ids[150]!, { confirm: true });
  });

  it('is asked of a deletion that is chosen, too', async () => {
    async function* parts() {
      for (let i = 0; i < 160; i++) yield { path: `p/${i}`, body: pieces(Buffer.from('x')) };
    }
    const stored = await node.files.uploadMany(parts());
    const ids = stored.map((result) => ('done' in result ? result.done.file.id : ''));
    const deletion = await writtenElsewhere(node, 'p/0', { kind: 'deletion', content: null, size: 0, mediaType: '' });
    for (const id of ids.slice(1, 101)) await node.files.remove(id);
    const id = ids[0]!;
    await expect(node.files.choose(id, deletion)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { deleted: 100, asked: 1, files: 160 },
    });
    expect((await node.files.get(id)).deleted).toBe(false);
    const { file } = await node.files.choose(id, deletion, { confirm: true });
    expect(file.deleted).toBe(true);
  });
});
