import {
  bytesOfDiskPath,
  diskPathOfBytes,
  isOurs,
  nameOf,
  parentOf,
  pathOf,
  readTemporaryName,
  ROOT,
  showDiskPath,
  temporaryName,
  toDiskPath,
  type DiskPath,
} from './names.js';

const ids = { fileId: 'abcdefghijklmnopqrstuvwxyz', recordId: '0123456789abcdef' };

describe('names on disk (rule 11)', () => {
  it('are bytes: text goes in and comes out, and other bytes too', () => {
    expect(pathOf(toDiskPath('photos/\u00e9t\u00e9.jpg'))).toBe('photos/\u00e9t\u00e9.jpg');
    const bytes = Uint8Array.of(0x61, 0xff, 0x62);
    expect(new Uint8Array(bytesOfDiskPath(diskPathOfBytes(bytes)))).toEqual(bytes);
    expect(showDiskPath(diskPathOfBytes(bytes))).toBe('a\\xffb');
    expect(showDiskPath(toDiskPath('\u00e9'))).toBe('\u00e9');
  });

  it('a decomposed name is the composed path of the network', () => {
    expect(pathOf(toDiskPath('e\u0301'))).toBe('\u00e9');
  });

  it.each([
    ['bytes that are no UTF-8', '\xff\xfe'],
    ['a control character', 'a\u0001'],
    ['a backslash', 'a\\b'],
    ['too long', 'a/'.repeat(600)],
  ])('has no path of the network: %s', (_what, path) => expect(pathOf(path as DiskPath)).toBeUndefined());

  it('are taken apart at slashes', () => {
    expect([parentOf(toDiskPath('a/b/c')), nameOf(toDiskPath('a/b/c'))]).toEqual(['a/b', 'c']);
    expect([parentOf(toDiskPath('a')), nameOf(toDiskPath('a')), parentOf(ROOT)]).toEqual([ROOT, 'a', ROOT]);
  });

  it.each(['aside', 'staged'] as const)('a temporary name tells its ids: %s', (kind) => {
    expect(readTemporaryName(temporaryName(kind, ids))).toEqual({ kind, ...ids });
    expect(readTemporaryName('.dfs-tmp-x')).toBeUndefined();
  });
});

describe('names of ours (rule 7: a member that writes .dfsignore, .dfs-folder or .dfs-trash/x)', () => {
  it.each([
    '.dfs-folder',
    '.dfs-trash',
    '.dfs-trash/x',
    'deep/.dfs-trash/x',
    'deep/.dfs-folder',
    temporaryName('aside', ids),
    `a/${temporaryName('staged', ids)}`,
    '.dfs-tmp-',
    '.dfsignore',
    '.DFS-Folder',
    '.DfsIgnore',
    '.dfs-trash. ./x',
    '.dfs-\u200cfolder',
    '.dfs-folder::$DATA',
    'DFS-TR~1/x',
    '.d\uff46s-folder',
  ])('%s', (path) => expect(isOurs(toDiskPath(path))).toBe(true));

  it.each([
    'dfs-folder',
    '.dfs',
    'a.dfs-folder',
    '.dfs-folders',
    'deep/.dfsignore',
    '\u00e9',
    'x/dfs-tr',
    'notes on .dfs-tmp',
  ])('not: %s', (path) => expect(isOurs(toDiskPath(path))).toBe(false));
});
