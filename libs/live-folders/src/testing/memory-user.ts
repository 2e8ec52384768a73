import { type MemoryTree, type Inode } from './memory-tree.js';
import { ScriptedFileSystem } from './scripted-file-system.js';

/** Another program on the same disk: what it does counts as durable only when the tree is settled. Paths are absolute. */
export class MemoryUser {
  constructor(private readonly tree: MemoryTree) {}

  /** In place, as an editor that truncates; makes the file, and those above it. */
  write(path: string, text: string | Uint8Array): Inode {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    let inode = this.tree.find(path);
    if (!inode) {
      this.mkdir(path.slice(0, path.lastIndexOf('/')));
      const { directory, name } = this.tree.above(path);
      inode = this.tree.make('file', directory.device);
      this.tree.enter(directory, name, inode);
    }
    this.tree.truncate(inode, 0);
    this.tree.write(inode, bytes, 0);
    return inode;
  }

  /** As an editor that saves by rename. */
  save(path: string, text: string): void {
    const other = `${path}.swp~`;
    this.write(other, text);
    this.rename(other, path);
  }

  append(inode: Inode, text: string): void {
    this.tree.write(inode, Buffer.from(text), inode.data.length);
  }

  mkdir(path: string): void {
    if (path === '' || this.tree.find(path)) return;
    this.mkdir(path.slice(0, path.lastIndexOf('/')));
    const { directory, name } = this.tree.above(path);
    const made = this.tree.make('directory', directory.device);
    made.links = 1;
    this.tree.enter(directory, name, made);
  }

  /** A symbolic link, a pipe or the like. */
  special(path: string, kind: 'link' | 'other'): void {
    const { directory, name } = this.tree.above(path);
    this.tree.enter(directory, name, this.tree.make(kind, directory.device));
  }

  rename(from: string, to: string): void {
    const source = this.tree.above(from);
    const { name, inode } = source.directory.names.get(source.key)!;
    const target = this.tree.above(to);
    if (target.directory.names.get(target.key)?.inode === inode) return;
    this.tree.together(() => {
      inode.links++;
      this.tree.leave(source.directory, name);
      this.tree.enter(target.directory, target.name, inode);
      inode.links--;
    });
  }

  remove(path: string): void {
    const { directory, name } = this.tree.above(path);
    this.tree.leave(directory, name);
  }

  touch(path: string, milliseconds: number): void {
    const inode = this.tree.resolve(path);
    inode.mtimeNs = BigInt(milliseconds) * 1_000_000n;
    inode.ctimeNs = this.tree.now();
  }

  /** A change of ctime alone. */
  chmod(path: string): void {
    this.tree.resolve(path).ctimeNs = this.tree.now();
  }

  read(path: string): string | undefined {
    const inode = this.tree.find(path);
    return inode?.kind === 'file' ? inode.data.toString() : undefined;
  }

  /** Every file below a directory with its text, in the order of paths. */
  files(path: string): Record<string, string> {
    const found: Record<string, string> = {};
    const visit = (inode: Inode, prefix: string): void => {
      for (const { name, inode: below } of inode.names.values()) {
        if (below.kind === 'directory') visit(below.mounted ?? below, `${prefix}${name}/`);
        else if (below.kind === 'file') found[prefix + name] = below.data.toString();
      }
    };
    visit(this.tree.resolve(path), '');
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** A file system of memory with another program beside it. */
export function memoryDisk(options: ConstructorParameters<typeof MemoryTree>[0]): {
  files: ScriptedFileSystem;
  user: MemoryUser;
} {
  const files = ScriptedFileSystem.make(options);
  return { files, user: new MemoryUser(files.tree) };
}
