import { execFile } from 'node:child_process';
import { constants, lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import { access, link, mkdir, open, rename, rmdir, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Platform } from '@dfs/runtime';
import type { DiskKind, Stat } from '../root-disk.js';
import type { AbsolutePath, FileSystem, FileSystemFacts, OpenFile, OpenWay } from './file-system.js';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_DIRECTORY = 0, O_NONBLOCK = 0 } = constants;
// A pipe that was put there in the last moment would hold the process up, without O_NONBLOCK.
const FLAGS: Readonly<Record<OpenWay, number>> = {
  read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  change: O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
  directory: O_RDONLY | O_NOFOLLOW | O_DIRECTORY,
};
const READ_BITS = 0o444;
const EXECUTE_BITS = 0o111;
const OWNER_EXECUTES = 0o100;
/** Half a microsecond: the way through floating-point seconds never ends below the millisecond. */
const UP_A_LITTLE = 0.0005;

const run = promisify(execFile);

/**
 * The file system of this machine. Looks at names block the thread, which is several times faster than a pool of threads: to be
 * used in a process of its own (rule 17).
 */
export class NodeFileSystem implements FileSystem {
  /** Ids of file systems by their device: within one mount they stay. */
  readonly #ids = new Map<bigint, Promise<string | undefined>>();

  constructor(private readonly platform: Platform = process.platform) {}

  async lstat(path: AbsolutePath): Promise<Stat> {
    return statOf(lstatSync(bytesOf(path), { bigint: true }), this.platform);
  }

  async readdir(path: AbsolutePath): Promise<string[]> {
    return readdirSync(bytesOf(path), { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  }

  async open(path: AbsolutePath, way: OpenWay): Promise<OpenFile> {
    return new NodeOpenFile(await open(bytesOf(path), FLAGS[way], 0o666), this.platform);
  }

  mkdir(path: AbsolutePath): Promise<void> {
    return mkdir(bytesOf(path));
  }

  rmdir(path: AbsolutePath): Promise<void> {
    return rmdir(bytesOf(path));
  }

  link(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return link(bytesOf(from), bytesOf(to));
  }

  unlink(path: AbsolutePath): Promise<void> {
    return unlink(bytesOf(path));
  }

  rename(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return rename(bytesOf(from), bytesOf(to));
  }

  access(path: AbsolutePath): Promise<void> {
    return access(bytesOf(path), constants.W_OK);
  }

  async statfs(path: AbsolutePath): Promise<FileSystemFacts> {
    const { type, bsize, blocks, bavail } = await statfs(bytesOf(path));
    const id = await this.#idOf(path);
    return { type: type.toString(16), id, totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  }

  /** Node does not tell `f_fsid`; the program `stat` of Linux does. */
  async #idOf(path: AbsolutePath): Promise<string | undefined> {
    if (this.platform !== 'linux') return undefined;
    const { device } = await this.lstat(path);
    let id = this.#ids.get(device);
    if (!id) {
      const text = bytesOf(path).toString('utf8');
      id = run('stat', ['-f', '-c', '%i', '--', text]).then(
        ({ stdout }) => /^[0-9a-f]+$/.exec(stdout.trim())?.[0],
        () => undefined,
      );
      this.#ids.set(device, id);
    }
    return id;
  }
}

class NodeOpenFile implements OpenFile {
  constructor(
    private readonly handle: FileHandle,
    private readonly platform: Platform,
  ) {}

  async stat(): Promise<Stat> {
    return statOf(await this.handle.stat({ bigint: true }), this.platform);
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.handle.read(into, 0, into.length, position)).bytesRead;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  truncate(size: number): Promise<void> {
    return this.handle.truncate(size);
  }

  setMtime(mtime: number): Promise<void> {
    // Node takes a number below zero for now, and a date for what it is.
    const time = mtime < 0 ? new Date(Math.floor(mtime)) : (Math.floor(mtime) + UP_A_LITTLE) / 1000;
    return this.handle.utimes(time, time);
  }

  async setExecutable(executable: boolean): Promise<void> {
    const { mode } = await this.handle.stat();
    // All that may read it may run it, as compilers do it.
    await this.handle.chmod(executable ? mode | ((mode & READ_BITS) >> 2) : mode & ~EXECUTE_BITS);
  }

  async takeModeOf(other: OpenFile): Promise<void> {
    if (!(other instanceof NodeOpenFile) || this.platform === 'win32') return;
    const [own, others] = await Promise.all([this.handle.stat(), other.handle.stat()]);
    const plain = others.mode & 0o666;
    await this.handle.chmod((own.mode & OWNER_EXECUTES) === 0 ? plain : plain | ((plain & READ_BITS) >> 2));
  }

  async sync(): Promise<void> {
    try {
      await this.handle.sync();
    } catch (error) {
      // Windows flushes no directories, and needs it not; some network file systems say EINVAL.
      const { code } = error as NodeJS.ErrnoException;
      const isDirectory = (await this.handle.stat()).isDirectory();
      if (!isDirectory || (code !== 'EPERM' && code !== 'EINVAL')) throw error;
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

function statOf(stat: BigIntStats, platform: Platform): Stat {
  const executable = platform !== 'win32' && stat.isFile() && (stat.mode & 0o100n) !== 0n;
  return {
    kind: kindOf(stat),
    inode: stat.ino,
    size: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    executable,
    links: Number(stat.nlink),
    device: stat.dev,
  };
}

function kindOf(stat: BigIntStats): DiskKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function bytesOf(path: AbsolutePath): Buffer {
  return Buffer.from(path, 'latin1');
}
