import { membershipEnvelopes } from './join-messages.js';
import { MAX_KNOWN_RECORDS } from '../limits.js';
import { shape, unless } from '../codec/schema.js';

/**
 * `/dfs/farewell/1`: a node that was removed while it was away asks why nobody speaks to it. One stream a request:
 *   farewell → records, records, … (end)
 * Answered to those who were members and are none, with nothing but what proves to them that they were removed; and to
 * a member that believes to be none, with what it lacks.
 */
export const FAREWELL_PROTOCOL = '/dfs/farewell/1';

/** Request of a node that members no longer speak to: an answer tells it why. */
export const farewellMessage = shape.struct({
  /** Ids of membership records the asker has, with all their ancestors: its heads, then ever sparser into the past. */
  known: shape.list(shape.hex(32), MAX_KNOWN_RECORDS),
  /** From one who holds that its removal is void: what the answerer may lack to see that. Two owners removed each other. */
  records: unless<Uint8Array[]>([], membershipEnvelopes()),
});
