import { tempDatabase, type TempDatabase } from '@dfs/testing';
import { EMPTY_CONTENT } from '@dfs/protocol';
import { toDiskPath } from '../disk/names.js';
import type { BaseFile } from '../plan/model.js';
import { BaseTree } from './base-tree.js';
import { FolderStore, type StoredFolder } from './folder-store.js';
import { liveFoldersMigrations } from './schema.js';

const FOLDER = { id: 'f', name: 'f', root: '/r', prefix: 'p', network: 'n', mode: 'both' } as const;
const row = (path: string, size: number): BaseFile => ({
  ...{ kind: 'file', path, name: toDiskPath(path), record: '00'.repeat(32), contentId: EMPTY_CONTENT },
  ...{ executable: false, racy: false, stat: { inode: 1n, size, mtimeNs: 1n, ctimeNs: 1n } },
});

describe('the count of a base tree', () => {
  let temp: TempDatabase;
  let tree: BaseTree;

  beforeEach(async () => {
    temp = await tempDatabase(liveFoldersMigrations);
    tree = new BaseTree(temp.db, 'f');
    const rest = {
      ignore: [],
      probe: {},
      identity: undefined,
      nonce: null,
      epoch: 1,
      raising: false,
      paused: false,
      pausedUntil: null,
    };
    const stored = { ...FOLDER, ...rest, stopped: null, meeting: false, lately: { deleted: 0, paths: 0 }, bound: 0 };
    await temp.db.write((tx) => new FolderStore(temp.db).add(tx, stored as unknown as StoredFolder));
  });
  afterEach(() => temp.remove());

  const anew = (): Promise<{ files: number; bytes: number }> => new BaseTree(temp.db, 'f').count();

  it('follows what is added, replaced and removed, and a unit of work that comes to nothing', async () => {
    const change = (...changes: [string, number | undefined][]): Promise<void> =>
      temp.db.write((tx) =>
        tree.change(
          tx,
          changes.map(([path, size]) => ({ path, row: size === undefined ? undefined : row(path, size) })),
        ),
      );
    expect(await tree.count()).toEqual({ files: 0, bytes: 0 });
    await change(['a', 10], ['b', 5], ['b', 7]);
    expect(await tree.count()).toEqual({ files: 2, bytes: 17 });
    await change(['a', 1], ['none', undefined], ['c', 3]);
    expect(await tree.count()).toEqual({ files: 3, bytes: 11 });
    await change(['b', undefined]);
    expect(await tree.count()).toEqual(await anew());
    const failing = temp.db.write(async (tx) => {
      await tree.change(tx, [{ path: 'd', row: row('d', 100) }]);
      throw new Error('it comes to nothing');
    });
    await expect(failing).rejects.toThrow('it comes to nothing');
    expect(await tree.count()).toEqual({ files: 2, bytes: 4 });
    expect(await anew()).toEqual({ files: 2, bytes: 4 });
    await temp.db.write((tx) => tree.clear(tx));
    expect(await tree.count()).toEqual(await anew());
  });

  it('is right where it is asked for while something is written', async () => {
    const asked = [
      tree.count(),
      temp.db.write((tx) => tree.change(tx, [{ path: 'a', row: row('a', 1) }])),
      tree.count(),
    ];
    await Promise.all(asked);
    expect(await tree.count()).toEqual({ files: 1, bytes: 1 });
  });
});
