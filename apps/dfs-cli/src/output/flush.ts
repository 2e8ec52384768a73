import type { Writable } from 'node:stream';

/**
 * Waits until all that was written to these streams is out: what is written to a terminal of Windows, or to a pipe elsewhere,
 * may still be under way, and an exit would cut it off. A reader that is gone is not waited for.
 */
export async function flushed(...streams: readonly Writable[]): Promise<void> {
  for (const stream of streams) {
    if (stream.destroyed || stream.writableLength === 0) continue;
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.write('', () => resolve());
    });
  }
}
