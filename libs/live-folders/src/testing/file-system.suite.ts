import type { FileSystem } from '../disk/fs/file-system.js';

/** A file system under test, an empty directory of it, and how long until its clock has moved on. */
export interface FileSystemUnderTest {
  files: FileSystem;
  top: string;
  later(): Promise<void>;
  /** Makes a symbolic link. */
  symlink(path: string): Promise<void>;
  dispose(): Promise<void>;
}

const failing = (code: string) => expect.objectContaining({ code }) as unknown;

/** The laws that the disk side relies on, as POSIX has them: for every form of the interface. */
export function fileSystemLaws(name: string, make: () => Promise<FileSystemUnderTest>): void {
  describe(`a file system: ${name}`, () => {
    let test: FileSystemUnderTest;
    let files: FileSystem;
    const at = (path: string) => `${test.top}/${path}`;

    beforeEach(async () => {
      test = await make();
      files = test.files;
    });
    afterEach(() => test.dispose());

    const write = async (path: string, text: string): Promise<void> => {
      const file = await files.open(at(path), 'create');
      await file.write(Buffer.from(text), 0);
      await file.sync();
      await file.close();
    };
    const read = async (path: string): Promise<string> => {
      const file = await files.open(at(path), 'read');
      const into = Buffer.alloc(100);
      const length = await file.read(into, 0);
      await file.close();
      return into.subarray(0, length).toString();
    };

    it('gives back the bytes of a file at any position, and nothing at its end', async () => {
      await write('a', 'hello');
      expect(await read('a')).toBe('hello');
      const file = await files.open(at('a'), 'read');
      const into = Buffer.alloc(3);
      expect(await file.read(into, 3)).toBe(2);
      expect(into.subarray(0, 2).toString()).toBe('lo');
      expect(await file.read(into, 5)).toBe(0);
      await file.close();
      expect(await files.lstat(at('a'))).toMatchObject({ kind: 'file', size: 5, links: 1, executable: false });
    });

    it('creates only what is not there', async () => {
      await write('a', 'one');
      await expect(files.open(at('a'), 'create')).rejects.toEqual(failing('EEXIST'));
      await expect(files.open(at('b'), 'read')).rejects.toEqual(failing('ENOENT'));
      await expect(files.lstat(at('b'))).rejects.toEqual(failing('ENOENT'));
      expect(await read('a')).toBe('one');
    });

    it('links only to a name that is free, and both names are one file', async () => {
      await write('a', 'one');
      await write('b', 'two');
      await expect(files.link(at('a'), at('b'))).rejects.toEqual(failing('EEXIST'));
      expect(await read('b')).toBe('two');
      await files.link(at('a'), at('c'));
      const [a, c] = [await files.lstat(at('a')), await files.lstat(at('c'))];
      expect(c).toEqual(a);
      expect(a.links).toBe(2);
      await files.unlink(at('a'));
      expect(await read('c')).toBe('one');
      await expect(files.lstat(at('a'))).rejects.toEqual(failing('ENOENT'));
    });

    it('renames over a file: the old one is gone by name and still there by handle', async () => {
      await write('a', 'one');
      await write('b', 'two');
      const before = await files.lstat(at('a'));
      const old = await files.open(at('b'), 'read');
      await files.rename(at('a'), at('b'));
      expect(await read('b')).toBe('one');
      expect((await files.lstat(at('b'))).inode).toBe(before.inode);
      const into = Buffer.alloc(3);
      await old.read(into, 0);
      expect(into.toString()).toBe('two');
      expect((await old.stat()).links).toBe(0);
      await old.close();
    });

    it('a rename keeps inode, size and mtime, and changes ctime (rule 8 c)', async () => {
      await write('a', 'one');
      const before = await files.lstat(at('a'));
      await test.later();
      await files.rename(at('a'), at('b'));
      const after = await files.lstat(at('b'));
      expect(after).toMatchObject({ inode: before.inode, size: before.size, mtimeNs: before.mtimeNs });
      expect(after.ctimeNs).toBeGreaterThan(before.ctimeNs);
    });

    it('a write by an open handle after a rename shows in the file that was renamed', async () => {
      await write('a', 'one');
      const file = await files.open(at('a'), 'change');
      const before = await file.stat();
      await files.rename(at('a'), at('b'));
      await test.later();
      await file.write(Buffer.from(' more'), 3);
      expect(await read('b')).toBe('one more');
      expect((await file.stat()).mtimeNs).toBeGreaterThan(before.mtimeNs);
      await file.close();
    });

    it('directories: made once, listed by bytes, removed only when empty, and changed by what is made in them', async () => {
      await files.mkdir(at('d'));
      await expect(files.mkdir(at('d'))).rejects.toEqual(failing('EEXIST'));
      const before = await files.lstat(at('d'));
      await test.later();
      await write('d/\u00c3\u00a4', 'umlaut');
      expect((await files.lstat(at('d'))).mtimeNs).toBeGreaterThan(before.mtimeNs);
      expect(await files.readdir(at('d'))).toEqual(['\u00c3\u00a4']);
      await expect(files.rmdir(at('d'))).rejects.toEqual(failing('ENOTEMPTY'));
      await expect(files.unlink(at('d'))).rejects.toHaveProperty('code', expect.stringMatching(/EISDIR|EPERM/));
      await files.unlink(at('d/\u00c3\u00a4'));
      await files.rmdir(at('d'));
      await expect(files.readdir(at('d'))).rejects.toEqual(failing('ENOENT'));
    });

    it('opens no link, and what is beneath a file is no directory', async () => {
      await test.symlink(at('l'));
      expect((await files.lstat(at('l'))).kind).toBe('link');
      await expect(files.open(at('l'), 'read')).rejects.toHaveProperty('code', expect.stringMatching(/ELOOP|EMLINK/));
      await write('a', '1');
      await expect(files.lstat(at('a/b'))).rejects.toEqual(failing('ENOTDIR'));
      await expect(files.open(at('a'), 'directory')).rejects.toEqual(failing('ENOTDIR'));
      await expect(files.readdir(at('a'))).rejects.toEqual(failing('ENOTDIR'));
    });

    it('keeps mtime to the millisecond, far in the future and before 1970, and the executable bit', async () => {
      await write('a', '1');
      const file = await files.open(at('a'), 'change');
      for (const mtime of [1_700_000_000_123, Date.UTC(2099, 0, 1) + 7, -86_400_000, 1_799_999_999_999]) {
        await file.setMtime(mtime);
        expect((await file.stat()).mtimeNs / 1_000_000n).toBe(BigInt(mtime));
      }
      await file.setExecutable(true);
      expect((await file.stat()).executable).toBe(true);
      await file.setExecutable(false);
      expect((await files.lstat(at('a'))).executable).toBe(false);
      await file.close();
    });

    it('a file grows with zeros, is cut short, and a directory can be synced', async () => {
      await write('a', 'abc');
      const file = await files.open(at('a'), 'change');
      await file.truncate(5);
      await file.truncate(2);
      await file.write(Buffer.from('z'), 3);
      await file.close();
      expect(await read('a')).toBe('ab\0z');
      const directory = await files.open(test.top, 'directory');
      await directory.sync();
      await directory.close();
      await files.access(test.top);
      const { type, freeBytes, totalBytes } = await files.statfs(test.top);
      expect(type).toMatch(/^[0-9a-f]+$/);
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    });
  });
}
