import { createCipheriv, createHash } from 'node:crypto';

/** Pseudo-random bytes that are the same everywhere and for ever: the key stream of AES-128-CTR under SHA-256(label). */
export function pinnedBytes(label: string, size: number): Uint8Array {
  const key = createHash('sha256').update(label).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** The bytes in pieces of the sizes that `sizes` gives, round and round. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** All of a stream's pieces, each copied. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(new Uint8Array(piece));
  return pieces;
}
