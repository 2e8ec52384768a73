import { MAX_MEMBERSHIP_BODY_BYTES } from './membership-record.js';
import { shape } from '../codec/schema.js';

/**
 * `/dfs/sign/1`: more than half of the members make one of them an owner, where no owner is left to do it. One stream a
 * request:
 *   sign → signature
 * Answered by a member whose person has asked for just this; who has asked for what, the section `owners` of the status says.
 */
export const SIGN_PROTOCOL = '/dfs/sign/1';

/** Members that one node would have as owners. */
export const MAX_OWNER_VOTES = 16;

/** The section `owners` of a status: members whom the sender would have as owners. */
export const ownersSection = shape.list(shape.peerId(), MAX_OWNER_VOTES);

/** Asks a member to sign a record that makes a joint owner. */
export const signMessage = shape.struct({
  /** Body of a `joint` membership record by the asker. */
  body: shape.bytes(1, MAX_MEMBERSHIP_BODY_BYTES),
});
/** Ed25519 signature of the answerer. */
export const signatureMessage = shape.struct({
  /** Of the answerer, over the body. */
  signature: shape.bytes(64),
});
