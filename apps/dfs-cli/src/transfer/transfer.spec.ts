import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { FileInfo } from '@dfs/client';
import { tempDir, type TempDir } from '@dfs/testing';
import { targetBelow, targetsBelow } from './download.js';
import { localFile, walk, type LocalFile } from './local-files.js';
import { cidOf } from './part-file.js';
import { placeSources } from './remote-path.js';
import { planSync } from './sync-plan.js';
import { inParallel } from './workers.js';

const noDirectory = () => false;

describe('where sources are stored', () => {
  it.each<[string[], string[], string[]]>([
    [['a.jpg'], [], ['a.jpg']],
    [['dir/a.jpg'], [], ['a.jpg']],
    [['a.jpg', 'b.jpg'], [], ['b.jpg']],
    [['a.jpg', 'photos/'], [], ['photos/a.jpg']],
    [['a.jpg', '/photos/'], [], ['photos/a.jpg']],
    [['a.jpg', 'b.jpg', 'photos/'], [], ['photos/a.jpg', 'photos/b.jpg']],
    [['dir'], ['dir'], ['dir/']],
    [['dir', 'photos'], ['dir'], ['photos/']],
    [['dir', 'photos/'], ['dir'], ['photos/dir/']],
    [['.', 'photos/'], ['.'], ['photos/']],
    [['-', 'dump.sql'], [], ['dump.sql']],
  ])('%j', (args, directories, expected) => {
    const placed = placeSources(args, (source) => directories.includes(source));
    expect(placed.map(({ path }) => path)).toEqual(expected);
  });

  it('is refused where it is not clear', () => {
    expect(() => placeSources(['a', 'b', 'c'], noDirectory)).toThrow(/ends with a slash/);
    expect(() => placeSources(['-'], noDirectory)).toThrow(/Name the path/);
    expect(() => placeSources(['-', 'in/'], noDirectory)).toThrow(/Name the path/);
  });
});

describe('where a file of the network goes on this machine', () => {
  it('is never outside the directory', () => {
    expect(targetBelow('/tmp/x', 'a/b.txt')).toBe('/tmp/x/a/b.txt');
    for (const path of ['../b', 'a/../../b', '..', '.', '/etc/passwd', 'a\0b']) {
      expect(() => targetBelow('/tmp/x', path)).toThrow(/cannot be written below/);
    }
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', 'a', '', 'b c'), { maxLength: 8 }), (parts) => {
        try {
          expect(targetBelow('/tmp/x', parts.join('/'))).toMatch(/^\/tmp\/x\/./);
        } catch (error) {
          expect((error as Error).message).toMatch(/cannot be written below/);
        }
      }),
    );
  });
});

describe('the id of a chunk', () => {
  it('is a CIDv1 of its hash', () => {
    expect(cidOf(createHash('sha256').update('hello world').digest())).toBe(
      'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
    );
  });
});

describe('where it goes on Windows', () => {
  const below = (path: string) => targetBelow('C:\\in', path, 'win32');
  const named = (path: string) => ({ path }) as FileInfo;

  it('is never outside the directory, on another disk, or in a stream or device', () => {
    expect(below('a/b.txt')).toBe('C:\\in\\a\\b.txt');
    for (const path of [
      'D:/evil',
      'D:evil',
      'a.txt:hidden',
      'a\\..\\..\\b',
      'CON',
      'dir/nul.txt',
      'ends.',
      'ends /a',
      'what?',
    ]) {
      expect(() => below(path)).toThrow(/Windows takes no file named/);
    }
    for (const path of ['..', '../b', 'a/../../b', '.', '/a', '//server/share/a']) {
      expect(() => below(path)).toThrow(/cannot be written below/);
    }
  });

  it('leaves out those alone that cannot be written', () => {
    const files = ['p/a.txt', 'p/A.TXT', 'p/aux', 'p/b:c', 'p/d'].map(named);
    const { incoming, refused } = targetsBelow('C:\\in', 'p/', files, 'win32');
    expect(incoming.map(({ target }) => target)).toEqual(['C:\\in\\a.txt', 'C:\\in\\d']);
    expect(refused.map(({ file }) => file.path)).toEqual(['p/A.TXT', 'p/aux', 'p/b:c']);
    expect(refused[0]?.failure?.message).toMatch(/is the name of p\/a.txt too/);
    expect(targetsBelow('/in', 'p/', files, 'darwin').refused.map(({ file }) => file.path)).toEqual(['p/A.TXT']);
    expect(targetsBelow('/in', 'p/', files, 'linux').refused).toEqual([]);
  });
});

