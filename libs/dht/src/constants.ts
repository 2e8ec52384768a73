import { day, hour, minute, second } from '@dfs/runtime';

/** How long other nodes keep a provider record. */
export const RECORD_VALIDITY = 30 * day;
/** Provided again after this share of the validity, each content at its own time between the two. */
export const REPROVIDE_AFTER = [0.4 * RECORD_VALIDITY, 0.6 * RECORD_VALIDITY] as const;
/** Records of a node that has restarted are in nobody's memory for sure: all are provided again, this far apart. */
export const RESTART_SPACING = 50;
/** …but within this time where there are few. */
export const RESTART_SPREAD = 10 * minute;
/** Look-ups at once: each asks up to twenty members. */
export const PROVIDE_CONCURRENCY = 4;
/** Contents taken from the queue at a time, and so the most that is provided again after a crash. */
export const PROVIDE_BATCH = 64;
/** A look-up that takes longer has failed, and is tried again later. */
export const PROVIDE_TIMEOUT = 30 * second;
/** Queued contents wait so long: those that come together go together, and a reader of the content is not held up. */
export const PROVIDE_DELAY = 1 * second;
/** A batch is followed by a rest of so many times its duration: providing is never urgent, and takes its share only. */
export const PROVIDE_REST = 4;
/** While the routing table is empty, and after a batch in which nothing succeeded. */
export const IDLE_WAIT = 2 * second;
/** First wait after a failure; doubled with each further one. */
export const RETRY_FIRST = 5 * second;
/** The longest wait after failures. */
export const RETRY_MOST = 1 * hour;
/** Providers one look-up answers with. */
export const MAX_PROVIDERS = 20;
