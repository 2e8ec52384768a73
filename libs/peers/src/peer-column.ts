import { peerIdFromBytes, peerIdToBytes } from '@dfs/protocol';
import type { ValueTransformer } from 'typeorm';

/** A BLOB column that is read as a peer id in its text form. */
export const peerColumn: ValueTransformer = {
  to: (peerId: unknown) => (typeof peerId === 'string' ? peerIdToBytes(peerId) : peerId),
  from: (bytes: Uint8Array | null) => bytes && peerIdFromBytes(bytes),
};
