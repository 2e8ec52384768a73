import { abortError, copyBytes } from '@dfs/runtime';
import { Cutter } from './cutter.js';

/**
 * The chunks of a stream, in order: content-defined, 256 KiB to 4 MiB (the last may be shorter), none for no bytes.
 * Holds at most one chunk and one piece. A chunk that lies within one piece is a view of it, not a copy: the source
 * must leave a piece alone once it has given it.
 * @throws DfsError `aborted` | `timeout` when the signal fires; whatever the source throws.
 */
export async function* split(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const cutter = new Cutter();
  let pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of untilAborted(source, signal)) {
    let from = 0;
    while (from < piece.length) {
      const cut = cutter.next(piece, from);
      const part = piece.subarray(from, cut < 0 ? piece.length : cut);
      pieces.push(part);
      size += part.length;
      from += part.length;
      if (cut < 0) break;
      const chunk = joined(pieces, size);
      pieces = [];
      size = 0;
      yield chunk;
    }
  }
  if (size > 0) yield joined(pieces, size);
}

/** The pieces as they are if there is but one; otherwise a copy of them, side by side. */
export function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  return copyInto(Buffer.allocUnsafeSlow(size), pieces);
}

/** Copies the pieces one after another to the start of `target`. */
export function copyInto<T extends Uint8Array>(target: T, pieces: readonly Uint8Array[]): T {
  let at = 0;
  for (const piece of pieces) {
    copyBytes(target, at, piece);
    at += piece.length;
  }
  return target;
}

/** The source, given up at once when the signal fires, even while it owes us a piece. */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  if (!signal) {
    yield* source;
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const step = await orAborted(iterator.next(), signal);
      if (step.done) {
        finished = true;
        return;
      }
      yield step.value;
    }
  } finally {
    // Not awaited: a generator that hangs in `next` would never answer.
    if (!finished) void iterator.return?.()?.catch(() => undefined);
  }
}

/** `promise`, or the signal's error if that comes first. The promise is then left to itself. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
