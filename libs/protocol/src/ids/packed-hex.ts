/** Ids of one length, given as hex, one after another as bytes. */
export function packHex(ids: readonly string[]): Uint8Array {
  return Buffer.from(ids.join(''), 'hex');
}

/** Inverse of packHex for ids of so many bytes; undefined when the last one is cut short. */
export function unpackHex(packed: Uint8Array, bytes: number): string[] | undefined {
  if (packed.length % bytes !== 0) return undefined;
  const text = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString('hex');
  const digits = 2 * bytes;
  return Array.from({ length: packed.length / bytes }, (_, at) => text.slice(at * digits, (at + 1) * digits));
}
