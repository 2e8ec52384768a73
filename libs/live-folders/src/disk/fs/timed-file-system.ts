import type { Stat } from '../root-disk.js';
import type { AbsolutePath, FileSystem, FileSystemFacts, OpenFile, OpenWay } from './file-system.js';

/** A file system that knows for how long its slowest call has been waiting for the disk (rule 17). */
export class TimedFileSystem implements FileSystem {
  /** When each call that is under way began. */
  readonly #begun = new Set<{ readonly at: number }>();

  /** @param ticks milliseconds of a clock that nobody sets */
  constructor(
    private readonly files: FileSystem,
    private readonly ticks: () => number,
  ) {}

  /** Milliseconds since the oldest call that has not come back; 0 where there is none. */
  get waiting(): number {
    const [oldest] = this.#begun;
    return oldest ? this.ticks() - oldest.at : 0;
  }

  async timed<T>(answer: Promise<T>): Promise<T> {
    const call = { at: this.ticks() };
    this.#begun.add(call);
    try {
      return await answer;
    } finally {
      this.#begun.delete(call);
    }
  }

  lstat(path: AbsolutePath): Promise<Stat> {
    return this.timed(this.files.lstat(path));
  }

  readdir(path: AbsolutePath): Promise<string[]> {
    return this.timed(this.files.readdir(path));
  }

  async open(path: AbsolutePath, way: OpenWay): Promise<OpenFile> {
    return new TimedOpenFile(await this.timed(this.files.open(path, way)), this);
  }

  mkdir(path: AbsolutePath): Promise<void> {
    return this.timed(this.files.mkdir(path));
  }

  rmdir(path: AbsolutePath): Promise<void> {
    return this.timed(this.files.rmdir(path));
  }

  link(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.timed(this.files.link(from, to));
  }

  unlink(path: AbsolutePath): Promise<void> {
    return this.timed(this.files.unlink(path));
  }

  rename(from: AbsolutePath, to: AbsolutePath): Promise<void> {
    return this.timed(this.files.rename(from, to));
  }

  access(path: AbsolutePath): Promise<void> {
    return this.timed(this.files.access(path));
  }

  statfs(path: AbsolutePath): Promise<FileSystemFacts> {
    return this.timed(this.files.statfs(path));
  }
}

class TimedOpenFile implements OpenFile {
  constructor(
    private readonly file: OpenFile,
    private readonly files: TimedFileSystem,
  ) {}

  stat(): Promise<Stat> {
    return this.files.timed(this.file.stat());
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.files.timed(this.file.read(into, position));
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    return this.files.timed(this.file.write(bytes, position));
  }

  truncate(size: number): Promise<void> {
    return this.files.timed(this.file.truncate(size));
  }

  setMtime(mtime: number): Promise<void> {
    return this.files.timed(this.file.setMtime(mtime));
  }

  setExecutable(executable: boolean): Promise<void> {
    return this.files.timed(this.file.setExecutable(executable));
  }

  takeModeOf(other: OpenFile): Promise<void> {
    return this.files.timed(this.file.takeModeOf(other instanceof TimedOpenFile ? other.file : other));
  }

  sync(): Promise<void> {
    return this.files.timed(this.file.sync());
  }

  close(): Promise<void> {
    return this.files.timed(this.file.close());
  }
}
