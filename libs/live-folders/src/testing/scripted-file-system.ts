import type { AbsolutePath, FileSystem, FileSystemFacts, OpenFile, OpenWay } from '../disk/fs/file-system.js';
import type { Stat } from '../disk/root-disk.js';
import { MemoryTree, SystemError, type Inode, type MemoryTreeOptions } from './memory-tree.js';

/** Every call there is, of the file system and of open files. */
export type CallName =
  | Exclude<keyof FileSystem, never>
  | 'stat'
  | 'read'
  | 'write'
  | 'truncate'
  | 'setMtime'
  | 'setExecutable'
  | 'takeModeOf'
  | 'sync'
  | 'close';

/** One call that was made. */
export interface Call {
  readonly name: CallName;
  readonly path: AbsolutePath;
  readonly to?: AbsolutePath;
  /** Of a write. */
  readonly bytes?: number;
}

/** Fate of a call. */
export type Fate =
  /** It fails with this errno, and does nothing. */
  | { errno: string }
  /** The process ends before it; of what was not fsynced so many changes of names stay, and bytes if `bytes`. */
  | { crash: { keep: number; bytes: boolean } }
  /** The disk under this directory is gone before it: an empty directory is left, or every call below fails. */
  | { unmount: AbsolutePath; errno?: string }
  /** It does not come back until `release`. */
  | 'hang'
  /** Somebody else does something before it. */
  | { act: () => unknown };

/** A rule of the script. */
export interface Fault {
  /** The calls that are meant; all when left out. */
  when?: (call: Call) => boolean;
  /** Counted from 1 among those that are meant; each of them when left out. */
  nth?: number;
  fate: Fate;
}

/** The process has ended: nothing that it still does counts. */
export class Crashed extends Error {}

/**
 * A file system in memory that obeys a script. Every call counts, and can fail, hang, end the process, lose the disk, or be
 * forestalled. `tree` is what other programs see and use: no script stands in their way.
 */
export class ScriptedFileSystem implements FileSystem {
  readonly calls: Call[] = [];
  /** Called before each call: moves a clock on, for instance. */
  onCall: (call: Call) => void = () => {};
  #faults: { fault: Fault; met: number }[] = [];
  #crashed = false;
  readonly #broken = new Map<AbsolutePath, string>();
  readonly #unmounted = new Map<AbsolutePath, Inode>();
  readonly #hanging: (() => void)[] = [];

  constructor(readonly tree: MemoryTree) {}

  static make(options: MemoryTreeOptions): ScriptedFileSystem {
    return new ScriptedFileSystem(new MemoryTree(options));
  }

  /** The same disk after a restart of the process. */
  restarted(): ScriptedFileSystem {
    return new ScriptedFileSystem(this.tree);
  }

  /** In place of the script there was. */
  script(...faults: Fault[]): void {
    this.#faults = faults.map((fault) => ({ fault, met: 0 }));
  }

  get hanging(): number {
    return this.#hanging.length;
  }

