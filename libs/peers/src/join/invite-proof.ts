import { createHmac, timingSafeEqual } from 'node:crypto';
import { encodeAs, joinTranscript, sha256, type Infer } from '@dfs/protocol';

/** Names an invite. Follows from the secret; the secret does not follow from it. 32 hex digits. */
export function inviteIdOf(secret: Uint8Array): string {
  return Buffer.from(sha256(Buffer.concat([Buffer.from('dfs invite id'), secret])).subarray(0, 16)).toString('hex');
}

/** The key that both sides prove to know. It follows from the secret, so that the inviter need not keep that. */
export function inviteKeyOf(secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update('dfs invite key').digest();
}

/** The facts that a proof covers, so that it serves one exchange between two peers alone. */
export type JoinTranscript = Omit<Infer<typeof joinTranscript>, 'by' | 'protocol'>;

/** 32 bytes that only one who has the key can make, for this one exchange and this one side of it. */
export function proofOf(key: Uint8Array, by: 'inviter' | 'newcomer', transcript: JoinTranscript): Uint8Array {
  const bytes = encodeAs(joinTranscript, { protocol: '/dfs/join/1', by, ...transcript });
  return createHmac('sha256', key).update(bytes).digest();
}

/** In constant time. */
export function isProof(given: Uint8Array, key: Uint8Array, by: 'inviter' | 'newcomer', of: JoinTranscript): boolean {
  const expected = proofOf(key, by, of);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
