import { mkdir, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type {
  Health,
  LiveFolderHoldList,
  LiveFolderInfo,
  LiveFolderIssuePage,
  LiveFolderList,
  VersionList,
} from '@dfs/contracts';
import {
  eventually,
  isLong,
  removeAll,
  seededRandom,
  startNetwork,
  tempDir,
  type Engine,
  type TempDir,
} from '@dfs/testing';
import { RandomEditor, sameTree, trashOf, treeOf } from './editing.js';
import { allFiles, at, bytesOf, listed, versionBytes } from './steps.js';

const DEADLINE = 60_000;
/** Seconds in which people edit at random: an hour in the long form, or as long as the variable says. */
const EDITING_SECONDS = Number(process.env['DFS_EDITING_SECONDS'] ?? (isLong ? 3600 : 8));
const EDITING = EDITING_SECONDS * 1000;
/** Acts of each of them between two looks at all folders, and milliseconds between two of their acts. */
const ROUND = { acts: EDITING_SECONDS > 60 ? 200 : 60, pause: 100 };
const JSON_BODY = { 'content-type': 'application/json' };

describe('one folder on the disks of three nodes', () => {
  let dir: TempDir;
  let nodes: Engine[];
  const roots: string[] = [];
  /** Files that people have left standing, by path. */
  const expected = new Map<string, string>();

  const root = (index: number): string => at(roots, index);
  const node = (index: number): Engine => at(nodes, index);

  beforeAll(async () => {
    dir = await tempDir('dfs-live-');
    nodes = await startNetwork(3, { env: { DFS_FOLDER_ROOTS: dir.path } });
    for (const [index, each] of nodes.entries()) {
      roots.push(dir.file(`disk-${index}`));
      await mkdir(root(index));
      const body = JSON.stringify({ root: root(index), prefix: 'shared' });
      await each.json('/live-folders', { method: 'POST', headers: JSON_BODY, body });
    }
  });
  afterAll(async () => {
    await removeAll(nodes);
    await dir.remove();
  });

  /** Writes into the folder of a node, and remembers it. */
  async function write(index: number, path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root(index), path)), { recursive: true });
    await writeFile(join(root(index), path), text);
    expected.set(path, text);
  }

  function moveTo(from: string, to: string): void {
    expected.set(to, expected.get(from)!);
    expected.delete(from);
  }

  /** All that stands in a folder goes elsewhere, at once as far as a disk can do it. */
  async function takeAway(index: number): Promise<void> {
    const away = dir.file(`away-${index}`);
    await mkdir(away);
    const names = (await readdir(root(index))).filter((name) => !name.startsWith('.dfs-'));
    await Promise.all(names.map((name) => rename(join(root(index), name), join(away, name))));
  }

  async function info(index: number): Promise<LiveFolderInfo> {
    const { items } = await node(index).json<LiveFolderList>('/live-folders');
    return at(items, 0);
  }

  /** Until all folders are what was written, and say that they are well. */
  async function settled(indexes: readonly number[] = [0, 1, 2]): Promise<void> {
    const seen: unknown[] = [];
    try {
      await eventually(
        async () => {
          seen.length = 0;
          for (const index of indexes) {
            const tree = await treeOf(root(index));
            const { state, reason, detail } = await info(index);
            seen.push({ index, state, reason, detail, tree: told(tree) });
            if (state !== 'up-to-date' || !sameTree(tree, expected)) return false;
          }
          return true;
        },
        { deadline: DEADLINE, poll: 100 },
      );
    } catch {
      throw new Error(`never equal: ${JSON.stringify({ expected: told(expected), seen }, undefined, 1)}`);
    }
  }

  /** Waits until so many deletions are held: what stood in a folder goes one by one. */
  async function held(index: number, count: number): Promise<LiveFolderHoldList['items'][number]> {
    const { id } = await info(index);
    return eventually(
      async () => {
        const { items } = await node(index).json<LiveFolderHoldList>(`/live-folders/${id}/held`);
        return items.find((hold) => hold.count === count);
      },
      { deadline: DEADLINE, poll: 100, what: `${count} deletions held at ${node(index).name}` },
    ).catch(async (error: unknown) => {
      throw new Error(JSON.stringify([await info(index), told(await treeOf(root(1)))]), { cause: error });
    });
  }

  async function answer(index: number, hold: string, action: 'delete' | 'restore'): Promise<void> {
    const { id } = await info(index);
    const body = JSON.stringify({ action });
    await node(index).json(`/live-folders/${id}/held/${hold}`, { method: 'POST', headers: JSON_BODY, body });
  }

  async function foldersCheck(index: number): Promise<Health['checks'][number] | undefined> {
    const health = (await (await fetch(`${node(index).url}/health/ready`)).json()) as Health;
    return health.checks.find(({ name }) => name === 'folders');
  }

  /** Waits until its health tells of the folders of a node so. */
  const folders = (index: number, ok: boolean, detail = /./): Promise<unknown> =>
    eventually(
      async () => {
        const check = await foldersCheck(index);
        return check?.ok === ok && detail.test(check.detail);
      },
      { poll: 100, what: `folders ${ok ? 'well' : 'not well'} in the health of ${node(index).name}` },
    );

  it('is by a process of its own, from which nothing below the root is done in the engine', async () => {
    await settled();
    const children = await childrenOf(node(0).pid);
    expect(children).toContain('dfs-disk');
    const below = await openBelow(node(0).pid, root(0));
    expect(below).toEqual([]);
  });

  it('follows what people do in it, at whichever node they do it', async () => {
    for (let n = 0; n < 14; n++) await write(n % 3, `docs/note-${n}.txt`, `note ${n}`);
    await write(0, 'album/2024/a.txt', 'a picture');
    await write(1, 'album/2024/b.txt', 'another picture');
    await write(2, 'top.txt', 'at the top');
    await settled();

    await write(1, 'docs/note-0.txt', 'written again, elsewhere');
    await rename(join(root(2), 'docs/note-1.txt'), join(root(2), 'docs/renamed.txt'));
    moveTo('docs/note-1.txt', 'docs/renamed.txt');
    await rename(join(root(0), 'album'), join(root(0), 'pictures'));
    for (const name of ['2024/a.txt', '2024/b.txt']) {
      moveTo(`album/${name}`, `pictures/${name}`);
    }
    for (const n of [2, 3]) {
      await rm(join(root(1), `docs/note-${n}.txt`));
      expected.delete(`docs/note-${n}.txt`);
    }
    // As editors save: a new file beside it, in its place by a rename.
    await writeFile(join(root(2), 'docs/.note-4.txt.new'), 'saved by an editor');
    await rename(join(root(2), 'docs/.note-4.txt.new'), join(root(2), 'docs/note-4.txt'));
    expected.set('docs/note-4.txt', 'saved by an editor');
    await settled();

    const moved = await listed(node(2), 'shared/pictures/2024/a.txt');
    expect(String(await bytesOf(node(2), moved))).toBe('a picture');
    expect((await allFiles(node(0))).filter(({ conflict }) => conflict)).toEqual([]);
  });

  it('goes on where it was after a kill in the middle', async () => {
    for (let n = 0; n < 30; n++) await write(1, `many/${n}.txt`, `one of many ${n}`);
    await eventually(async () => [...(await treeOf(root(0))).keys()].some((path) => path.startsWith('many/')), {
      deadline: DEADLINE,
      poll: 5,
    });
    await node(1).kill();
    await write(0, 'while-away.txt', 'written while a node was away');
    await write(1, 'own.txt', 'written where no node runs');
    await rm(join(root(1), 'many/7.txt'));
    await node(1).start();
    // What had been agreed on is deleted; what nobody had seen yet is gone.
    expected.delete('many/7.txt');
    await settled();
  });

  it('asks before it deletes all that there is, and does what it is told', async () => {
    const paths = [...expected.keys()];
    expect(paths.length).toBeGreaterThan(12);
    await takeAway(0);
    const first = await held(0, paths.length);
    expect([...first.paths].sort()).toEqual(paths.map((path) => `shared/${path}`).sort());
    await eventually(async () => (await info(0)).state === 'held', { deadline: DEADLINE });
    await folders(0, false);
    expect(await treeOf(root(1))).toEqual(expected);
    await answer(0, first.id, 'restore');
    await settled();
    await folders(0, true);

    await takeAway(2);
    const second = await held(2, paths.length);
    await answer(2, second.id, 'delete');
    // The others see a prefix that was emptied by somebody else, and ask in their turn.
    for (const index of [0, 1]) {
      await eventually(async () => (await info(index)).reason === 'prefix-gone', { deadline: DEADLINE, poll: 100 });
      expect(await treeOf(root(index))).toEqual(expected);
      const body = JSON.stringify({ prefixGone: 'empty' });
      const { id } = await info(index);
      await node(index).json(`/live-folders/${id}`, { method: 'PATCH', headers: JSON_BODY, body });
    }
    for (const path of paths) expected.delete(path);
    await settled();
  });

  it('deletes nothing where the disk is gone and its mount point is empty, and goes on when it is back', async () => {
    for (let n = 0; n < 12; n++) await write(0, `again/${n}.txt`, `once more ${n}`);
    await settled();
    await rename(root(1), dir.file('unplugged'));
    await mkdir(root(1));
    const { id } = await info(1);
    await node(1).json(`/live-folders/${id}/scan`, { method: 'POST' });
    const paused = await eventually(
      async () => {
        const told = await info(1);
        // For a moment there is no directory at all.
        return told.reason === 'marker-missing' && told;
      },
      { deadline: DEADLINE, poll: 100, what: 'a folder that says its disk is gone' },
    );
    expect(['paused', 'error']).toContain(paused.state);
    expect(paused.detail).toMatch(/disk/);
    await folders(1, false, /disk-1/);
    await write(2, 'again/meanwhile.txt', 'written while a disk was gone');
    await settled([0, 2]);
    expect(await readdir(root(1))).toEqual([]);

    await rm(root(1), { recursive: true });
    await rename(dir.file('unplugged'), root(1));
    await node(1).json(`/live-folders/${id}/scan`, { method: 'POST' });
    await settled();
  });

  /** Until all folders are the same and say that they are well; whoever is asked something answers. */
  async function equal(random: ReturnType<typeof seededRandom>): Promise<Map<string, string>> {
    const seen: unknown[] = [];
    return eventually(
      async () => {
        seen.length = 0;
        for (const index of [0, 1, 2]) await answerAll(index, random);
        const trees = await Promise.all(roots.map(treeOf));
        for (const index of [0, 1, 2]) {
          const { id, state, reason, detail } = await info(index);
          const { items: issues } = await node(index).json<LiveFolderIssuePage>(`/live-folders/${id}/issues`);
          seen.push({ index, state, reason, detail, issues, tree: told(at(trees, index)) });
        }
        const isWell = seen.every((one) => (one as LiveFolderInfo).state === 'up-to-date');
        return isWell && trees.every((tree) => sameTree(tree, at(trees, 0))) && at(trees, 0);
      },
      { deadline: DEADLINE, poll: 300 },
    ).catch((error: unknown) => {
      throw new Error(`never equal (seed ${random.seed}): ${JSON.stringify(seen, undefined, 1)}`, { cause: error });
    });
  }

  async function answerAll(index: number, random: ReturnType<typeof seededRandom>): Promise<void> {
    const { id, reason } = await info(index);
    const { items } = await node(index).json<LiveFolderHoldList>(`/live-folders/${id}/held`);
    for (const hold of items) await answer(index, hold.id, random.int(0, 1) === 0 ? 'delete' : 'restore');
    // What was moved away and back is an old copy of what was deleted at its path: one question settles it.
    const { items: issues } = await node(index).json<LiveFolderIssuePage>(`/live-folders/${id}/issues`);
    const paths = issues.flatMap(({ kind, path }) => (kind === 'deleted-elsewhere' ? [path] : []));
    if (paths.length > 0) {
      const how = random.pick(['revert', 'override']);
      const init = { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ paths }) };
      await node(index).json(`/live-folders/${id}/${how}`, init);
    }
    if (reason !== 'prefix-gone') return;
    const body = JSON.stringify({ prefixGone: 'empty' });
    await node(index).json(`/live-folders/${id}`, { method: 'PATCH', headers: JSON_BODY, body });
  }

  /** Every text that is in a folder, a trash or a version. */
  async function kept(tree: ReadonlyMap<string, string>): Promise<Set<string>> {
    const texts = new Set(tree.values());
    for (const root of roots) for (const text of await trashOf(root)) texts.add(text);
    for (const file of [...(await allFiles(node(0))), ...(await allFiles(node(0), 'deleted'))]) {
      const { items } = await node(0).json<VersionList>(`/files/${file.id}/versions?limit=1000`);
      for (const { version, kind } of items) {
        if (kind === 'file') texts.add(String(await versionBytes(node(0), file.id, version)));
      }
    }
    return texts;
  }

  it(
    'loses nothing and becomes one where three people edit at random, and nodes are killed',
    async () => {
      const random = seededRandom();
      const editors = roots.map((root, index) => new RandomEditor(`editor-${index}`, root, random));
      const until = Date.now() + EDITING;
      do {
        const victim = random.int(0, 2);
        const edits = editors.map(async (editor) => {
          for (let n = 0; n < ROUND.acts; n++) {
            await editor.act();
            await new Promise((done) => setTimeout(done, random.int(0, 2 * ROUND.pause)));
          }
        });
        await node(victim).kill();
        await node(victim).start();
        await Promise.all(edits);
        const stood = (await Promise.all(roots.map(treeOf))).flatMap((tree) => [...tree]);
        const tree = await equal(random);
        const texts = await kept(tree);
        expect({ seed: random.seed, lost: stood.filter(([, text]) => !texts.has(text)) }).toMatchObject({ lost: [] });
        expected.clear();
        for (const [path, text] of tree) expected.set(path, text);
      } while (Date.now() < until);
    },
    EDITING + 600_000,
  );

  it('tells figures of each folder', async () => {
    const headers = { authorization: `Bearer ${node(0).token}` };
    const { id } = await info(0);
    const labels = `id="${id}",folder="disk-0"`;
    const isWell = `dfs_folder_state{${labels},state="up-to-date",reason=""} 1\n`;
    // It looks at its disk now and then.
    const text = await eventually(async () => {
      const all = await (await fetch(`${node(0).url}/metrics`, { headers })).text();
      return all.includes(isWell) && all;
    });
    expect(text).toContain(`dfs_folder_files{${labels}} ${expected.size}\n`);
    expect(text).toContain(`dfs_folder_unwell{${labels}} 0\n`);
    expect(text).toContain('dfs_work_runs_total{work="live folder disk-0"}');
  });
});

function told(tree: Map<string, string>): object {
  return Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Names of the processes that a process has started. */
async function childrenOf(pid: number): Promise<string[]> {
  const pids = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
  return Promise.all(pids.map(async (child) => (await readFile(`/proc/${child}/comm`, 'utf8')).trim()));
}

/** Files below a directory that a process has open. */
async function openBelow(pid: number, root: string): Promise<string[]> {
  const handles = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(handles.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(`${root}/`));
}