describe('the walk over a directory', () => {
  let dir: TempDir;
  beforeEach(async () => void (dir = await tempDir()));
  afterEach(() => dir.remove());

  it('finds files with size, time and mode, follows links to files, and names what it leaves out', async () => {
    await mkdir(dir.file('in/deep'), { recursive: true });
    await writeFile(dir.file('in/a.sh'), 'abc');
    await chmod(dir.file('in/a.sh'), 0o755);
    await utimes(dir.file('in/a.sh'), 1_700_000_000, 1_700_000_000.123);
    await writeFile(dir.file('in/deep/b'), '');
    await symlink('a.sh', dir.file('in/link'));
    await symlink('nowhere', dir.file('in/lost'));
    await symlink('deep', dir.file('in/round'));
    execFileSync('mkfifo', [dir.file('in/pipe')]);
    const { files, skipped } = await walk(dir.file('in'));
    expect(files.map(({ relative, size }) => [relative, size])).toEqual([
      ['a.sh', 3],
      ['deep/b', 0],
      ['link', 3],
    ]);
    expect(files[0]).toMatchObject({ executable: true, mtime: 1_700_000_000_123 });
    expect(skipped.map(({ path, reason }) => [path.slice(dir.file('in/').length), reason.length > 20])).toEqual([
      ['lost', true],
      ['pipe', true],
      ['round', true],
    ]);
  });

  it('leaves out what a pattern names', async () => {
    await mkdir(dir.file('in/node_modules/x'), { recursive: true });
    for (const name of ['node_modules/x/y', 'a.log', 'b.txt']) await writeFile(dir.file(`in/${name}`), '');
    const { files } = await walk(dir.file('in'), ['node_modules/', '*.log']);
    expect(files.map(({ relative }) => relative)).toEqual(['b.txt']);
  });
});

describe('the plan of a sync', () => {
  const local = (relative: string, more: Partial<LocalFile> = {}): LocalFile => ({
    file: `/here/${relative}`,
    relative,
    size: 3,
    mtime: 1000,
    executable: false,
    ...more,
  });
  const remote = (path: string, more: Partial<FileInfo> = {}) =>
    ({ path, size: 3, mtime: new Date(1000).toISOString(), ...more }) as FileInfo;

  it('sends what differs, doubts what has another time alone, and names what is gone', () => {
    const plan = planSync(
      [local('same'), local('grown', { size: 4 }), local('touched', { mtime: 2000 }), local('new')],
      [remote('p/same'), remote('p/grown'), remote('p/touched'), remote('p/old')],
      'p/',
    );
    expect(plan.send.map(({ path, maybe }) => [path, maybe !== undefined])).toEqual([
      ['p/grown', false],
      ['p/touched', true],
      ['p/new', false],
    ]);
    expect(plan.gone.map(({ path }) => path)).toEqual(['p/old']);
    expect(plan.same).toBe(1);
  });

  it('leaves what is executable as it is where files do not say so', () => {
    const found = localFile('C:\\here\\tool', 'tool', { size: 3, mtimeMs: 1000, mode: 0o100666 }, 'win32');
    expect(planSync([found], [remote('tool', { executable: true })], '')).toMatchObject({ send: [], same: 1 });
    expect(planSync([found], [remote('tool')], '')).toMatchObject({ send: [], same: 1 });
    const { send } = planSync([{ ...found, size: 4 }], [remote('tool', { executable: true })], '');
    expect(send[0]?.local.executable).toBe(true);
  });

  it('has nothing to do once it was carried out', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 20 });
    fc.assert(
      fc.property(names, names, (here, there) => {
        const locals = here.map((name) => local(name));
        const { send, gone } = planSync(
          locals,
          there.map((name) => remote(name, { size: name.length })),
          '',
        );
        const lost = new Set(gone.map(({ path }) => path));
        const after = new Map(there.filter((name) => !lost.has(name)).map((name) => [name, remote(name)]));
        for (const { path } of send) after.set(path, remote(path));
        expect(planSync(locals, [...after.values()], '')).toMatchObject({ send: [], gone: [], same: here.length });
      }),
    );
  });
});

describe('work in parallel', () => {
  it('is done once for each, and ends at the first that throws, after what was begun', async () => {
    const done: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, async (item) => void done.push(item));
    expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await Promise.resolve();
      if (item === 2) throw new Error('two');
      ended.push(item);
    };
    await expect(inParallel([1, 2, 3, 4, 5, 6, 7, 8], 2, work)).rejects.toThrow('two');
    expect(begun.length).toBeLessThan(8);
    expect(ended).toEqual(begun.filter((item) => item !== 2));
  });
});
