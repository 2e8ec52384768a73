import { encodeAs, heartbeatStatement, verifySignature } from '@dfs/protocol';

/** A heartbeat that its author has signed: worth as much from whoever brings it. */
export interface ProvenBeat {
  readonly beat: number;
  /** 64 bytes. */
  readonly proof: Uint8Array;
}

/** The bytes that the author of a heartbeat signs. */
export function heartbeatBytes(networkId: string, beat: number): Uint8Array {
  return encodeAs(heartbeatStatement, { tag: 'dfs-heartbeat', networkId, beat });
}

/** Whether a heartbeat is of whom it is said to be. About 0.1 ms. */
export function isProven(networkId: string, peerId: string, { beat, proof }: ProvenBeat): boolean {
  return verifySignature(peerId, heartbeatBytes(networkId, beat), proof);
}
