import { ERROR_STATUS, RETRYABLE_CODES, type ErrorCode, type FieldProblem } from '@dfs/contracts';

/** Facts beside code and sentence. */
export interface DfsErrorOptions {
  /** Per field, when the input was at fault. */
  errors?: FieldProblem[];
  /** Facts that belong to the code, shown to the caller. Nothing secret. */
  facts?: Record<string, string | number | boolean | readonly string[]>;
  /** Kept for the log; never shown to a caller. */
  cause?: unknown;
  /** Seconds after which to try again. */
  retryAfter?: number;
}

/** The one error class of the engine. `message` is the detail a person reads: no paths of the server, no stack, no SQL. */
export class DfsError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldProblem[] | undefined;
  readonly facts: Record<string, string | number | boolean | readonly string[]> | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, options: DfsErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DfsError';
    this.code = code;
    this.errors = options.errors;
    this.facts = options.facts;
    this.retryAfter = options.retryAfter;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  get retryable(): boolean {
    return RETRYABLE_CODES.has(this.code);
  }
}

/** Whether it is an error of ours, and has this code if one is given. */
export function isDfsError(error: unknown, code?: ErrorCode): error is DfsError {
  return error instanceof DfsError && (code === undefined || error.code === code);
}

/** The error an aborted signal stands for: its own reason where that is ours, `timeout` or `aborted` otherwise. */
export function abortError(signal: AbortSignal): DfsError {
  const reason: unknown = signal.reason;
  if (reason instanceof DfsError) return reason;
  if (typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError') {
    return new DfsError('timeout', 'The operation took too long.', { cause: reason });
  }
  return new DfsError('aborted', 'The operation was cancelled.', { cause: reason });
}

/** The form of an error between two peers. The detail is the remote's word: it is logged, and never shown as ours. */
export interface WireError {
  code: ErrorCode;
  detail: string;
}

const MAX_WIRE_DETAIL = 500;

/** The code and sentence of an error for a peer. Causes and unexpected errors stay here. */
export function toWireError(error: unknown): WireError {
  if (error instanceof DfsError) return { code: error.code, detail: error.message.slice(0, MAX_WIRE_DETAIL) };
  return { code: 'internal-error', detail: 'The peer met an error of its own.' };
}

/** The error that a peer has reported. A code that this version does not know becomes `peer-misbehaved`. */
export function fromWireError(wire: { code: string; detail: string }): DfsError {
  const code = Object.hasOwn(ERROR_STATUS, wire.code) ? (wire.code as ErrorCode) : 'peer-misbehaved';
  return new DfsError(code, wire.detail.slice(0, MAX_WIRE_DETAIL));
}
