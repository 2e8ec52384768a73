import { sha256 } from '@dfs/protocol';
import { DiskError } from '../disk-error.js';
import type { FileSystem, OpenFile } from '../fs/file-system.js';
import { toDiskPath } from '../names.js';
import type { CopiedBlock } from '../root-disk.js';

/**
 * The bytes of these blocks in order, each held against its digest. The next one is waited for, and read, while the last one is used, whose
 * memory is used again after that.
 * @throws DiskError `source` where one is not there, is shorter, or is another one; what `groups` throws
 */
export async function* copiedBlocks(
  files: Pick<FileSystem, 'open'>,
  groups: AsyncIterable<readonly CopiedBlock[]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = new Source(files);
  const blocks = new Blocks(groups[Symbol.asyncIterator]());
  const read = (): Promise<Read | undefined> => {
    const reading = blocks.next().then(async (block) => block && { block, bytes: await source.read(block) });
    // Nobody may be left to hear of it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read();
  try {
    for (let one = await next; one; one = await next) {
      next = read();
      if (Buffer.compare(sha256(one.bytes), one.block.digest) !== 0) throw new DiskError('source');
      yield one.bytes;
    }
  } finally {
    blocks.stop();
    await next.catch(() => undefined);
    await source.close();
  }
}

interface Read {
  readonly block: CopiedBlock;
  readonly bytes: Uint8Array;
}

/** Blocks one by one, of the groups in which they are told. */
class Blocks {
  #group: readonly CopiedBlock[] = [];
  #at = 0;

  constructor(private readonly groups: AsyncIterator<readonly CopiedBlock[]>) {}

  async next(): Promise<CopiedBlock | undefined> {
    while (this.#at === this.#group.length) {
      const next = await this.groups.next();
      if (next.done === true) return undefined;
      this.#group = next.value;
      this.#at = 0;
    }
    return this.#group[this.#at++];
  }

  /** No more are wanted. */
  stop(): void {
    this.groups.return?.().catch(() => undefined);
  }
}

/** The file that was read from last stays open: neighbours follow each other. */
class Source {
  #open: { readonly file: string; readonly handle: OpenFile } | undefined;
  /** Used in turn. */
  #memory: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];

  constructor(private readonly files: Pick<FileSystem, 'open'>) {}

  async read({ file, offset, size }: CopiedBlock): Promise<Uint8Array> {
    const bytes = this.#room(size);
    try {
      const handle = await this.#handle(file);
      for (let at = 0; at < size;) {
        const length = await handle.read(bytes.subarray(at), offset + at);
        if (length === 0) throw new DiskError('source');
        at += length;
      }
      return bytes;
    } catch (error) {
      throw error instanceof DiskError ? error : new DiskError('source', { cause: error });
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.handle.close().catch(() => undefined);
  }

  #room(size: number): Buffer {
    const [other, mine] = this.#memory;
    const memory = mine.length < size ? Buffer.allocUnsafeSlow(size) : mine;
    this.#memory = [memory, other];
    return memory.subarray(0, size);
  }

  async #handle(file: string): Promise<OpenFile> {
    if (this.#open?.file === file) return this.#open.handle;
    await this.close();
    const handle = await this.files.open(toDiskPath(file), 'read');
    this.#open = { file, handle };
    return handle;
  }
}