  /** Calls that hang come back. */
  release(): void {
    for (const goOn of this.#hanging.splice(0)) goOn();
  }

  /** The disk that a script took away is there again. */
  remount(path: AbsolutePath): void {
    this.#broken.delete(path);
    const top = this.#unmounted.get(path);
    if (top) this.tree.resolve(path).mounted = top;
    this.#unmounted.delete(path);
  }

  lstat(path: AbsolutePath): Promise<Stat> {
    return this.#call({ name: 'lstat', path }, () => this.tree.statOf(this.tree.resolve(path)));
  }

  readdir(path: AbsolutePath): Promise<string[]> {
    return this.#call({ name: 'readdir', path }, () => {
      const directory = this.tree.resolve(path);
      if (directory.kind !== 'directory') throw new SystemError('ENOTDIR');
      return [...directory.names.values()].map(({ name }) => name);
    });
  }

  open(path: AbsolutePath, way: OpenWay): Promise<OpenFile> {
    return this.#call({ name: 'open', path }, () => new ScriptedOpenFile(this, path, this.#opened(path, way)));
  }

  mkdir(path: AbsolutePath): Promise<void> {
    return this.#call({ name: 'mkdir', path }, () => {
      const { directory, name } = this.#free(path);
      const made = this.tree.make('directory', directory.device);
      made.links = 1;
      this.tree.enter(directory, name, made);
    });
  }

  rmdir(path: AbsolutePath): Promise<void> {
    return this.#call({ name: 'rmdir', path }, () => {
      const { directory, name, inode } = this.#there(path);
      if (inode.kind !== 'directory') throw new SystemError('ENOTDIR');
      if (inode.mounted) throw new SystemError('EBUSY');
      if (inode.names.size > 0) throw new SystemError('ENOTEMPTY');
      this.tree.leave(directory, name);
    });
  }

  link(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.#call({ name: 'link', path: from, to }, () => {
      if (this.tree.options.noLinks) throw new SystemError('EPERM');
      const { inode } = this.#there(from);
      if (inode.kind === 'directory') throw new SystemError('EPERM');
      const { directory, name } = this.#free(to);
      if (directory.device !== inode.device) throw new SystemError('EXDEV');
      this.tree.enter(directory, name, inode);
    });
  }

  unlink(path: AbsolutePath): Promise<void> {
    return this.#call({ name: 'unlink', path }, () => {
      const { directory, name, inode } = this.#there(path);
      if (inode.kind === 'directory') throw new SystemError('EISDIR');
      this.tree.leave(directory, name);
    });
  }

  rename(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.#call({ name: 'rename', path: from, to }, () => rename(this.tree, this.#there(from), to));
  }

  access(path: AbsolutePath): Promise<void> {
    return this.#call({ name: 'access', path }, () => {
      this.tree.resolve(path);
      if (this.tree.readOnly) throw new SystemError('EROFS');
    });
  }

  statfs(path: AbsolutePath): Promise<FileSystemFacts> {
    return this.#call({ name: 'statfs', path }, () => {
      const { device } = this.tree.resolve(path);
      const totalBytes = this.tree.options.room ?? 1e15;
      return {
        type: this.tree.options.fsType ?? 'ef53',
        id: device.toString(16),
        totalBytes,
        freeBytes: Math.min(totalBytes, this.tree.freeBytes),
      };
    });
  }

  /** For open files: the script stands before their calls too. */
  async call<T>(call: Call, act: () => T): Promise<T> {
    return this.#call(call, act);
  }

  async #call<T>(call: Call, act: () => T): Promise<T> {
    if (this.#crashed) throw new Crashed();
    this.calls.push(call);
    this.onCall(call);
    for (const each of this.#faults) {
      if (each.fault.when?.(call) === false) continue;
      each.met++;
      if (each.fault.nth !== undefined && each.fault.nth !== each.met) continue;
      await this.#meet(each.fault.fate);
    }
    if (this.#crashed) throw new Crashed();
    for (const [path, errno] of this.#broken) {
      if (call.path === path || call.path.startsWith(`${path}/`)) throw new SystemError(errno);
    }
    return act();
  }

  async #meet(fate: Fate): Promise<void> {
    if (fate === 'hang') return new Promise((goOn) => this.#hanging.push(goOn));
    if ('act' in fate) return void (await fate.act());
    if ('errno' in fate && !('unmount' in fate)) throw new SystemError(fate.errno);
    if ('crash' in fate) {
      this.#crashed = true;
      this.tree.cut(fate.crash);
      throw new Crashed();
    }
    const below = this.tree
      .above(fate.unmount)
      .directory.names.get(this.tree.keyOf(fate.unmount.slice(fate.unmount.lastIndexOf('/') + 1)))!.inode;
    if (fate.errno !== undefined) this.#broken.set(fate.unmount, fate.errno);
    else if (below.mounted) {
      this.#unmounted.set(fate.unmount, below.mounted);
      below.mounted = undefined;
    }
  }

  #opened(path: AbsolutePath, way: OpenWay): Inode {
    if (way === 'create') {
      const { directory, name } = this.#free(path);
      const made = this.tree.make('file', directory.device);
      this.tree.enter(directory, name, made);
      return made;
    }
    const inode = this.tree.resolve(path);
    if (inode.kind === 'link') throw new SystemError('ELOOP');
    if (way === 'directory' && inode.kind !== 'directory') throw new SystemError('ENOTDIR');
    if (way === 'change' && inode.kind === 'directory') throw new SystemError('EISDIR');
    if (way === 'change' && this.tree.readOnly) throw new SystemError('EROFS');
    return inode;
  }

  #there(path: AbsolutePath): { directory: Inode; name: string; inode: Inode } {
    const { directory, key } = this.tree.above(path);
    const found = directory.names.get(key);
    if (!found) throw new SystemError('ENOENT');
    if (this.tree.readOnly) throw new SystemError('EROFS');
    return { directory, ...found };
  }

  #free(path: AbsolutePath): { directory: Inode; name: string } {
    const { directory, name, key } = this.tree.above(path);
    if (directory.names.has(key)) throw new SystemError('EEXIST');
    if (this.tree.readOnly) throw new SystemError('EROFS');
    return { directory, name };
  }
}

