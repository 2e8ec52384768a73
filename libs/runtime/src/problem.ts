import { PROBLEMS_PATH, type FieldProblem, type Problem } from '@dfs/contracts';
import { DfsError } from './errors.js';

/** An error, as an HTTP client sees it; the same for a whole answer and for one file among many. */
export function toProblem(error: unknown, context: { requestId: string; instance?: string }): Problem {
  const known = error instanceof DfsError ? error : unexpected(error);
  return {
    ...known.facts,
    type: `${PROBLEMS_PATH}/${known.code}`,
    title: titleOf(known.code),
    status: known.status,
    code: known.code,
    detail: known.message,
    ...(context.instance === undefined ? {} : { instance: context.instance }),
    requestId: context.requestId,
    retryable: known.retryable,
    ...(known.errors === undefined ? {} : { errors: known.errors }),
  };
}

/** Input at fault in one named field. */
export function invalidField(field: string, detail: string): DfsError {
  const errors: FieldProblem[] = [{ field, detail }];
  return new DfsError('validation-failed', `${field}: ${detail}`, { errors });
}

/** An error that is not ours says nothing of itself to the outside: its text may hold paths or SQL. */
function unexpected(cause: unknown): DfsError {
  return new DfsError('internal-error', 'The node met an unexpected error. Its log tells more, under the request id.', {
    cause,
  });
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
