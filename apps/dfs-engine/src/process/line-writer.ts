import { writeSync } from 'node:fs';
import { systemClock, type Clock } from '@dfs/runtime';

/** How long a reader that is slow is waited for: the whole node waits meanwhile. Milliseconds. */
const PATIENCE = 200;
const PAUSE = 10;
/** Level of a warning, as pino numbers them. */
const WARN = 40;
const NEWLINE = 10;

/** Where lines go; tests bring a disk that is full. */
export interface LineWriterOptions {
  /** Writes some of the bytes at once, and answers how many; stderr when left out. */
  write?: (bytes: Uint8Array) => number;
  clock?: Clock;
}

/**
 * Writes lines of a log to where they may not fit: a file on a disk that is full, a pipe that nobody reads. A line that
 * cannot be written is dropped and counted, and never throws; the count stands before the next line that can be.
 */
export class LineWriter {
  private readonly writeSome: (bytes: Uint8Array) => number;
  private readonly clock: Clock;
  private dropped = 0;
  /** A line was cut. */
  private isCut = false;

  constructor({ write = (bytes) => writeSync(2, bytes), clock = systemClock }: LineWriterOptions = {}) {
    this.writeSome = write;
    this.clock = clock;
  }

  /** @param line with its line feed */
  write(line: string): void {
    const before = this.dropped > 0 ? this.account() : '';
    if (this.writeAll(Buffer.from(`${this.isCut ? '\n' : ''}${before}${line}`))) this.dropped = 0;
    else this.dropped++;
  }

  private account(): string {
    const msg = `${this.dropped} lines of the log could not be written here, and were dropped`;
    return `${JSON.stringify({ level: WARN, time: this.clock.now(), dropped: this.dropped, msg })}\n`;
  }

  private writeAll(bytes: Uint8Array): boolean {
    // A reader that has kept the node waiting once is not waited for again before something has got through.
    let patience = this.dropped > 0 ? 0 : PATIENCE;
    for (let rest = bytes; rest.length > 0;) {
      try {
        const written = this.writeSome(rest);
        if (written > 0) this.isCut = rest[written - 1] !== NEWLINE;
        rest = rest.subarray(written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || patience <= 0) return false;
        patience -= PAUSE;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
      }
    }
    return true;
  }
}
