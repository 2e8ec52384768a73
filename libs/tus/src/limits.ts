/** Numbers that several files use; those of one file stand in that file. */
import { day } from '@dfs/runtime';

/** An upload of which nothing more comes is given up after this: a laptop may be closed over a weekend. */
export const UPLOAD_TIME = 7 * day;
/** Rows that a unit of work looks at or removes. */
export const PAGE = 500;
