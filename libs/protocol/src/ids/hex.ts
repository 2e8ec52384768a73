import { bufferOf } from '@dfs/runtime';

/** Lower case, as record ids are written. */
export function toHex(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('hex');
}

/** Bytes of an id that has been checked: what is not hexadecimal ends them without an error. */
export function fromHex(id: string): Uint8Array {
  return Buffer.from(id, 'hex');
}

/** Ids of one length, given as hex, one after another as bytes. */
export function packHex(ids: readonly string[]): Uint8Array {
  return fromHex(ids.join(''));
}

/** Inverse of packHex for ids of so many bytes; undefined when the last one is cut short. */
export function unpackHex(packed: Uint8Array, bytes: number): string[] | undefined {
  if (packed.length % bytes !== 0) return undefined;
  const text = toHex(packed);
  const digits = 2 * bytes;
  return Array.from({ length: packed.length / bytes }, (_, at) => text.slice(at * digits, (at + 1) * digits));
}
