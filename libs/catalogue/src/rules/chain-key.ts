import { bufferOf } from '@dfs/runtime';
import { sha256, type RecordEnvelope, peerBytes, fromHex } from '@dfs/protocol';

/** Bytes of the key: what a number holds exactly, and few enough equal by chance to look at each. */
const KEY_BYTES = 6;

/** Equal for the records of one author that follow on the same one, and hardly ever for others. */
export function chainKey({ author, prev }: Pick<RecordEnvelope, 'author' | 'prev'>): number {
  const name = Buffer.concat([peerBytes(author), prev === null ? new Uint8Array(0) : fromHex(prev)]);
  return bufferOf(sha256(name)).readUIntBE(0, KEY_BYTES);
}
