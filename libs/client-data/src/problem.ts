import { HttpErrorResponse } from '@angular/common/http';
import { ERROR_STATUS, RETRYABLE_CODES, type ErrorCode, type FieldProblem } from '@dfs/contracts';
import { PROBLEM_MESSAGES, type ProblemCode } from './problem-messages.js';

/** The parts of an `ApiProblem`. */
export interface ProblemFacts {
  code: ProblemCode;
  status?: number;
  detail?: string;
  retryable?: boolean;
  retryAfterMs?: number | null;
  requestId?: string | null;
  fields?: readonly FieldProblem[];
  extensions?: Readonly<Record<string, unknown>>;
}

/** Every failed call of the API, in one shape, ready to be shown. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  /** HTTP status; 0 when nobody answered. */
  readonly status: number;
  /** The failure, as a short headline. */
  readonly title: string;
  /** The engine's sentence on this case, or the general advice for the code. */
  readonly detail: string;
  /** The next step, in general. */
  readonly next: string;
  /** Nothing is wrong, and nothing needs to be done: it is information, not a failure. */
  readonly harmless: boolean;
  /** The same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** How long the engine asked to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** To be found in the engine's log. */
  readonly requestId: string | null;
  readonly fields: readonly FieldProblem[];
  /** Facts that belong to the code, e.g. the count of a `last-copy`. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(facts: ProblemFacts) {
    const message = PROBLEM_MESSAGES[facts.code];
    super(`${facts.code}: ${facts.detail ?? message.title}`);
    this.name = 'ApiProblem';
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.title = message.title;
    this.next = message.next;
    this.harmless = message.harmless === true;
    this.detail = facts.detail ?? message.next;
    this.retryable = facts.retryable ?? (facts.code === 'unreachable' || isRetryableCode(facts.code));
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.requestId = facts.requestId ?? null;
    this.fields = facts.fields ?? [];
    this.extensions = facts.extensions ?? {};
  }
}

const KNOWN_MEMBERS = new Set([
  'type',
  'title',
  'status',
  'code',
  'detail',
  'instance',
  'requestId',
  'retryable',
  'errors',
]);

/** The problem behind whatever a call failed with. Never throws: what cannot be read becomes `unexpected-answer`. */
export function toApiProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (!(error instanceof HttpErrorResponse)) {
    return new ApiProblem({ code: 'unexpected-answer', detail: error instanceof Error ? error.message : undefined });
  }
  if (error.status === 0) return new ApiProblem({ code: 'unreachable' });
  const retryAfterMs = parseRetryAfter(error.headers.get('retry-after'), Date.now());
  return problemOf(asObject(error.error), error.status, retryAfterMs);
}

/** The same for a problem that came inside another answer, e.g. one file of a 207. */
export function problemOf(
  body: Record<string, unknown> | null,
  status: number,
  retryAfterMs: number | null = null,
): ApiProblem {
  const code = body?.['code'];
  if (body === null || !(isErrorCode(code) || isNewer(body))) {
    return new ApiProblem({ code: codeForStatus(status), status, retryAfterMs });
  }
  return new ApiProblem({
    code: isErrorCode(code) ? code : 'unknown-problem',
    status,
    detail: textOf(body['detail']) ?? undefined,
    retryable: typeof body['retryable'] === 'boolean' ? body['retryable'] : undefined,
    retryAfterMs,
    requestId: textOf(body['requestId']),
    fields: Array.isArray(body['errors']) ? body['errors'].filter(isFieldProblem) : [],
    extensions: Object.fromEntries(Object.entries(body).filter(([key]) => !KNOWN_MEMBERS.has(key))),
  });
}

/** `Retry-After`, seconds or an HTTP date, in milliseconds from `now`; null when there is none that can be read. */
export function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The likely meaning of an answer without a problem body. */
function codeForStatus(status: number): ProblemCode {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 408:
      return 'request-timeout';
    case 413:
      return 'payload-too-large';
    case 429:
      return 'too-many-requests';
    case 503:
      return 'not-ready';
    case 504:
      return 'timeout';
    case 507:
      return 'no-space';
    default:
      return 'unexpected-answer';
  }
}

function asObject(body: unknown): Record<string, unknown> | null {
  if (typeof body === 'string') {
    try {
      return asObject(JSON.parse(body) as unknown);
    } catch {
      return null;
    }
  }
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code);
}

/** A problem of a node, whose code is not among those of this page: the node is newer. */
function isNewer({ type, code }: Record<string, unknown>): boolean {
  return typeof code === 'string' && typeof type === 'string' && type.endsWith(`/api/problems/${code}`);
}

function isRetryableCode(code: ProblemCode): boolean {
  return isErrorCode(code) && RETRYABLE_CODES.has(code);
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return typeof value === 'object' && value !== null && 'field' in value && 'detail' in value;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
