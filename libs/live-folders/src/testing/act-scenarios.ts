import { isLong } from '@dfs/testing';
import { temporaryName, type DiskPath } from '../disk/names.js';
import { sameLook } from '../disk/root/root-files.js';
import type { Expected, Staged, Stat, TrashNote } from '../disk/root-disk.js';
import {
  bodyOf,
  expectedAt,
  IDS,
  memoryRoot,
  p,
  statIn,
  textOf,
  type MemoryRoot,
  type MemoryRootOptions,
} from './memory-root.js';

const NOTE: TrashNote = { reason: 'replaced', ids: IDS, contentId: 'bafy-old' };

/** A scene prepared for an act. */
export interface Prepared {
  root: MemoryRoot;
  expected: Expected;
  staged: Staged;
  /** Of a file in the trash. */
  trashed: string;
}

/** How an act ended: the stat of the base row that would be written, and where. */
export interface Ended {
  readonly path: string;
  readonly stat: Stat;
  readonly racy: boolean;
}

/** One act on `d/old`, whose bytes are `old`; the bytes of others are `new` and `gone`. */
export interface ActScenario {
  readonly name: string;
  run(prepared: Prepared): Promise<Ended | undefined>;
  /** The act brings these bytes: they may stand somewhere, and whole. */
  readonly brings: readonly string[];
}

/** Every act that touches files. */
export const ACTS: readonly ActScenario[] = [
  {
    name: 'a file is replaced',
    brings: ['new'],
    run: async ({ root: { disk }, staged, expected }) => {
      const done = await disk.place(staged, { expected, note: NOTE });
      return done.outcome === 'placed' ? { path: 'old', stat: done.stat, racy: done.racy } : undefined;
    },
  },
  {
    name: 'a new file is placed',
    brings: ['new'],
    run: async ({ root: { disk } }) => {
      const ids = { ...IDS, recordId: 'beef' };
      const done = await disk.place(await disk.stage(p('d/fresh'), ids, bodyOf('new'), {}));
      return done.outcome === 'placed' ? { path: 'fresh', stat: done.stat, racy: done.racy } : undefined;
    },
  },
  {
    name: 'several files are written at once',
    brings: ['new', 'other'],
    run: async ({ root: { disk }, expected }) => {
      const ids = { ...IDS, recordId: 'beef' };
      const mtime = 1_600_000_000_000;
      const [done] = await disk.writeAll([
        {
          path: p('d/old'),
          ids: IDS,
          bytes: Buffer.from('new'),
          attributes: { mtime },
          replaced: { expected, note: NOTE },
        },
        { path: p('d/fresh'), ids, bytes: Buffer.from('other'), attributes: { executable: true } },
      ]);
      return done?.outcome === 'placed' ? { path: 'old', stat: done.stat, racy: done.racy } : undefined;
    },
  },
  {
    name: 'a file is removed',
    brings: [],
    run: async ({ root: { disk }, expected }) => {
      await disk.remove(p('d/old'), expected, NOTE);
      return undefined;
    },
  },
  {
    name: 'a file is moved',
    brings: [],
    run: async ({ root: { disk }, expected }) => {
      const done = await disk.move(p('d/old'), p('d/fresh'), expected, IDS);
      return done.outcome === 'moved' ? { path: 'fresh', stat: done.stat, racy: done.racy } : undefined;
    },
  },
  {
    name: 'attributes are set',
    brings: [],
    run: async ({ root: { disk }, expected }) => {
      const done = await disk.setAttributes(p('d/old'), expected, { mtime: 1_600_000_000_000, executable: true });
      return done.outcome === 'set' ? { path: 'old', stat: done.stat, racy: done.racy } : undefined;
    },
  },
  {
    name: 'a file is restored from the trash',
    brings: ['gone'],
    run: async ({ root: { disk }, trashed }) => {
      const done = await disk.trash.restore(trashed, p('d/fresh'));
      return done.outcome === 'restored' ? { path: 'fresh', stat: done.stat, racy: true } : undefined;
    },
  },
];

/** Kinds of disks on which every act is tried: two of them, and all in the long form. */
export const DISKS: readonly [string, MemoryRootOptions][] = [
  ['with links', {}],
  ['without links', { noLinks: true }],
  ...others(),
];

function others(): [string, MemoryRootOptions][] {
  const long: [string, MemoryRootOptions][] = [
    ['where a clock stands still', { callsTakeNoTime: true }],
    ['that folds case, without links', { noLinks: true, foldsCase: true, decomposes: true }],
  ];
  return isLong ? long : [];
}

/** A root where all is durable, and the file `d/old` is known. */
export async function prepare(options: MemoryRootOptions): Promise<Prepared> {
  const root = memoryRoot(options);
  root.user.write(root.at('d/old'), 'old');
  root.user.write(root.at('d/gone'), 'gone');
  root.time.advance(60_000);
  const removed = await root.disk.remove(p('d/gone'), await expectedAt(root, p('d/gone')), {
    ...NOTE,
    ids: { ...IDS, recordId: 'dead' },
  });
  const expected = await expectedAt(root, p('d/old'));
  const staged = await root.disk.stage(p('d/old'), IDS, bodyOf('new'), { mtime: 1_600_000_000_000 });
  root.time.advance(60_000);
  root.files.tree.settle();
  return { root, expected, staged, trashed: removed.outcome === 'removed' ? removed.id : '' };
}

/** As a start does it: what stands beside its place is ended, with what the base tree knows. */
export async function recoverAll({ disk }: MemoryRoot): Promise<void> {
  const [listing] = await disk.list([p('d')]);
  if (listing?.outcome !== 'whole') throw new Error(`the directory is ${listing?.outcome}`);
  const path = p('d/old');
  await disk.recover(
    listing.temporaries.map(({ name, kind }) => ({
      temporary: `d/${name}` as DiskPath,
      ...(kind === 'aside' && { path }),
    })),
  );
  const [after] = await disk.list([p('d')]);
  if (after?.outcome !== 'whole' || after.temporaries.length > 0)
    throw new Error('something was left beside its place');
}

/** Where every text is: at a path that people see, in the trash and known, or in the trash and told as changed. */
export interface Found {
  visible: Record<string, string>;
  trashed: string[];
  changed: string[];
}

/** Looks everywhere, 3 seconds later. */
export async function find(root: MemoryRoot): Promise<Found> {
  root.time.advance(3000);
  const visible = Object.fromEntries(Object.entries(root.all()).filter(([path]) => !path.startsWith('.dfs-trash/')));
  const texts = async (ids: readonly { id: string }[]) =>
    Promise.all(ids.map(async ({ id }) => textOf(await root.disk.trash.read(id))));
  const { entries } = await root.disk.trash.list({ limit: 100 });
  return { visible, trashed: await texts(entries), changed: await texts(await root.disk.trash.changed()) };
}

/** Whether a base row with this stat would show that other bytes stand at the path. */
export async function showsChange(root: MemoryRoot, { path, stat, racy }: Ended): Promise<boolean> {
  const now = await statIn(root, 'd', path);
  return racy || !now || !sameLook(stat, now);
}

/** The name under which `d/old` stands aside. */
export const ASIDE = `d/${temporaryName('aside', IDS)}`;
