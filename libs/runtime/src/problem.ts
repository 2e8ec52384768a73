import { PROBLEMS_PATH, type FieldProblem, type Problem } from '@dfs/contracts';
import { DfsError } from './errors.js';

const bases = new WeakMap<object, string>();

/** The addresses in what answers this request begin with `base`: where the application stands, such as `/dfs`. */
export function answerAtBase(request: object, base: string): void {
  bases.set(request, base);
}

/** Where the application stands that this request came to; empty at the root. */
export function basePathOf(request: object): string {
  return bases.get(request) ?? '';
}

/** The place of a problem. */
export interface ProblemContext {
  requestId: string;
  /** As `basePathOf` has it. */
  base: string;
  /** Path that was asked for, after the base. */
  instance?: string;
}

/**
 * An error, as an HTTP client sees it; the same for a whole answer, for one file among many, and for sockets. The addresses of
 * problems are made here and nowhere else.
 */
export function toProblem(error: unknown, { requestId, base, instance }: ProblemContext): Problem {
  const known = error instanceof DfsError ? error : unexpected(error);
  return {
    ...known.facts,
    type: `${base}${PROBLEMS_PATH}/${known.code}`,
    title: titleOf(known.code),
    status: known.status,
    code: known.code,
    detail: known.message,
    ...(instance === undefined ? {} : { instance: base + instance }),
    requestId,
    retryable: known.retryable,
    ...(known.errors === undefined ? {} : { errors: known.errors }),
  };
}

/** Input at fault in one named field. */
export function invalidField(field: string, detail: string): DfsError {
  const errors: FieldProblem[] = [{ field, detail }];
  return new DfsError('validation-failed', `${field}: ${detail}`, { errors });
}

/** `internal-error` for an error that is not ours. It says nothing of itself to the outside: its text may hold paths or SQL. */
export function unexpected(cause: unknown): DfsError {
  return new DfsError('internal-error', 'The node met an unexpected error. Its log tells more, under the request id.', {
    cause,
  });
}

function titleOf(code: string): string {
  const words = code.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
