import { MiB } from '@dfs/runtime';

/** Bytes of such buffers after which the dead ones are given back. */
const TOO_MANY_BYTES = 16 * MiB;

let bytesDead = 0;

/**
 * To be told of each buffer that came from a socket and is needed no more. Each read by Node's HTTP server is a new one, outside of
 * V8's heap. V8 looks for dead ones only when its young objects have filled their room, which those few of a stream hardly
 * do, or with a collection of the whole heap; among the young objects alone they are found in no time. Where the process
 * was started with `--expose-gc`, as the engine is.
 */
export function bufferDied(bytes: number): void {
  bytesDead += bytes;
  if (bytesDead < TOO_MANY_BYTES) return;
  bytesDead = 0;
  globalThis.gc?.({ type: 'minor' });
}