/** As POSIX has it: in place of a file, or of an empty directory. */
function rename(
  tree: MemoryTree,
  { directory, name, inode }: { directory: Inode; name: string; inode: Inode },
  to: AbsolutePath,
): void {
  const target = tree.above(to);
  const there = target.directory.names.get(target.key)?.inode;
  if (target.directory.device !== inode.device) throw new SystemError('EXDEV');
  // Also by another spelling of the same name, as Linux has it.
  if (there === inode) return;
  if (there) {
    if (inode.kind !== 'directory' && there.kind === 'directory') throw new SystemError('EISDIR');
    if (inode.kind === 'directory' && there.kind !== 'directory') throw new SystemError('ENOTDIR');
    if (there.names.size > 0) throw new SystemError('ENOTEMPTY');
  }
  tree.together(() => {
    // Held by one more name meanwhile: it is not given up.
    inode.links++;
    tree.leave(directory, name);
    tree.enter(target.directory, target.name, inode);
    inode.links--;
  });
}

class ScriptedOpenFile implements OpenFile {
  constructor(
    private readonly files: ScriptedFileSystem,
    private readonly path: AbsolutePath,
    private readonly inode: Inode,
  ) {}

  stat(): Promise<Stat> {
    return this.#call('stat', ({ tree }) => tree.statOf(this.inode));
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#call('read', () => {
      const bytes = this.inode.data.subarray(position, position + into.length);
      into.set(bytes);
      return bytes.length;
    });
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    const call = { name: 'write', path: this.path, bytes: bytes.length } as const;
    return this.files.call(call, () => this.files.tree.write(this.inode, bytes, position));
  }

  truncate(size: number): Promise<void> {
    return this.#call('truncate', ({ tree }) => tree.truncate(this.inode, size));
  }

  setMtime(mtime: number): Promise<void> {
    return this.#call('setMtime', ({ tree }) => {
      const step = tree.options.mtimeStepNs ?? 1n;
      const wanted = BigInt(Math.floor(mtime)) * 1_000_000n;
      this.inode.mtimeNs = wanted - (wanted % step);
      this.inode.ctimeNs = tree.now();
    });
  }

  setExecutable(executable: boolean): Promise<void> {
    return this.#call('setExecutable', ({ tree }) => {
      if (tree.options.noExecutableBit) return;
      this.inode.mode = executable ? this.inode.mode | 0o111 : this.inode.mode & ~0o111;
      this.inode.ctimeNs = tree.now();
    });
  }

  takeModeOf(other: OpenFile): Promise<void> {
    return this.#call('takeModeOf', () => {
      const executable = this.inode.mode & 0o111;
      this.inode.mode = ((other as ScriptedOpenFile).inode.mode & ~0o111) | executable;
    });
  }

  sync(): Promise<void> {
    return this.#call('sync', ({ tree }) => tree.sync(this.inode));
  }

  close(): Promise<void> {
    return this.#call('close', () => {});
  }

  #call<T>(name: CallName, act: (files: ScriptedFileSystem) => T): Promise<T> {
    return this.files.call({ name, path: this.path }, () => act(this.files));
  }
}
