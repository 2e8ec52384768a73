import { memoryRoot } from '../../testing/memory-root.js';
import { toDiskPath } from '../names.js';
import { IgnoreRules, isDropping } from './ignore-rules.js';

const rules = (...lines: string[]) => new IgnoreRules({ rules: lines });

describe('ignoring (rule 7)', () => {
  it('has the syntax of a .gitignore: the last line decides, and nothing beneath an ignored directory comes back', () => {
    const ignore = rules('# logs', '*.log', '!keep.log', 'build/', '!build/keep', '/top', 'a/**/z');
    const ignored = ['x.log', 'd/x.log', 'build/keep', 'd/build/x', 'top', 'a/b/c/z'];
    const kept = ['keep.log', 'd/keep.log', 'build', 'd/top', 'a.txt'];
    expect(ignored.filter((path) => !ignore.ignoresPath(path, 'file'))).toEqual([]);
    expect(kept.filter((path) => ignore.ignoresPath(path, 'file'))).toEqual([]);
    expect(ignore.ignoresPath('build', 'directory')).toBe(true);
  });

  it.each([
    '.DS_Store',
    'd/._x',
    'Thumbs.db',
    '.a.txt.swp',
    'a~',
    '#a#',
    '.#a',
    '~$report.docx',
    '.~lock.a.odt#',
    '.nfs0000a1',
    'x.crdownload',
  ])('leaves out by itself: %s', (path) => {
    expect(rules().ignores(toDiskPath(path), 'file')).toBe(true);
    expect(isDropping(toDiskPath(path.split('/').at(-1)!))).toBe(true);
  });

  it.each(['a.txt', '.bashrc', 'notes.tmp.txt', 'x.swift', 'b.part', 'thumbs', '#a'])('takes: %s', (path) =>
    expect(rules().ignores(toDiskPath(path), 'file')).toBe(false),
  );

  it('a person takes a default back; names of ours stay out whatever a rule says', () => {
    const ignore = rules('!.DS_Store', '!.dfs-folder', '!.dfs-trash', '!.dfs-tmp-*', '!.dfsignore', '!*');
    expect(ignore.ignoresPath('.DS_Store', 'file')).toBe(false);
    for (const path of ['.dfs-folder', '.dfs-trash/x', '.dfsignore', '.DFS-FOLDER', 'd/.dfs-tmp-x']) {
      expect(ignore.ignoresPath(path, 'file')).toBe(true);
      expect(ignore.ignores(toDiskPath(path), 'file')).toBe(true);
    }
  });

  it('case counts where the disk says so', () => {
    expect(new IgnoreRules({ rules: ['*.LOG'], foldsCase: true }).ignoresPath('a.log', 'file')).toBe(true);
    expect(new IgnoreRules({ rules: ['*.LOG'] }).ignoresPath('a.log', 'file')).toBe(false);
  });

  it('paths with names that look relative, and of other alphabets, are plain names', () => {
    const ignore = rules('\u00e9*');
    expect(ignore.ignores(toDiskPath('\u00e9t\u00e9'), 'file')).toBe(true);
    expect(ignore.ignoresPath('...', 'file')).toBe(false);
    expect(ignore.ignoresPath('..a/b', 'file')).toBe(false);
  });
});

describe('an estimate and a preview', () => {
  it('counts what goes in, what rules leave out with examples, and what is not known', async () => {
    const { disk, user, at, files } = memoryRoot();
    user.write(at('a.txt'), '12345');
    user.write(at('d/b.txt'), '123');
    user.write(at('d/x.log'), '1');
    user.write(at('build/deep/x'), '22');
    user.write(at('.DS_Store'), '1');
    user.write(at('.dfsignore'), 'build/\n');
    user.special(at('l'), 'link');
    user.mkdir(at('other'));
    files.tree.mount(at('other'));
    user.mkdir(at('locked'));
    files.script({ when: ({ name, path }) => name === 'readdir' && path === at('locked'), fate: { errno: 'EACCES' } });
    expect(await disk.estimate(['*.log'])).toEqual({
      files: 2,
      bytes: 8,
      directories: 2,
      others: 1,
      ignored: { files: 3, bytes: 4, examples: expect.arrayContaining(['build', 'd/x.log', '.DS_Store']) as string[] },
      unknown: expect.arrayContaining(['other', 'locked']) as string[],
    });
    expect(await disk.localRules()).toEqual(['build/', '']);
  });

  it('rules of this disk that cannot be read are not taken for none', async () => {
    const { disk, user, at, files } = memoryRoot();
    expect(await disk.localRules()).toEqual([]);
    const unreadable = { code: 'unreadable' };
    user.write(at('.dfsignore'), 'x'.repeat(100_000));
    await expect(disk.localRules()).rejects.toMatchObject(unreadable);
    user.write(at('.dfsignore'), Uint8Array.of(0xff, 0xfe, 0x00));
    await expect(disk.localRules()).rejects.toMatchObject(unreadable);
    user.write(at('.dfsignore'), '*.log');
    files.script({ when: ({ name, path }) => name === 'open' && path === at('.dfsignore'), fate: { errno: 'EACCES' } });
    await expect(disk.localRules()).rejects.toMatchObject(unreadable);
    await expect(disk.estimate([])).rejects.toMatchObject(unreadable);
    files.script();
    expect(await disk.localRules()).toEqual(['*.log']);
    user.remove(at('.dfsignore'));
    user.special(at('.dfsignore'), 'link');
    await expect(disk.localRules()).rejects.toMatchObject(unreadable);
  });
});
