import type { Stat } from '../root-disk.js';

/** A path from the top of the machine, one character for each byte, as in a `DiskPath`. */
export type AbsolutePath = string;

/**
 * Ways to open something; no link is followed at the last name.
 * `create`: a new file, to read and write, which fails with `EEXIST` where anything has the name.
 */
export type OpenWay = 'read' | 'change' | 'create' | 'directory';

/** Size and room of a file system. */
export interface FileSystemFacts {
  /** Its type as `statfs` has it, hexadecimal. */
  readonly type: string;
  readonly id: string | undefined;
  readonly totalBytes: number;
  /** That an ordinary user may write. */
  readonly freeBytes: number;
}

/** A file or directory that is held open, by whatever name it goes meanwhile. */
export interface OpenFile {
  stat(): Promise<Stat>;
  /** @returns bytes read, 0 at the end */
  read(into: Uint8Array, position: number): Promise<number>;
  /** @returns bytes written, which may be fewer than given */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(size: number): Promise<void>;
  /** @param mtime milliseconds since 1970 */
  setMtime(mtime: number): Promise<void>;
  setExecutable(executable: boolean): Promise<void>;
  /** The bits of another file's mode, but for the executable ones. */
  takeModeOf(other: OpenFile): Promise<void>;
  /** fsync: bytes and size, of a directory its names. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The system calls that folders need: each method is one. Names go in and out as bytes. Rejects with errors that have the
 * errno as `code`. It judges nothing: links at the last name are the one thing that it refuses.
 */
export interface FileSystem {
  lstat(path: AbsolutePath): Promise<Stat>;
  /** Names without `.` and `..`, in no order. */
  readdir(path: AbsolutePath): Promise<string[]>;
  open(path: AbsolutePath, way: OpenWay): Promise<OpenFile>;
  mkdir(path: AbsolutePath): Promise<void>;
  rmdir(path: AbsolutePath): Promise<void>;
  /** A second name for a file. `EEXIST` where anything has it. */
  link(from: AbsolutePath, to: AbsolutePath): Promise<void>;
  unlink(path: AbsolutePath): Promise<void>;
  /** Takes the place of a file that has the name already. */
  rename(from: AbsolutePath, to: AbsolutePath): Promise<void>;
  /** Whether this process may write in a directory: rejects with `EROFS` or `EACCES`. */
  access(path: AbsolutePath): Promise<void>;
  statfs(path: AbsolutePath): Promise<FileSystemFacts>;
}
