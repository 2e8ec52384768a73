import type { MemberRole } from '@dfs/contracts';
import { MAX_MEMBERS, MAX_NAME_LENGTH } from '../limits.js';
import { MAX_MEMBERSHIP_RECORD_BYTES } from './membership-record.js';
import { shape, unless, type Infer } from '../codec/schema.js';

/**
 * `/dfs/join/1`: a newcomer hands in a ticket. The only protocol that strangers may speak. One stream:
 *   newcomer → request, inviter → challenge, newcomer → proof, inviter → welcome, records, records, … (end)
 * The secret of the ticket never travels: both prove that they know it over both nonces, both peer ids and the network.
 */
export const JOIN_PROTOCOL = '/dfs/join/1';

/** Characters of an address, and addresses of one member, between two peers. */
export const MAX_WIRE_ADDRESS_LENGTH = 256;
/** Addresses told of one member. */
export const MAX_WIRE_ADDRESSES = 16;

/** First frame of a join, from the newcomer. */
export const joinRequest = shape.struct({
  /** Which invite; follows from the secret, and does not give it away. */
  invite: shape.hex(16),
  /** Random, of the newcomer. */
  nonce: shape.bytes(32),
  /** The newcomer's name for itself. */
  name: shape.text(MAX_NAME_LENGTH),
});
/** The inviter's answer: it proves that it knows the secret before the newcomer does. */
export const joinChallenge = shape.struct({
  /** Random, of the inviter. */
  nonce: shape.bytes(32),
  /** The inviter's. */
  proof: shape.bytes(32),
  /** The newcomer's role: one with files of its own goes no further where it may not write. Null: not said. */
  role: unless<MemberRole | null>(null, shape.nullable(shape.oneOf('owner', 'member', 'storage'))),
});
/** The newcomer's proof that it knows the secret of the ticket. */
export const joinProof = shape.struct({
  /** The newcomer's. */
  proof: shape.bytes(32),
});
/** The newcomer is a member. Membership records follow in frames of their own. */
export const joinWelcome = shape.struct({
  /** Records that follow, in frames of `recordsMessage`: the whole membership, parents first. */
  records: shape.int(1, 1_000_000),
  /** Where members were last reached. */
  addresses: shape.list(
    shape.tuple({
      peerId: shape.peerId(),
      addresses: shape.list(shape.text(MAX_WIRE_ADDRESS_LENGTH), MAX_WIRE_ADDRESSES),
    }),
    MAX_MEMBERS,
  ),
});
/** A decoded `joinWelcome`. */
export type JoinWelcome = Infer<typeof joinWelcome>;

/** Envelopes of membership records, as many as fit a header. */
export const membershipEnvelopes = () => shape.list(shape.bytes(1, MAX_MEMBERSHIP_RECORD_BYTES), 1024);
/** Membership records, parents before children, as envelopes with their signatures. */
export const recordsMessage = shape.struct({ records: membershipEnvelopes() });

/** The input of a proof: HMAC-SHA256 of the msgpack of this, with the key that follows from the secret. */
export const joinTranscript = shape.tuple({
  protocol: shape.oneOf(JOIN_PROTOCOL),
  /** The side whose proof it is. */
  by: shape.oneOf('inviter', 'newcomer'),
  networkId: shape.hex(32),
  inviter: shape.peerId(),
  newcomer: shape.peerId(),
  inviterNonce: shape.bytes(32),
  newcomerNonce: shape.bytes(32),
});
