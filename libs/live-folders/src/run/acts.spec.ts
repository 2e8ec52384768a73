import { isLong } from '@dfs/testing';
import { TestMembers, type TestMember } from '../testing/members.js';
import { deletions, issuesOf, many, records, two } from '../testing/world.suite.js';
import type { Call } from '../testing/scripted-file-system.js';

// Accidents of others, each by its name.

describe('an act', () => {
  it('between check and rename: a file that is replaced meanwhile is a local change', async () => {
    for (let nth = 1; nth < 60; nth += 4) {
      await using world = await two({ a: 'one' });
      const { a, b, members } = world;
      b.write('a', 'from b');
      await b.settle();
      await members.meet();
      a.root.files.script({ nth, fate: { act: () => a.root.user.save(a.root.at('a'), 'saved on a') } });
      await a.settle();
      a.root.files.script();
      await members.settle();
      expect(a.files()).toEqual(b.files());
      expect([...(await b.versions('p/a')), ...a.trash()]).toEqual(expect.arrayContaining(['from b']));
      const wasMade = a.root.files.calls.length >= nth;
      if (wasMade) expect([...(await b.versions('p/a'))]).toContain('saved on a');
    }
  });

  it('a crash between aside and place: nothing is lost, nothing is deleted', async () => {
    for (let nth = 20; nth < 90; nth += 5) {
      await using world = await two({ a: 'one' });
      const { a, b, members } = world;
      b.write('a', 'from b');
      await b.settle();
      await members.meet();
      a.root.files.tree.settle();
      a.root.files.script({ nth, fate: { crash: { keep: nth % 3, bytes: false } } });
      await a.settle();
      await a.restart();
      await members.settle();
      expect(a.files()).toEqual({ a: 'from b' });
      expect(await deletions(b)).toBe(0);
    }
  });

  it('two members that edit one file within a second: both versions are kept, and both disks show the same', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.write('a', 'by a');
    b.write('a', 'by b');
    await a.settle();
    await b.settle();
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(await b.versions('p/a')).toEqual(expect.arrayContaining(['by a', 'by b']));
  });

  it('a directory that is renamed moves no byte, deletes nothing and asks nobody', async () => {
    const count = isLong ? 10_000 : 300;
    await using world = await two({ ...many(count, 'old/'), other: 'x' });
    const { a, b, members } = world;
    const before = await records(a);
    const inodes = new Set(Object.keys(b.files()).map((path) => b.root.files.tree.find(b.root.at(path))?.number));
    for (const { root } of [a, b]) root.files.calls.length = 0;
    a.rename('old', 'new');
    await members.settle();
    expect(Object.keys(b.files()).filter((path) => path.startsWith('new/'))).toHaveLength(count);
    expect(Object.keys(b.files()).some((path) => path.startsWith('old/'))).toBe(false);
    // One record that it came and one that it went, of each; no byte of any is read again.
    expect(await records(b)).toBe(before + 2 * count);
    for (const { root } of [a, b])
      expect(root.files.calls.filter(({ name, path }) => name === 'read' && /\/f\d{5}$/.test(path))).toEqual([]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date', held: 0 });
    // On the other disk it was a rename as well.
    for (const path of Object.keys(b.files()))
      expect(inodes).toContain(b.root.files.tree.find(b.root.at(path))?.number);
    expect(b.trash().filter((text) => text.startsWith('text '))).toEqual([]);
  });

  it('that changes the case alone is a rename on disks that fold it', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ foldsCase: true })];
    a.write('read.me', 'text');
    await a.bind();
    await b.bind();
    await members.settle();
    a.rename('read.me', 'READ.me');
    await members.settle();
    expect(Object.keys(b.files())).toEqual(['READ.me']);
    b.rename('READ.me', 'other');
    b.rename('other', 'Read.me');
    await members.settle();
    expect(Object.keys(a.files())).toEqual(['Read.me']);
    expect(await b.info()).toMatchObject({ state: 'up-to-date', issues: 0 });
  });

  it('that brings a twin of a local file to a disk that folds case: it is told, and tried now and then', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ foldsCase: true })];
    await a.bind();
    await b.bind({ mode: 'receive' });
    await members.settle();
    b.write('READ.me', 'only here');
    a.write('read.me', 'text');
    await members.settle();
    expect(await issuesOf(b)).toEqual([
      ['local-change', 'READ.me'],
      ['hidden', 'read.me'],
    ]);
    expect(await b.info()).toMatchObject({ state: 'up-to-date' });
    b.remove('READ.me');
    b.tell(['']);
    b.root.time.advance(60_000);
    await b.passOverDirty();
    expect(b.files()).toEqual({ 'read.me': 'text' });
    expect(await issuesOf(b)).toEqual([]);
  });

  describe('of the case of a directory alone, on a disk that folds it (rule 11)', () => {
    const files = { 'dir/a': 'one', 'dir/Sub/b': 'two', 'dir/Sub/c': 'three' };
    const upper = { 'DIR/a': 'one', 'DIR/sub/b': 'two', 'DIR/sub/c': 'three' };

    /** A member whose disk tells the two names apart, and one whose disk does not; on that one a file that is left out. */
    async function folding(): Promise<{ members: TestMembers; a: TestMember; b: TestMember } & AsyncDisposable> {
      const members = new TestMembers();
      const [a, b] = [await members.add(), await members.add({ foldsCase: true })];
      for (const [path, text] of Object.entries(files)) a.write(path, text);
      await a.bind();
      await b.bind({ ignore: ['*.skip'] });
      await members.settle();
      b.write('dir/local.skip', 'of this disk');
      await members.settle();
      return { members, a, b, [Symbol.asyncDispose]: () => members[Symbol.asyncDispose]() };
    }

    function respell(member: TestMember): void {
      member.rename('dir', 'x');
      member.rename('x', 'DIR');
      member.rename('DIR/Sub', 'DIR/x');
      member.rename('DIR/x', 'DIR/sub');
    }

    it.each(['of all', 'of what is dirty'] as const)('by others: done on the disk, in a pass %s', async (scope) => {
      await using world = await folding();
      const { members, a, b } = world;
      const inodes = new Set(Object.keys(files).map((path) => b.root.files.tree.find(b.root.at(path))?.number));
      respell(a);
      await a.settle();
      await members.meet();
      await (scope === 'of all' ? b.settle() : b.passOverDirty());
      expect(b.files()).toEqual({ ...upper, 'DIR/local.skip': 'of this disk' });
      // The same files: none was fetched, and none is in the trash.
      for (const path of Object.keys(upper)) expect(inodes).toContain(b.root.files.tree.find(b.root.at(path))?.number);
      expect(b.trash().filter((text) => Object.values(files).includes(text))).toEqual([]);
      const before = await records(a);
      await members.settle();
      expect(await records(a)).toBe(before);
      expect(a.files()).toEqual(upper);
      expect(await issuesOf(b)).toEqual([]);
      expect(await b.info()).toMatchObject({ state: 'up-to-date', files: 3 });
    });

    it('by others, and the process is killed in the middle of it: done after the start', async () => {
      const renames = ({ name, path }: Call): boolean => name === 'rename' && /\/dir$|\.dfs-tmp-/i.test(path);
      for (let nth = 1; nth <= 4; nth++) {
        await using world = await folding();
        const { members, a, b } = world;
        respell(a);
        await a.settle();
        await members.meet();
        b.root.files.script({ when: renames, nth, fate: { crash: { keep: Infinity, bytes: true } } });
        await b.folder?.pass().catch(() => undefined);
        await b.restart();
        await members.settle();
        expect(a.files()).toEqual(upper);
        expect(b.files()).toEqual({ ...upper, 'DIR/local.skip': 'of this disk' });
      }
    });

    it('by others while somebody writes on in it: nothing is lost, and the disk shows the first of the two', async () => {
      await using world = await folding();
      const { members, a, b } = world;
      respell(a);
      b.write('dir/new', 'by the other');
      b.write('dir/a', 'written on');
      await members.settle();
      await members.settle();
      expect(a.files()).toEqual({ ...upper, 'dir/a': 'written on', 'dir/new': 'by the other' });
      expect(b.files()).toEqual({ ...upper, 'DIR/local.skip': 'of this disk' });
      expect(await issuesOf(b)).toEqual([
        ['hidden', 'dir/a'],
        ['hidden', 'dir/new'],
      ]);
      expect(b.trash()).toEqual(expect.arrayContaining(['written on', 'by the other']));
    });

    it('by a person on that disk: a move of all that is in it', async () => {
      await using world = await folding();
      const { members, a, b } = world;
      respell(b);
      await members.settle();
      expect(a.files()).toEqual(upper);
      expect(b.files()).toEqual({ ...upper, 'DIR/local.skip': 'of this disk' });
      expect(a.trash().filter((text) => text !== '')).toEqual([]);
    });
  });

  it('a file becomes a directory, and a directory a file, each in one unit of work', async () => {
    await using world = await two({ x: 'a file', 'y/inside': 'in a directory' });
    const { a, b, members } = world;
    a.remove('x');
    a.write('x/inside', 'now a directory');
    a.remove('y/inside');
    a.root.user.remove(a.root.at('y'));
    a.write('y', 'now a file');
    await members.settle();
    expect(b.files()).toEqual({ 'x/inside': 'now a directory', y: 'now a file' });
    expect(a.files()).toEqual(b.files());
    expect(await issuesOf(a)).toEqual([]);
  });

  it('an editor that saves by rename makes one version, and no deletion', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const before = await records(b);
    a.root.user.save(a.root.at('a'), 'saved');
    await members.settle();
    expect(b.files()['a']).toBe('saved');
    expect(await records(b)).toBe(before + 1);
  });

  it('a program that writes on into the old file: its bytes are a version', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const open = a.root.files.tree.find(a.root.at('a'));
    b.write('a', 'from b');
    await members.settle();
    expect(a.files()['a']).toBe('from b');
    a.root.user.append(open as never, ' and more');
    a.root.time.advance(5000);
    await members.settle();
    expect(await b.versions('p/a')).toContain('one and more');
    expect(b.files()['a']).toBe('from b');
  });

  it('a file that is written for a minute, and a log that is written each second: taken when they stand still, told of until then', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const log = a.root.user.write(a.root.at('log'), 'begun');
    a.root.files.onCall = () => {
      a.root.time.advance(20);
      a.root.user.append(log, '.');
    };
    for (let turn = 0; turn < 12; turn++) {
      await a.folder?.pass();
      a.root.time.advance(10_000);
    }
    expect(await issuesOf(a)).toEqual([['being-written', 'log']]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
    expect(b.files()['log']).toBeUndefined();
    a.root.files.onCall = () => void a.root.time.advance(1);
    await members.settle();
    expect(b.files()['log']).toBe(a.files()['log']);
    expect(await issuesOf(a)).toEqual([]);
  });

  it('a touch makes no record, nor does a changed mode', async () => {
    await using world = await two();
    const { a, members } = world;
    const before = await records(a);
    a.root.user.touch(a.root.at('a'), Date.UTC(2099, 0, 1));
    a.root.user.chmod(a.root.at('b'));
    await members.settle();
    expect(await records(a)).toBe(before);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('a program stays one on a disk that cannot tell', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ noExecutableBit: true, mtimeStepNs: 2_000_000_000n })];
    const inode = a.root.user.write(a.root.at('run'), 'program');
    inode.mode = 0o755;
    await a.bind();
    await b.bind();
    await members.settle();
    const before = await records(a);
    b.write('run', 'changed program');
    b.root.time.advance(10_000);
    await members.settle();
    expect(await records(a)).toBe(before + 1);
    expect(a.files()).toEqual({ run: 'changed program' });
    expect((await a.catalogue.byPath('p/run'))?.attributes.executable).toBe(true);
  });

  it('the prefix that is moved by the API: the folder asks, and follows', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    await b.db.write(async (tx) => {
      for (const path of Object.keys(b.files())) {
        const entry = await b.catalogue.get((await b.catalogue.byPath(`p/${path}`))?.fileId as string, tx);
        await b.catalogue.move(tx, entry?.fileId as string, `q/${path}`);
      }
    });
    await members.settle();
    const { id, ...info } = await a.info();
    expect(info).toMatchObject({ state: 'paused', reason: 'prefix-gone', movedTo: 'q' });
    expect(Object.keys(a.files())).toHaveLength(12);
    await a.live.patch(id, { prefixGone: 'follow' });
    a.write('new', 'after it');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date', prefix: 'q', files: 13 });
    expect(await a.catalogue.byPath('q/new')).toMatchObject({ deleted: false });
    expect(a.trash().filter((text) => text.startsWith('text '))).toEqual([]);
  });

  it('that brings back what was deleted here is a new file, and asks nobody; also after a move there and back, and a restart', async () => {
    await using world = await two({ a: 'one', b: 'two', 'd/c': 'three' });
    const { a, b, members } = world;
    a.remove('a');
    a.rename('d/c', 'c');
    await members.settle();
    expect(b.files()).toEqual({ b: 'two', c: 'three' });
    await a.restart();
    a.write('a', 'one');
    a.rename('c', 'd/c');
    await members.settle();
    expect(a.files()).toEqual({ a: 'one', b: 'two', 'd/c': 'three' });
    expect(b.files()).toEqual(a.files());
    expect(await issuesOf(a)).toEqual([]);
    // The same again: what is there is no longer deleted.
    a.remove('a');
    await members.settle();
    expect(b.files()).toEqual({ b: 'two', 'd/c': 'three' });
  });

  it('that brings back what others have deleted since is asked about', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, b, members } = world;
    a.remove('a');
    await members.settle();
    b.write('a', 'written anew');
    await members.settle();
    b.remove('a');
    await members.settle();
    a.write('a', 'one');
    await members.settle();
    expect(await issuesOf(a)).toEqual([['deleted-elsewhere', 'a']]);
    expect(b.files()).toEqual({ b: 'two' });
  });

  it('that brings back what was deleted here longer ago than a file stays in the trash is asked about', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, members } = world;
    a.remove('a');
    await members.settle();
    a.root.time.advance(31 * 24 * 3_600_000);
    await members.settle();
    a.write('a', 'one');
    await members.settle();
    expect(await issuesOf(a)).toEqual([['deleted-elsewhere', 'a']]);
  });
});
