import { bufferOf } from '@dfs/runtime';
import { peerIdFromBytes, peerIdToBytes } from './keys.js';

/** Few peers write many records, and the text form of a peer id costs more than all the rest of one. */
const KNOWN_PEERS = 4096;
const texts = new Map<string, string>();
const bytesOf = new Map<string, Uint8Array>();

/** As `peerIdFromBytes`, and remembered. */
export function peerText(bytes: Uint8Array): string {
  const key = bufferOf(bytes).toString('latin1');
  return remember(texts, key, () => peerIdFromBytes(bytes));
}

/** As `peerIdToBytes`, and remembered. @throws DfsError for what is no peer id */
export function peerBytes(peerId: string): Uint8Array {
  return remember(bytesOf, peerId, () => peerIdToBytes(peerId));
}

function remember<V>(known: Map<string, V>, key: string, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    if (known.size >= KNOWN_PEERS) known.clear();
    known.set(key, value);
  }
  return value;
}
