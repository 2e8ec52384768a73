import { fakeClock, type FakeClock } from '@dfs/testing';
import { isDfsError } from '@dfs/runtime';
import { DeletionPace } from './deletion-pace.js';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';

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
});
