import type { ErrorCode, Problem } from './generated/types.gen.js';

/** An answer of a node that is a problem, or an answer that is none of a node. */
export class DfsProblem extends Error {
  /** Stable; undefined where something other than a node has answered, such as a proxy. */
  readonly code: ErrorCode | undefined;
  /** HTTP status. */
  readonly status: number;
  /** All that the answer says. */
  readonly problem: Problem | undefined;
  /** Milliseconds after which the node asks to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, problem: Problem | undefined, retryAfterMs?: number) {
    super(problem?.detail ?? `Something other than a DFS node answered, with status ${status}: check the address.`);
    this.name = 'DfsProblem';
    this.status = status;
    this.code = problem?.code;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** The same request may succeed later without being changed. */
  get retryable(): boolean {
    return this.problem?.retryable ?? this.status >= 502;
  }
}

/** The failure of a call: the problem that came as an answer, or the error that kept any answer from coming. */
export function toError(error: unknown, response: Response | undefined): unknown {
  if (!response || error instanceof DfsProblem) return error;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return new DfsProblem(response.status, isProblem(error) ? error : undefined, retryAfterMs);
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value && 'requestId' in value;
}
