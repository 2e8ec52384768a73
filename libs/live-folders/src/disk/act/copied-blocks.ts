import { sha256 } from '@dfs/protocol';
import { DiskError } from '../disk-error.js';
import type { FileSystem, OpenFile } from '../fs/file-system.js';
import { toDiskPath } from '../names.js';
import type { CopiedBlock } from '../root-disk.js';

/**
 * The bytes of these blocks in order, each held against its digest. The next one is read while the last one is used, whose memory is used
 * again after that.
 * @throws DiskError `source` where one is not there, is shorter, or is another one
 */
export async function* copiedBlocks(
  files: Pick<FileSystem, 'open'>,
  blocks: readonly CopiedBlock[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const largest = blocks.reduce((most, { size }) => Math.max(most, size), 0);
  const memory = [Buffer.allocUnsafeSlow(largest), Buffer.allocUnsafeSlow(largest)] as const;
  const source = new Source(files);
  const read = (at: number): Promise<Uint8Array | undefined> => {
    const block = blocks[at];
    const reading = block ? source.read(block, memory[(at % 2) as 0 | 1]) : Promise.resolve(undefined);
    // Nobody may be left to hear of it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = read(0);
  try {
    for (const [at, { digest }] of blocks.entries()) {
      const bytes = await next;
      next = read(at + 1);
      if (!bytes || Buffer.compare(sha256(bytes), digest) !== 0) throw new DiskError('source');
      yield bytes;
    }
  } finally {
    await next.catch(() => undefined);
    await source.close();
  }
}

/** The file that was read from last stays open: neighbours follow each other. */
class Source {
  #open: { readonly file: string; readonly handle: OpenFile } | undefined;

  constructor(private readonly files: Pick<FileSystem, 'open'>) {}

  async read({ file, offset, size }: CopiedBlock, memory: Buffer): Promise<Uint8Array> {
    const bytes = memory.subarray(0, size);
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

  async #handle(file: string): Promise<OpenFile> {
    if (this.#open?.file === file) return this.#open.handle;
    await this.close();
    const handle = await this.files.open(toDiskPath(file), 'read');
    this.#open = { file, handle };
    return handle;
  }
}
