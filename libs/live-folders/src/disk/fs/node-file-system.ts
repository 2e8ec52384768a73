import { execFile } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  write,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { promisify } from 'node:util';
import { KiB, millisecond, Turns, type Platform } from '@dfs/runtime';
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

/** Bytes of one read or write for which the thread is blocked. */
const BLOCKING_BYTES = 64 * KiB;
/** Others have their turn at least so often, however long calls go on that block the thread. */
const TURN = 20 * millisecond;

const run = promisify(execFile);
const [syncInPool, readInPool, writeInPool] = [promisify(fsync), promisify(read), promisify(write)];

/**
 * The file system of this machine. All but fsync and long reads and writes block the thread, which is several times faster than a pool
 * of threads: to be used in a process of its own (rule 17), which is known to hang when nothing is heard of it.
 */
export class NodeFileSystem implements FileSystem {
  /** Ids of file systems by their device: within one mount they stay. */
  readonly #ids = new Map<bigint, Promise<string | undefined>>();
  readonly #turns = new Turns(TURN);

  constructor(private readonly platform: Platform = process.platform) {}

  async lstat(path: AbsolutePath): Promise<Stat> {
    return this.#done(statOf(lstatSync(bytesOf(path), { bigint: true }), this.platform));
  }

  async readdir(path: AbsolutePath): Promise<string[]> {
    return this.#done(readdirSync(bytesOf(path), { encoding: 'latin1' }));
  }

  async open(path: AbsolutePath, way: OpenWay): Promise<OpenFile> {
    const fd = openSync(bytesOf(path), FLAGS[way], 0o666);
    return this.#done(new NodeOpenFile(fd, this.platform, this.#turns));
  }

  async mkdir(path: AbsolutePath): Promise<void> {
    return this.#done(mkdirSync(bytesOf(path)));
  }

  async rmdir(path: AbsolutePath): Promise<void> {
    return this.#done(rmdirSync(bytesOf(path)));
  }

  async link(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.#done(linkSync(bytesOf(from), bytesOf(to)));
  }

  async unlink(path: AbsolutePath): Promise<void> {
    return this.#done(unlinkSync(bytesOf(path)));
  }

  async rename(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.#done(renameSync(bytesOf(from), bytesOf(to)));
  }

  async access(path: AbsolutePath): Promise<void> {
    return this.#done(accessSync(bytesOf(path), constants.W_OK));
  }

  async statfs(path: AbsolutePath): Promise<FileSystemFacts> {
    const { type, bsize, blocks, bavail } = statfsSync(bytesOf(path));
    const id = await this.#idOf(path);
    return { type: type.toString(16), id, totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  }

  #done<T>(answer: T): T | Promise<T> {
    return afterTurn(this.#turns, answer);
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
  #fd: number | undefined;

  constructor(
    fd: number,
    private readonly platform: Platform,
    private readonly turns: Turns,
  ) {
    this.#fd = fd;
  }

  async stat(): Promise<Stat> {
    return this.#done(statOf(fstatSync(this.#open, { bigint: true }), this.platform));
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    if (into.length <= BLOCKING_BYTES) return this.#done(readSync(this.#open, into, 0, into.length, position));
    return (await readInPool(this.#open, into, 0, into.length, position)).bytesRead;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    if (bytes.length <= BLOCKING_BYTES) return this.#done(writeSync(this.#open, bytes, 0, bytes.length, position));
    return (await writeInPool(this.#open, bytes, 0, bytes.length, position)).bytesWritten;
  }

  async truncate(size: number): Promise<void> {
    return this.#done(ftruncateSync(this.#open, size));
  }

  async setMtime(mtime: number): Promise<void> {
    // Node takes a number below zero for now, and a date for what it is.
    const time = mtime < 0 ? new Date(Math.floor(mtime)) : (Math.floor(mtime) + UP_A_LITTLE) / 1000;
    return this.#done(futimesSync(this.#open, time, time));
  }

  async setExecutable(executable: boolean): Promise<void> {
    const { mode } = fstatSync(this.#open);
    // All that may read it may run it, as compilers do it.
    const wanted = executable ? mode | ((mode & READ_BITS) >> 2) : mode & ~EXECUTE_BITS;
    if (wanted !== mode) return this.#done(fchmodSync(this.#open, wanted));
  }

  async takeModeOf(other: OpenFile): Promise<void> {
    if (!(other instanceof NodeOpenFile) || this.platform === 'win32') return;
    const [own, others] = [fstatSync(this.#open), fstatSync(other.#open)];
    const plain = others.mode & 0o666;
    const wanted = (own.mode & OWNER_EXECUTES) === 0 ? plain : plain | ((plain & READ_BITS) >> 2);
    return this.#done(fchmodSync(this.#open, wanted));
  }

  async sync(): Promise<void> {
    try {
      await syncInPool(this.#open);
    } catch (error) {
      // Windows flushes no directories, and needs it not; some network file systems say EINVAL.
      const { code } = error as NodeJS.ErrnoException;
      const isDirectory = fstatSync(this.#open).isDirectory();
      if (!isDirectory || (code !== 'EPERM' && code !== 'EINVAL')) throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    return this.#done(closeSync(fd));
  }

  /** The number may be that of another file once this one is closed. */
  get #open(): number {
    if (this.#fd === undefined) throw Object.assign(new Error('the file is closed'), { code: 'EBADF' });
    return this.#fd;
  }

  #done<T>(answer: T): T | Promise<T> {
    return afterTurn(this.turns, answer);
  }
}

/** The answer of a call that has blocked the thread: at once, or after the turn of others where they have waited for long. */
function afterTurn<T>(turns: Turns, answer: T): T | Promise<T> {
  return turns.isDue ? turns.next().then(() => answer) : answer;
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
