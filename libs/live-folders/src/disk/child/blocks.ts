import { DiskError } from '../disk-error.js';
import type { CopiedBlock } from '../root-disk.js';
import type { ToChild } from './protocol.js';
import { SendWindow } from './send-window.js';

/** Groups of blocks that were told and not taken: a content of any size takes little memory in either process. */
const AHEAD = 64;

/** Blocks to be copied, as the engine tells them: a few groups ahead of those that the child has taken. */
export class OutgoingBlocks {
  #failure: unknown;
  readonly #window = new SendWindow(AHEAD);
  readonly #groups: AsyncIterator<readonly CopiedBlock[]>;

  constructor(groups: AsyncIterable<readonly CopiedBlock[]>) {
    this.#groups = groups[Symbol.asyncIterator]();
  }

  /** The error that the blocks themselves have ended in: not one of the disk. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Those that go with the call. */
  async first(): Promise<readonly CopiedBlock[]> {
    const next = await this.#groups.next();
    this.#window.sent(1);
    return next.done === true ? [] : next.value;
  }

  /** All that follow, and then how they ended. Never rejects. */
  async rest(tell: (blocks: readonly CopiedBlock[] | 'none' | 'lost') => void): Promise<void> {
    try {
      for (;;) {
        await this.#window.room();
        const next = this.#window.isStopped ? undefined : await this.#groups.next();
        if (next === undefined || this.#window.isStopped) return void (await this.#groups.return?.());
        if (next.done === true) return tell('none');
        this.#window.sent(1);
        tell(next.value);
      }
    } catch (error) {
      this.#failure = error;
      tell('lost');
    }
  }

  taken(count: number): void {
    this.#window.taken(count);
  }

  /** The rest is not wanted. */
  stop(): void {
    this.#window.stop();
  }
}

/** Blocks to be copied, as they come from the engine. */
export class IncomingBlocks implements AsyncIterable<readonly CopiedBlock[]> {
  readonly #groups: (readonly CopiedBlock[])[];
  #end: 'none' | 'lost' | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param first those that came with the call
   * @param taken told of each group that is taken
   */
  constructor(
    first: readonly CopiedBlock[],
    private readonly taken: () => void,
  ) {
    this.#groups = [first];
  }

  take(told: Extract<ToChild, { blocks: unknown }>['blocks']): void {
    if (typeof told === 'string') this.#end ??= told;
    else this.#groups.push(told);
    this.#wake?.();
  }

  [Symbol.asyncIterator](): AsyncIterator<readonly CopiedBlock[], undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#groups.length = 0;
        this.take('none');
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #next(): Promise<IteratorResult<readonly CopiedBlock[], undefined>> {
    for (;;) {
      const group = this.#groups.shift();
      if (group) {
        this.taken();
        return { done: false, value: group };
      }
      if (this.#end === 'lost') throw new DiskError('source');
      if (this.#end) return { done: true, value: undefined };
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}
