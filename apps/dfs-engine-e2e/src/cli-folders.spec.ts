import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveFolderInfo, LiveFolderTrashEntry } from '@dfs/contracts';
import { eventually, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import { dfsProgram } from './dfs-program.js';

describe('dfs folder', () => {
  let a: Engine;
  let dir: TempDir;
  beforeAll(async () => {
    a = await startEngine({ name: 'a' });
    dir = await tempDir();
  });
  afterAll(async () => {
    await a.remove();
    await dir.remove();
  });
  const { dfs, json, paths } = dfsProgram(() => ({ cwd: dir.path, dataDir: a.dataDir }));

  it('keeps a directory and a folder the same, and answers for what waits', async () => {
    const root = dir.file('live');
    const allowed = () => readFile(join(a.dataDir, 'folder-roots'), 'utf8');
    const state = async () => (await json<{ items: LiveFolderInfo[] }>('folder', 'ls')).items[0]?.state;
    const names = async () => (await readdir(root)).filter((name) => !name.startsWith('.')).sort();
    await mkdir(root);
    const files = Array.from({ length: 12 }, (_, n) => `${String(n).padStart(2, '0')}.txt`);
    for (const name of files) await writeFile(join(root, name), name);
    await writeFile(join(root, 'draft.tmp'), 'x');
    const add = (folder: string, ...more: string[]) => dfs(['folder', 'add', folder, 'live', '--yes', ...more]);

    // The node would not take it from anybody elsewhere; a directory of the system it takes from nobody.
    expect(await add(root, '--url', a.url, '--key', a.token)).toMatchObject({
      code: 6,
      err: expect.stringMatching(/No live folder may be/),
    });
    expect(await add('live', '--url', a.url, '--key', a.token)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/whole path/),
    });
    expect(await add('/etc')).toMatchObject({ code: 6, err: expect.stringMatching(/directory of the system/) });
    expect(await add('live/draft.tmp')).toMatchObject({ code: 2, err: expect.stringMatching(/a file/) });
    expect(await add('nowhere')).toMatchObject({ code: 1, err: expect.stringMatching(/no such file or directory/) });
    expect(await allowed()).toBe('');
    const added = await add('live', '--ignore', '*.tmp', '--name', 'living');
    expect(added).toMatchObject({ code: 0, out: 'living is bound; dfs folder ls tells how it stands.\n' });
    expect(added.err).toMatch(/in the directory +12 files/);
    expect(added.err).toMatch(/left out +1 files, 1 B, such as draft\.tmp/);
    expect(added.err).toMatch(/room +up to \d+ B more: .*twice on the disk/);
    expect(await allowed()).toBe(`${await realpath(root)}\n`);
    await eventually(async () => (await paths('live')).length === 12);
    await eventually(async () => (await state()) === 'up-to-date');
    const tells = async (line: RegExp): Promise<boolean> => line.test((await dfs(['folder', 'ls'])).out);
    await eventually(() => tells(/^living +up-to-date +12 files .* = live\/ /));
    expect(await add('live')).toMatchObject({ code: 5 });

    // Paused by a person it is well, as health has it; it is named by its directory too.
    expect(await dfs(['folder', 'pause', 'live'])).toMatchObject({ code: 0, out: 'living is paused.\n' });
    expect(await dfs(['folder', 'ls'])).toMatchObject({ code: 0, err: expect.stringMatching(/resume it to go on/) });
    // Of all that pause for a time, one that a person paused is none.
    expect((await dfs(['folder', 'pause', '--all'])).out).toBe('No live folder was to be paused.\n');
    expect((await dfs(['folder', 'resume', 'living'])).code).toBe(0);
    expect((await dfs(['folder', 'pause', '--all', '--minutes', '5'])).out).toMatch(
      /^All live folders are paused until /,
    );
    await eventually(() => tells(/ paused until \d{4}-/));
    expect((await dfs(['folder', 'resume', '--all'])).code).toBe(0);
    expect(await dfs(['folder', 'scan', 'music'])).toMatchObject({
      code: 4,
      err: expect.stringMatching(/no such live folder/),
    });

    // A file that others delete goes to the trash, and comes back from it.
    expect((await dfs(['rm', 'live/00.txt'])).code).toBe(0);
    const trash = async () => (await json<{ items: LiveFolderTrashEntry[] }>('folder', 'trash', 'living')).items;
    await eventually(async () => (await trash()).length === 1);
    const [entry] = await trash();
    expect(await dfs(['folder', 'trash', 'restore', 'living', entry?.id ?? '', 'again.txt'])).toMatchObject({
      ...{ code: 0, out: 'again.txt is back.\n' },
    });
    await eventually(async () => (await paths('live')).includes('live/again.txt'));
    expect(await dfs(['folder', 'trash', 'empty', 'living'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--yes/),
    });
    expect((await dfs(['folder', 'trash', 'empty', 'living', '--yes'])).out).toMatch(/^0 files removed for good/);

    // All of it gone from the disk: the node asks.
    const kept = await names();
    await eventually(async () => (await state()) === 'up-to-date');
    // Some of it alone would be deleted: the node looks once all of it is gone.
    expect((await dfs(['folder', 'pause', 'living'])).code).toBe(0);
    for (const name of kept) await rm(join(root, name));
    expect((await dfs(['folder', 'resume', 'living'])).code).toBe(0);
    expect((await dfs(['folder', 'scan', 'live'])).out).toBe('living is looked at.\n');
    const held = async () => (await json<{ items: { id: string; count: number }[] }>('folder', 'held')).items;
    await eventually(async () => (await held())[0]?.count === 12);
    const [hold] = await held();
    await eventually(async () => (await dfs(['folder', 'ls'])).code === 8);
    expect((await dfs(['folder', 'held', 'living'])).out).toMatch(/12 deletions in living\n {2}live\/01\.txt\n/);
    expect(await dfs(['folder', 'held', '--restore', 'another'])).toMatchObject({ code: 4 });
    expect((await dfs(['folder', 'held', '--restore', hold?.id ?? ''])).out).toBe('12 come back to the directory.\n');
    await eventually(async () => (await names()).length === 12);
    expect((await dfs(['folder', 'issues'])).out).toBe('There is no issue.\n');
    expect((await dfs(['folder', 'rm', 'living'])).code).toBe(0);
    expect(await allowed()).toBe('');
    expect(await names()).toHaveLength(12);
    expect(await paths('live')).toHaveLength(12);
  });
});
