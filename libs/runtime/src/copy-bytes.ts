/**
 * Copies all of `source` to `target`, from `at` on; the two must not overlap. For large memory that is shared between threads:
 * there the methods of typed arrays and `Buffer.concat` copy word by word, and take ten times as long.
 * @throws RangeError where it does not fit
 */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array): void {
  if (source.length === 0) return;
  if (at + source.length > target.length) throw new RangeError('the bytes do not fit');
  // Filled once, it is a copy by the C library.
  bufferOf(target).fill(source, at, at + source.length);
}

/**
 * The same bytes with the methods of a Buffer; nothing is made where they are one. Of a short `Uint8Array`, which V8 keeps within its heap, it
 * first makes memory outside, that costs more than most of what is done with the bytes: ids are Buffers from the start.
 */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
