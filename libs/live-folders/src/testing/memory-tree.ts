import { isUtf8 } from 'node:buffer';
import type { DiskKind, Stat } from '../disk/root-disk.js';

/** How a file system of memory differs from that of an ordinary Linux machine. */
export interface MemoryTreeOptions {
  /** Nanoseconds since 1970: the file system's own clock. */
  now: () => bigint;
  foldsCase?: boolean;
  /** Names come back decomposed, and composed ones find them. */
  decomposes?: boolean;
  noLinks?: boolean;
  noExecutableBit?: boolean;
  /** Names that are no UTF-8 are refused. */
  refusesBytes?: boolean;
  mtimeStepNs?: bigint;
  /** Its type, as `statfs` has it: ext4 when left out. */
  fsType?: string;
  /** Bytes that may be written in all. */
  room?: number;
}

/** A file, directory or other thing, by whatever names it has. */
export class Inode {
  data = Buffer.alloc(0);
  /** The bytes that a power cut leaves: those of the last fsync. */
  synced = Buffer.alloc(0);
  mtimeNs: bigint;
  ctimeNs: bigint;
  mode: number;
  links = 0;
  /** Of a directory: by the form in which names are compared. */
  readonly names = new Map<string, { name: string; inode: Inode }>();
  /** The directory that is mounted over this one. */
  mounted: Inode | undefined;

  constructor(
    readonly number: bigint,
    readonly kind: DiskKind,
    readonly device: bigint,
    now: bigint,
    executes: boolean,
  ) {
    this.mtimeNs = now;
    this.ctimeNs = now;
    this.mode = executes ? 0o755 : 0o644;
  }
}

/** The error of a system call. */
export class SystemError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** A change of names that a power cut may undo. */
interface Change {
  directories: readonly Inode[];
  undo: () => void;
}

/**
 * A tree of inodes as POSIX has it, with a machine's memory of what is durable. A power cut takes back changes of names from the
 * last one on, as file systems with a journal do: those before an fsync of their directory stay.
 */
export class MemoryTree {
  readonly root: Inode;
  readOnly = false;
  #used = 0;
  #lastDevice = 1n;
  #lastInode = 100n;
  /** Numbers to be given out again: at once, as file systems do. */
  readonly #spare: bigint[] = [];
  readonly #changes: Change[] = [];

  constructor(readonly options: MemoryTreeOptions) {
    this.root = this.make('directory', 1n);
    this.root.links = 2;
  }

  get undurable(): number {
    return this.#changes.length;
  }

  make(kind: DiskKind, device: bigint): Inode {
    const number = this.#spare.pop() ?? ++this.#lastInode;
    return new Inode(number, kind, device, this.now(), kind === 'directory' || this.options.noExecutableBit === true);
  }

  now(): bigint {
    const step = this.options.mtimeStepNs ?? 1n;
    const now = this.options.now();
    return now - (now % step);
  }

