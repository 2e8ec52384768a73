import { MiB } from '@dfs/runtime';
import type { Database, Tx } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import type { Batch, Block, BlockStore } from './ports.js';

/** Bytes of a large extent after which what has come is committed, so that a restart does not fetch it again. */
export const COMMIT_BYTES = 64 * MiB;

/** One batch and what is still being added to it. */
interface Part {
  readonly batch: Batch;
  readonly adding: Set<Promise<void>>;
  bytes: number;
}

/**
 * Blocks of one replication on their way to disk. Every COMMIT_BYTES what has come is committed while more arrives, so
 * that a restart does not fetch it again; the last of it is committed together with the pins.
 */
export class RotatingBatch {
  private current: Part;
  /** The part that is being committed. */
  private before: Part | undefined;
  private committing: Promise<void> = Promise.resolve();
  private turns = 0;
  /** Parts that are being committed now. */
  private commits = 0;

  /** @param kept is told whenever a part was committed that is not the last */
  constructor(
    private readonly chunks: Pick<BlockStore, 'batch'>,
    private readonly db: Database,
    private readonly kept?: () => void,
  ) {
    this.current = this.fresh();
  }

  /** Whether some of it was committed before the last. */
  get rotated(): boolean {
    return this.turns > 0;
  }

  /** Some of it is being made durable: until that is done nothing more may come. */
  get isCommitting(): boolean {
    return this.commits > 0;
  }

  /** Waits while the disk is behind. @throws DfsError `no-space`, `quota-exceeded` */
  async add(block: Block, released?: () => void): Promise<void> {
    const part = this.current;
    const size = block.bytes.length;
    const added = part.batch.add(block, released);
    part.adding.add(added);
    try {
      await added;
    } finally {
      part.adding.delete(added);
    }
    part.bytes += size;
    if (part.bytes >= COMMIT_BYTES && part === this.current) {
      const before = this.committing;
      this.current = this.fresh();
      this.turns++;
      this.committing = before.then(
        async () => {
          this.before = part;
          await this.commit(part);
          this.kept?.();
        },
        async (error: unknown) => {
          // It is nobody's any more: what it had taken of disk and quota is given back.
          await part.batch.abort();
          throw error;
        },
      );
      this.committing.catch(() => undefined);
      // At most two parts at a time: one that is made durable, and one that fills.
      await before;
    }
  }

  /** Bytes that were added and not committed yet. */
  async get(id: Cid): Promise<Uint8Array | undefined> {
    return (await this.current.batch.get(id)) ?? (await this.before?.batch.get(id));
  }

  /** Commits all of it, with `work` in the same unit of work as the last part. */
  async finish(work: (tx: Tx) => Promise<void>): Promise<void> {
    await this.committing;
    await this.commit(this.current, work);
  }

  /** Takes back what is not committed. Idempotent; after `finish` it does nothing. */
  async abort(): Promise<void> {
    await Promise.allSettled([...this.current.adding, this.committing]);
    await this.current.batch.abort();
  }

  private async commit({ batch, adding }: Part, work?: (tx: Tx) => Promise<void>): Promise<void> {
    this.commits++;
    try {
      await Promise.all(adding);
      await batch.flush();
      await this.db.write(async (tx) => {
        await batch.commit(tx);
        await work?.(tx);
      });
    } catch (error) {
      await batch.abort();
      throw error;
    } finally {
      this.commits--;
    }
  }

  private fresh(): Part {
    return { batch: this.chunks.batch('peer'), adding: new Set(), bytes: 0 };
  }
}
