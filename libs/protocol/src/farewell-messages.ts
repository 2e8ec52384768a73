import { shape } from './schema.js';

/**
 * `/dfs/farewell/1`: a node that was removed while it was away asks why nobody speaks to it. One stream a request:
 *   farewell → records, records, … (end)
 * Answered to those who were members and are none, and with nothing but what proves to them that they were removed.
 */
export const FAREWELL_PROTOCOL = '/dfs/farewell/1';

export const farewellMessage = shape.struct({
  /** Ids of membership records the asker has, with all their ancestors: its heads, then ever sparser into the past. */
  known: shape.list(shape.hex(32), 512),
});
