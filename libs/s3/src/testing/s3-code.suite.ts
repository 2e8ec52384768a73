import { isDfsError } from '@dfs/runtime';

/** The name that S3 has for the error with which this ends; undefined for none, and the error itself where it has no such name. */
export function codeOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return isDfsError(error) ? error.facts?.['s3'] : error;
  }
}
