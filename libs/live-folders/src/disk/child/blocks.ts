import { DiskError } from '../disk-error.js';
import type { CopiedBlock } from '../root-disk.js';
import type { ToChild } from './protocol.js';

/** Blocks to be copied, as they are told by the engine; they take little memory, whatever is in them. */
export class IncomingBlocks implements AsyncIterable<readonly CopiedBlock[]> {
  readonly #groups: (readonly CopiedBlock[])[];
  #end: 'none' | 'lost' | undefined;
  #wake: (() => void) | undefined;

  /** @param first those that came with the call */
  constructor(first: readonly CopiedBlock[]) {
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
      if (group) return { done: false, value: group };
      if (this.#end === 'lost') throw new DiskError('source');
      if (this.#end) return { done: true, value: undefined };
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}
