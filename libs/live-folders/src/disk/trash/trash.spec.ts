import { bodyOf, expectedAt, IDS, memoryRoot, p, textOf, type MemoryRoot } from '../../testing/memory-root.js';
import type { TrashNote } from '../root-disk.js';

const note: TrashNote = { reason: 'removed', ids: IDS, contentId: 'bafy' };
const DAY = 86_400_000;

async function removed(root: MemoryRoot, path: string, text: string): Promise<string> {
  root.user.write(root.at(path), text);
  root.time.advance(60_000);
  const done = await root.disk.remove(p(path), await expectedAt(root, p(path)), note);
  if (done.outcome !== 'removed') throw new Error(done.outcome);
  return done.id;
}
const read = async ({ disk }: MemoryRoot, id: string) => textOf(await disk.trash.read(id));

describe('the trash (rule 6)', () => {
  it('is browsed by pages, the newest first', async () => {
    const root = memoryRoot();
    const ids = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push(await removed(root, name, name));
    const first = await root.disk.trash.list({ limit: 2 });
    expect(first.entries.map(({ path }) => path)).toEqual(['e', 'd']);
    expect(first.entries[0]).toMatchObject({ id: ids[4], reason: 'removed', contentId: 'bafy', stat: { size: 1 } });
    const second = await root.disk.trash.list({ limit: 2, cursor: first.next! });
    const third = await root.disk.trash.list({ limit: 2, cursor: second.next! });
    expect([second, third].map(({ entries }) => entries.map(({ path }) => path))).toEqual([['c', 'b'], ['a']]);
    expect(third.next).toBeUndefined();
  });

  it('restores to the place or to another one, and never over a file', async () => {
    const root = memoryRoot();
    const id = await removed(root, 'deep/a', 'old');
    root.user.write(root.at('deep/a'), 'new');
    expect(await root.disk.trash.restore(id)).toEqual({ outcome: 'taken' });
    expect(await root.disk.trash.restore(id, p('other/place/a'))).toMatchObject({
      outcome: 'restored',
      path: 'other/place/a',
    });
    expect(root.user.read(root.at('other/place/a'))).toBe('old');
    expect((await root.disk.trash.list({ limit: 10 })).entries).toEqual([]);
    for (const none of [id, 'no-such-id', '../a', '.dfs-folder']) {
      expect(await root.disk.trash.restore(none)).toEqual({ outcome: 'gone' });
    }
  });

  it('is emptied by id, by age, or whole; what is named does not get out of it', async () => {
    const root = memoryRoot();
    const [a] = [await removed(root, 'a', 'aa'), await removed(root, 'b', 'b')];
    root.time.advance(30 * DAY);
    const since = root.time.now() - DAY;
    await removed(root, 'c', 'ccc');
    await expect(root.disk.trash.empty({ ids: ['../../c'] })).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await root.disk.trash.empty({ ids: [a] })).toEqual({ files: 1, bytes: 2 });
    expect(await root.disk.trash.empty({ olderThan: since })).toEqual({ files: 1, bytes: 1 });
    expect((await root.disk.trash.list({ limit: 10 })).entries.map(({ path }) => path)).toEqual(['c']);
    expect(await root.disk.trash.empty('all')).toEqual({ files: 1, bytes: 3 });
    expect(Object.keys(root.all())).toEqual(['.dfs-trash/clock']);
  });

  it('of those that are to give way only files go that nobody has written on into; the oldest can be listed first', async () => {
    const root = memoryRoot();
    const [a, b] = [await removed(root, 'a', 'aa'), await removed(root, 'b', 'bb')];
    root.time.advance(DAY);
    root.user.write(root.at(`.dfs-trash/${b}`), 'written on');
    const first = await root.disk.trash.list({ limit: 1, oldestFirst: true });
    const second = await root.disk.trash.list({ limit: 1, oldestFirst: true, cursor: first.next! });
    expect([...first.entries, ...second.entries].map(({ id }) => id)).toEqual([a, b]);
    expect(second.next).toBeUndefined();
    expect(await root.disk.trash.empty({ asNoted: [a, b] })).toEqual({ files: 1, bytes: 2 });
    await expect(root.disk.trash.empty({ asNoted: ['../../c'] })).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await root.disk.trash.list({ limit: 10 })).entries.map(({ id }) => id)).toEqual([b]);
  });

  it('a program that writes on into the old file: told once it has stood still for 2 s, until its bytes are known', async () => {
    const root = memoryRoot();
    root.user.write(root.at('log'), 'one');
    const held = root.files.tree.resolve(root.at('log'));
    root.time.advance(60_000);
    const staged = await root.disk.stage(p('log'), IDS, bodyOf('new'), {});
    await root.disk.place(staged, {
      expected: await expectedAt(root, p('log')),
      note: { ...note, reason: 'replaced' },
    });
    root.time.advance(3000);
    expect(await root.disk.trash.changed()).toEqual([]);
    root.user.append(held, ' two');
    expect(await root.disk.trash.changed()).toEqual([]);
    root.time.advance(2000);
    const [entry] = await root.disk.trash.changed();
    expect(entry).toMatchObject({ path: 'log', stat: { size: 7 } });
    expect(await read(root, entry!.id)).toBe('one two');
    const reading = await root.disk.trash.read(entry!.id);
    await textOf(reading);
    await root.disk.trash.known(entry!.id, await reading.end, 'bafy-two');
    expect(await root.disk.trash.changed()).toEqual([]);
    expect(await root.restarted().disk.trash.changed()).toEqual([]);
    root.user.append(held, ' three');
    root.time.advance(3000);
    expect(await root.restarted().disk.trash.changed()).toHaveLength(1);
  });

  it('a file whose note was lost in a crash is there, without a path, as bytes that nobody knows', async () => {
    const root = memoryRoot();
    const id = await removed(root, 'a', 'old');
    root.user.write(root.at(`.dfs-trash/${id}.json`), '');
    root.time.advance(3000);
    const { disk } = root.restarted();
    expect(await disk.trash.list({ limit: 10 })).toMatchObject({
      entries: [{ id, path: undefined, contentId: undefined }],
    });
    expect((await disk.trash.changed()).map((entry) => entry.id)).toEqual([id]);
    expect(await disk.trash.restore(id)).toEqual({ outcome: 'gone' });
    expect(await disk.trash.restore(id, p('found'))).toMatchObject({ outcome: 'restored' });
  });
});

