import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tempDir, type TempDir } from '@dfs/testing';
import { allowRoot, disallowRoot } from './folder-roots.js';

describe('directories that a person allows live folders in', () => {
  let dir: TempDir;
  const text = () => readFile(dir.file('folder-roots'), 'utf8');
  beforeEach(async () => {
    dir = await tempDir();
  });
  afterEach(() => dir.remove());

  it('are lines of a file for the node’s own user alone, each once', async () => {
    expect(await allowRoot(dir.path, '/a/pictures')).toBe(true);
    expect(await allowRoot(dir.path, '/b')).toBe(true);
    expect(await allowRoot(dir.path, '/a/pictures')).toBe(false);
    expect(await text()).toBe('/a/pictures\n/b\n');
    expect((await stat(dir.file('folder-roots'))).mode & 0o777).toBe(0o600);
  });

  it('begin a line of their own in a file that a person has written', async () => {
    await writeFile(dir.file('folder-roots'), '/by/hand', { mode: 0o644 });
    expect(await allowRoot(dir.path, '/a')).toBe(true);
    expect(await text()).toBe('/by/hand\n/a\n');
    expect((await stat(dir.file('folder-roots'))).mode & 0o777).toBe(0o600);
  });

  it('are taken out again, the others stay', async () => {
    for (const root of ['/a', '/a/b', '/c']) await allowRoot(dir.path, root);
    await disallowRoot(dir.path, '/a');
    await disallowRoot(dir.path, '/nowhere');
    expect(await text()).toBe('/a/b\n/c\n');
    expect((await stat(dir.file('folder-roots'))).mode & 0o777).toBe(0o600);
  });

  it('cannot bring in a second line, nor write to another file by a link', async () => {
    await expect(allowRoot(dir.path, '/a\n/home')).rejects.toThrow('line break');
    await writeFile(dir.file('other'), '');
    await symlink(dir.file('other'), dir.file('folder-roots'));
    await expect(allowRoot(dir.path, '/a')).rejects.toMatchObject({ code: 'ELOOP' });
    expect(await readFile(dir.file('other'), 'utf8')).toBe('');
  });
});
