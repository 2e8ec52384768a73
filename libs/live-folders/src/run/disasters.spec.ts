import type { LiveFolderInfo } from '@dfs/contracts';
import { TestMembers, type TestMember } from '../testing/members.js';
import { MEMORY_ROOT } from '../testing/memory-root.js';

// What has happened to others, each by its name.

/** Two members with a folder each on one prefix, and some files that both have. */
async function two(files: Record<string, string> = { a: 'one', b: 'two', 'd/c': 'three' }): Promise<{
  members: TestMembers;
  a: TestMember;
  b: TestMember;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const members = new TestMembers();
  const [a, b] = [await members.add(), await members.add()];
  for (const [path, text] of Object.entries(files)) a.write(path, text);
  await a.bind();
  await b.bind();
  await members.settle();
  expect(b.files()).toEqual(files);
  return { members, a, b, [Symbol.asyncDispose]: () => members[Symbol.asyncDispose]() };
}

const many = (count: number, directory = ''): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${directory}f${String(n).padStart(5, '0')}`, `text ${n}`]),
  );

const records = async ({ db }: TestMember): Promise<number> => {
  const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record');
  return row?.n ?? 0;
};

const deletions = async ({ db }: TestMember): Promise<number> => {
  const [row] = await db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record WHERE kind = 2');
  return row?.n ?? 0;
};

const issuesOf = async (member: TestMember, info?: LiveFolderInfo): Promise<[string, string][]> => {
  const { id } = info ?? (await member.info());
  return (await member.live.issues(id)).map(({ kind, path }) => [kind, path]);
};

describe('a disk', () => {
  it('unplugged during a pass: nothing is deleted, and all goes on when it is back', async () => {
    await using world = await two();
    const { a, b, members } = world;
    for (let nth = 1; nth <= 60; nth += 3) {
      a.root.files.script({ nth, fate: { unmount: MEMORY_ROOT } });
      await a.folder?.pass();
      a.root.files.script();
      a.root.files.remount(MEMORY_ROOT);
    }
    await members.settle();
    expect(await deletions(b)).toBe(0);
    expect(Object.keys(b.files())).toEqual(['a', 'b', 'd/c']);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('whose mount point is empty at the start: the folder pauses and says why', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.files.script({ nth: 1, fate: { unmount: MEMORY_ROOT } });
    await a.folder?.pass();
    const { files } = a.root;
    await a.restart();
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    expect(await deletions(b)).toBe(0);
    files.remount(MEMORY_ROOT);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('of the network that is not yet mounted, or hangs: the same, and other folders go on', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.files.script({ fate: { errno: 'ENOTCONN' } });
    await a.folder?.pass();
    expect(await a.info()).toMatchObject({ state: 'error', reason: 'disk-error' });
    a.root.files.script({ fate: 'hang' });
    const pass = a.folder?.pass();
    b.write('a', 'changed on b');
    await b.settle();
    expect(await b.info()).toMatchObject({ state: 'up-to-date' });
    a.root.files.script();
    a.root.files.release();
    await pass;
    await members.settle();
    expect(a.files()['a']).toBe('changed on b');
    expect(await deletions(b)).toBe(0);
  });

  it('that is full stops what comes in, of that folder alone, and nothing half written is left', async () => {
    await using world = await two();
    const { a, b, members } = world;
    b.write('new', 'as long as it is');
    await b.settle();
    await members.meet();
    a.root.files.script({ when: ({ name }) => name === 'write', fate: { errno: 'ENOSPC' } });
    a.write('from a', 'goes out all the same');
    await a.settle();
    expect(await a.info()).toMatchObject({ state: 'error', reason: 'no-room' });
    expect(Object.keys(a.root.all()).filter((name) => name.includes('.dfs-tmp'))).toEqual([]);
    a.root.files.script();
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(Object.keys(b.files())).toContain('from a');
  });
});

describe('a marker', () => {
  it('made again by hand, of another folder or with another number, stops the folder until it is linked again', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const marker = a.root.all()['.dfs-folder'] as string;
    a.remove('.dfs-folder');
    for (const path of ['a', 'b']) a.remove(path);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    a.write('.dfs-folder', marker.replace(/"nonce":"../, '"nonce":"00'));
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-other' });
    a.write('.dfs-folder', marker.replace('"epoch":', '"epoch":9'));
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(await deletions(b)).toBe(0);
    await a.live.relink((await a.info()).id);
    await members.settle();
    expect(a.files()).toEqual({ a: 'one', b: 'two', 'd/c': 'three' });
    expect(await deletions(b)).toBe(0);
  });

  it('of another folder: the root is not bound', async () => {
    await using world = await two();
    const { a, b } = world;
    await b.live.remove((await b.info()).id);
    b.folder = undefined;
    b.write('.dfs-folder', a.root.all()['.dfs-folder'] as string);
    await expect(b.bind()).rejects.toMatchObject({ code: 'folder-bound' });
  });
});

describe('an old copy', () => {
  it('of the folder rolls nothing back and brings nothing back', async () => {
    await using world = await two({ a: 'old a', b: 'old b', c: 'old c' });
    const { a, b, members } = world;
    const backup = a.root.all();
    a.root.time.advance(120_000);
    a.write('a', 'new a');
    a.remove('b');
    await members.settle();
    const { id } = await a.info();
    for (const [path, text] of Object.entries(backup)) a.write(path, text);
    a.write('never seen', 'only in the backup');
    a.root.time.advance(120_000);
    a.write('c', 'written after it');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    await a.live.relink(id);
    await members.settle();
    expect(b.files()).toEqual({ a: 'new a', c: expect.any(String) as string, 'never seen': 'only in the backup' });
    expect(a.files()).toMatchObject({ a: 'new a', b: 'old b' });
    expect(await issuesOf(a)).toContainEqual(['deleted-elsewhere', 'b']);
    expect(await b.versions('p/c')).toEqual(expect.arrayContaining(['old c', 'written after it']));
    expect(a.trash()).toContain('old a');
    a.live.revert(id, ['b']);
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(a.trash()).toContain('old b');
  });

  it('of the database of the node: the folder pauses before it signs anything', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const stored = a.folder?.stored as { epoch: number };
    const before = await records(a);
    a.write('a', 'changed');
    await members.settle();
    // The database as it was before the epoch was raised.
    stored.epoch -= 1;
    a.remove('b');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(await records(b)).toBe(before + 1);
  });

  it('a new server that is empty deletes nothing: it meets only when it knows what the others know', async () => {
    await using world = await two();
    const { b, members } = world;
    const c = await members.add();
    c.isSynced = false;
    c.isOnline = false;
    await c.bind();
    await members.settle();
    expect(await c.info()).toMatchObject({ state: 'paused', reason: 'not-synced' });
    c.isOnline = true;
    await members.meet();
    c.sync(true);
    await members.settle();
    expect(c.files()).toEqual(b.files());
    expect(await deletions(b)).toBe(0);
  });
});

describe('rules', () => {
  it('that change drop nothing on either side; what was deleted meanwhile is asked about', async () => {
    await using world = await two({ 'keep.txt': 'kept', 'work.log': 'log' });
    const { a, b, members } = world;
    const { id } = await a.info();
    await a.live.patch(id, { ignore: ['*.log'] });
    await members.settle();
    expect(b.files()).toEqual({ 'keep.txt': 'kept', 'work.log': 'log' });
    expect(a.files()).toEqual({ 'keep.txt': 'kept', 'work.log': 'log' });
    b.remove('work.log');
    await members.settle();
    expect(a.files()['work.log']).toBe('log');
    await a.live.patch(id, { ignore: [] });
    await members.settle();
    expect(b.files()).toEqual({ 'keep.txt': 'kept' });
    expect(a.files()['work.log']).toBe('log');
    expect(await issuesOf(a)).toEqual([['deleted-elsewhere', 'work.log']]);
    a.live.override(id, ['work.log']);
    await members.settle();
    expect(b.files()).toEqual(a.files());
  });

  it('never touch what is ours, whatever a member writes', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const paths = ['.dfsignore', '.dfs-folder', '.dfs-trash/x', 'd/.dfs-tmp-x'];
    const before = a.root.all()['.dfs-folder'];
    for (const path of paths) {
      const batch = b.chunks.batch('local');
      await b.db.write(async (tx) => {
        await batch.commit(tx);
        const file = {
          contentId: (await b.catalogue.byPath('p/a'))?.contentId as string,
          size: 3,
          mediaType: 'text/plain',
        };
        await b.catalogue.commit(tx, [{ kind: 'file', path: `p/${path}`, ...file }]);
      });
    }
    await members.settle();
    expect(a.root.all()['.dfs-folder']).toBe(before);
    expect(Object.keys(a.files())).toEqual(['a', 'b', 'd/c']);
  });
});

describe('deletions', () => {
  it('of everything are held by name, and put back or done as a person says', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    const { id, state, held } = await a.info();
    expect([state, held]).toEqual(['held', 12]);
    expect(Object.keys(b.files())).toHaveLength(12);
    const [hold] = await a.live.held(id);
    expect(hold).toMatchObject({ count: 12, paths: expect.arrayContaining(['f00000', 'f00011']) as string[] });
    await a.live.answerHold(id, hold?.id as string, { action: 'restore' });
    await members.settle();
    expect(Object.keys(a.files())).toHaveLength(12);
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    const [again] = await a.live.held(id);
    await a.live.answerHold(id, again?.id as string, { action: 'delete' });
    await members.settle();
    expect(await deletions(b)).toBe(12);
    // Of everything by others: it is asked about before the disk is touched.
    expect(await b.info()).toMatchObject({ state: 'paused', reason: 'prefix-gone' });
    expect(Object.keys(b.files())).toHaveLength(12);
    await b.live.patch((await b.info()).id, { prefixGone: 'empty' });
    await members.settle();
    expect(b.files()).toEqual({});
    expect(b.trash()).toEqual(expect.arrayContaining(['text 0', 'text 11']));
  });

  it('that are held end where others edit: their version comes to the disk', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    b.write('f00003', 'edited while it was held');
    await members.settle();
    expect(a.files()).toEqual({ f00003: 'edited while it was held' });
    expect(await a.info()).toMatchObject({ state: 'held', held: 11 });
  });

  it('one by one are counted together', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) {
      a.remove(path);
      await a.settle();
    }
    await members.settle();
    expect(Object.keys(b.files()).length).toBeGreaterThan(0);
    expect(await a.info()).toMatchObject({ state: 'held' });
  });

  it('wait until this node has synced', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.isSynced = false;
    a.remove('a');
    await members.settle();
    expect(await deletions(b)).toBe(0);
    a.sync(true);
    await members.settle();
    expect(await deletions(b)).toBe(1);
  });
});

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
  }, 120_000);

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
  }, 120_000);

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
    await using world = await two({ ...many(300, 'old/'), other: 'x' });
    const { a, b, members } = world;
    const before = await records(a);
    const inodes = new Set(Object.keys(b.files()).map((path) => b.root.files.tree.find(b.root.at(path))?.number));
    a.rename('old', 'new');
    await members.settle();
    expect(Object.keys(b.files())).toContain('new/f00299');
    expect(Object.keys(b.files()).some((path) => path.startsWith('old/'))).toBe(false);
    expect(await records(b)).toBe(before + 600);
    expect(await a.info()).toMatchObject({ state: 'up-to-date', held: 0 });
    // On the other disk it was a rename as well.
    for (const path of Object.keys(b.files()))
      expect(inodes).toContain(b.root.files.tree.find(b.root.at(path))?.number);
    expect(b.trash().filter((text) => text.startsWith('text '))).toEqual([]);
  }, 60_000);

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
});

describe('a folder', () => {
  it('that is idle asks nothing of the network and signs nothing, whatever passes over it', async () => {
    await using world = await two();
    const { a, members } = world;
    const before = await records(a);
    for (let round = 0; round < 3; round++) await members.settle();
    expect(await records(a)).toBe(before);
  });

  it('looks only at what is dirty', async () => {
    await using members = new TestMembers();
    const a = await members.add();
    for (const [path, text] of Object.entries({ ...many(20, 'x/'), ...many(20, 'y/') })) a.write(path, text);
    await a.bind();
    await members.settle();
    a.root.files.calls.length = 0;
    a.write('x/f00000', 'changed');
    a.tell(['x']);
    await a.passOverDirty();
    expect((await a.catalogue.byPath('p/x/f00000'))?.size).toBe('changed'.length);
    expect(a.root.files.calls.filter(({ path }) => path.startsWith(a.root.at('y/')))).toEqual([]);
  });

  it('that only receives lists local changes, and one that only sends those of others; each can be settled by name', async () => {
    await using members = new TestMembers();
    const [a, b, c] = [await members.add(), await members.add(), await members.add()];
    a.write('a', 'one');
    await a.bind();
    await b.bind({ mode: 'receive' });
    await c.bind({ mode: 'send' });
    await members.settle();
    a.write('a', 'two');
    await members.settle();
    expect(b.files()).toEqual({ a: 'two' });
    expect(c.files()).toEqual({});
    b.write('a', 'changed where it only receives');
    b.write('b', 'only here');
    c.write('a', 'changed where it only sends');
    await members.settle();
    expect(await issuesOf(b)).toEqual([
      ['local-change', 'a'],
      ['local-change', 'b'],
    ]);
    b.live.revert((await b.info()).id, ['b']);
    await members.settle();
    expect(b.files()).toEqual({ a: 'changed where it only receives' });
    expect(b.trash()).toContain('only here');
    expect(await issuesOf(c)).toEqual([['remote-change', 'a']]);
    c.live.override((await c.info()).id, ['a']);
    await members.settle();
    expect(a.files()).toEqual({ a: 'changed where it only sends' });
    expect(await issuesOf(c)).toEqual([]);
    // Now the network has changed that path.
    expect(b.files()).toEqual(a.files());
    expect(b.trash()).toContain('changed where it only receives');
  });

  it('is not bound where another one is, or where none may be', async () => {
    await using world = await two();
    const { a } = world;
    await expect(a.live.bind({ root: `${MEMORY_ROOT}/d`, prefix: 'z' })).rejects.toMatchObject({
      code: 'folder-overlap',
    });
    await expect(a.live.bind({ root: '/mnt/other', prefix: 'p/d' })).rejects.toMatchObject({ code: 'folder-overlap' });
    await expect(a.live.bind({ root: '/etc', prefix: 'z' })).rejects.toMatchObject({ code: 'folder-root-refused' });
  });
});