describe('recovery (rule 8)', () => {
  it('crash between aside and place: back to its place where that is free, else to the trash, as bytes to be looked at', async () => {
    for (const isFree of [true, false]) {
      const root = memoryRoot();
      root.user.write(root.at('a'), 'old');
      root.time.advance(60_000);
      const expected = await expectedAt(root, p('a'));
      root.files.script({
        when: ({ name, path }) => name === 'rename' && path === root.at('a'),
        nth: 1,
        fate: { act: () => root.files.script({ nth: 2, fate: { crash: { keep: Infinity, bytes: true } } }) },
      });
      await expect(root.disk.remove(p('a'), expected, note)).rejects.toThrow();
      if (!isFree) root.user.write(root.at('a'), 'own');
      const again = root.restarted();
      const [listing] = await again.disk.list([p('')]);
      const temporaries = listing?.outcome === 'whole' ? listing.temporaries : [];
      expect(temporaries).toMatchObject([{ kind: 'aside', ...IDS }]);
      const [recovered] = await again.disk.recover([{ temporary: temporaries[0]!.name }]);
      expect(recovered).toMatchObject({ outcome: isFree ? 'put-back' : 'trashed', path: 'a' });
      expect(root.user.read(root.at('a'))).toBe(isFree ? 'old' : 'own');
      root.time.advance(3000);
      expect((await again.disk.trash.changed()).map(({ path }) => path)).toEqual(isFree ? [] : ['a']);
    }
  });

  it('what stands aside and nobody knows goes to the trash; a staged file goes', async () => {
    const root = memoryRoot();
    const staged = await root.disk.stage(p('b'), IDS, bodyOf('new'), {});
    root.user.write(root.at(`.dfs-tmp-${'b'.repeat(26)}-01`), 'whose');
    const aside = p(`.dfs-tmp-${'b'.repeat(26)}-01`);
    expect(
      await root.disk.recover([{ temporary: staged.temporary }, { temporary: aside }, { temporary: p('none') }]),
    ).toEqual([
      { temporary: staged.temporary, outcome: 'removed' },
      { temporary: aside, outcome: 'trashed' },
      { temporary: 'none', outcome: 'gone' },
    ]);
    root.time.advance(3000);
    expect(await root.disk.trash.changed()).toMatchObject([{ reason: 'interrupted', contentId: undefined }]);
  });
});