  /** A new device over an existing directory. */
  mount(path: string): Inode {
    const over = this.resolve(path);
    const top = this.make('directory', ++this.#lastDevice);
    top.links = 2;
    over.mounted = top;
    return top;
  }

  /** The inode at a path; that of a mount where one is. @throws SystemError */
  resolve(path: string): Inode {
    const inode = this.find(path);
    if (!inode) throw new SystemError('ENOENT');
    return inode;
  }

  find(path: string): Inode | undefined {
    let at = this.root;
    for (const name of path.split('/').filter((each) => each !== '')) {
      if (at.kind === 'link') throw new SystemError('ELOOP');
      if (at.kind !== 'directory') throw new SystemError('ENOTDIR');
      const found = at.names.get(this.keyOf(name))?.inode;
      if (!found) return undefined;
      at = found.mounted ?? found;
    }
    return at;
  }

  /** The directory of a path, and its last name. */
  above(path: string): { directory: Inode; name: string; key: string } {
    const slash = path.lastIndexOf('/');
    const directory = this.resolve(path.slice(0, slash));
    if (directory.kind !== 'directory') throw new SystemError('ENOTDIR');
    const name = this.#nameAsKept(path.slice(slash + 1));
    return { directory, name, key: this.keyOf(name) };
  }

  /** Enters a name, in place of what has it. */
  enter(directory: Inode, name: string, inode: Inode): void {
    const key = this.keyOf(name);
    const before = directory.names.get(key);
    directory.names.set(key, { name, inode });
    inode.links++;
    if (before) this.#drop(before.inode);
    this.#touch(directory, inode);
    this.#changes.push({
      directories: [directory],
      undo: () => {
        inode.links--;
        if (before) {
          before.inode.links++;
          directory.names.set(key, before);
        } else directory.names.delete(key);
      },
    });
  }

  leave(directory: Inode, name: string): void {
    const key = this.keyOf(name);
    const before = directory.names.get(key)!;
    directory.names.delete(key);
    this.#drop(before.inode);
    this.#touch(directory, before.inode);
    this.#changes.push({
      directories: [directory],
      undo: () => {
        before.inode.links++;
        directory.names.set(key, before);
      },
    });
  }

  /** A change of two directories that a power cut undoes as one. */
  together(act: () => void): void {
    const before = this.#changes.length;
    act();
    const parts = this.#changes.splice(before);
    this.#changes.push({
      directories: parts.flatMap(({ directories }) => directories),
      undo: () => parts.reverse().forEach(({ undo }) => undo()),
    });
  }

  write(inode: Inode, bytes: Uint8Array, position: number): number {
    const end = Math.max(inode.data.length, position + bytes.length);
    this.#take(end - inode.data.length);
    const data = Buffer.alloc(end);
    inode.data.copy(data);
    data.set(bytes, position);
    inode.data = data;
    this.modified(inode);
    return bytes.length;
  }

  truncate(inode: Inode, size: number): void {
    this.#take(0);
    const data = Buffer.alloc(size);
    inode.data.copy(data);
    this.#used += size - inode.data.length;
    inode.data = data;
    this.modified(inode);
  }

  modified(inode: Inode): void {
    inode.mtimeNs = inode.ctimeNs = this.now();
  }

  sync(inode: Inode): void {
    if (inode.kind === 'file') inode.synced = Buffer.from(inode.data);
    const last = this.#changes.findLastIndex(({ directories }) => directories.includes(inode));
    this.#changes.splice(0, last + 1);
  }

  /** All names and bytes as they are survive a power cut. */
  settle(inode: Inode = this.root): void {
    this.#changes.length = 0;
    if (inode.kind === 'file') inode.synced = Buffer.from(inode.data);
    for (const { inode: below } of inode.names.values()) this.settle(below.mounted ?? below);
  }

  /** A power cut: so many changes of names stay of those that are not durable; so do bytes, if `bytes`. */
  cut({ keep, bytes }: { keep: number; bytes: boolean }): void {
    for (const { undo } of this.#changes.splice(keep).reverse()) undo();
    this.#changes.length = 0;
    const visit = (inode: Inode): void => {
      if (inode.kind === 'file' && !bytes) inode.data = Buffer.from(inode.synced);
      for (const { inode: below } of inode.names.values()) visit(below.mounted ?? below);
    };
    visit(this.root);
  }

  keyOf(name: string): string {
    const { foldsCase, decomposes } = this.options;
    if (!foldsCase && !decomposes) return name;
    const bytes = Buffer.from(name, 'latin1');
    if (!isUtf8(bytes)) return name;
    const plain = bytes.toString('utf8');
    const text = decomposes ? plain.normalize('NFD') : plain;
    return Buffer.from(foldsCase ? text.toLowerCase() : text, 'utf8').toString('latin1');
  }

  statOf(inode: Inode): Stat {
    return {
      kind: inode.kind,
      inode: inode.number,
      size: inode.kind === 'file' ? inode.data.length : 0,
      mtimeNs: inode.mtimeNs,
      ctimeNs: inode.ctimeNs,
      executable: inode.kind === 'file' && (inode.mode & 0o100) !== 0,
      links: inode.links,
      device: inode.device,
    };
  }

  get freeBytes(): number {
    return Math.max(0, (this.options.room ?? Infinity) - this.#used);
  }

  #nameAsKept(name: string): string {
    const bytes = Buffer.from(name, 'latin1');
    if (bytes.length > 255) throw new SystemError('ENAMETOOLONG');
    if (!isUtf8(bytes)) {
      if (this.options.refusesBytes || this.options.decomposes) throw new SystemError('EILSEQ');
      return name;
    }
    return this.options.decomposes
      ? Buffer.from(bytes.toString('utf8').normalize('NFD'), 'utf8').toString('latin1')
      : name;
  }

  #take(bytes: number): void {
    if (this.readOnly) throw new SystemError('EROFS');
    if (bytes > this.freeBytes) throw new SystemError('ENOSPC');
    this.#used += bytes;
  }

  #drop(inode: Inode): void {
    inode.links--;
    if (inode.links > 0 || inode.kind === 'directory') return;
    this.#used -= inode.data.length;
    this.#spare.push(inode.number);
  }

  #touch(directory: Inode, inode: Inode): void {
    this.modified(directory);
    inode.ctimeNs = this.now();
  }
}
