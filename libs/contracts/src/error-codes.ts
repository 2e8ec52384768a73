/**
 * Every error a caller can meet, by its stable code, with the HTTP status it is answered with.
 * The table is closed: a code that is not here cannot be thrown, and removing one is a breaking change.
 */
export const ERROR_STATUS = {
  // The request itself
  'bad-request': 400,
  'validation-failed': 400,
  'invalid-path': 400,
  'invalid-cursor': 400,
  'invalid-address': 400,
  'digest-mismatch': 400,
  'incomplete-body': 400,
  'ticket-invalid': 400,
  // The asker
  unauthorized: 401,
  'origin-refused': 403,
  'host-refused': 403,
  forbidden: 403,
  'not-an-owner': 403,
  'not-a-member': 403,
  'folder-root-refused': 403,
  'read-only-member': 403,
  // The thing that is asked for
  'not-found': 404,
  'file-not-found': 404,
  'version-not-found': 404,
  'peer-not-found': 404,
  'transfer-not-found': 404,
  'chunk-not-found': 404,
  'upload-not-found': 404,
  'key-not-found': 404,
  'session-not-found': 404,
  'folder-not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  // The client stopped sending
  'request-timeout': 408,
  // The state of things
  conflict: 409,
  'path-exists': 409,
  'path-taken': 409,
  'already-member': 409,
  'network-full': 409,
  'has-files': 409,
  'last-copy': 409,
  'placed-here': 409,
  'mass-deletion': 409,
  'offset-mismatch': 409,
  'folder-bound': 409,
  'folder-overlap': 409,
  'ticket-used': 409,
  'ticket-expired': 410,
  purged: 410,
  'upload-expired': 410,
  'length-required': 411,
  'precondition-failed': 412,
  'unsupported-tus': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  'range-not-satisfiable': 416,
  'upload-locked': 423,
  locked: 423,
  'too-many-requests': 429,
  'header-too-large': 431,
  // As tus numbers it
  'checksum-mismatch': 460,
  // Our side
  'internal-error': 500,
  'chunk-damaged': 500,
  'not-implemented': 501,
  'peer-misbehaved': 502,
  'foreign-destination': 502,
  'not-ready': 503,
  'shutting-down': 503,
  'disk-failed': 503,
  'chunk-unreadable': 503,
  'clock-skew': 503,
  cloned: 503,
  'content-unavailable': 503,
  'peer-unreachable': 504,
  timeout: 504,
  'no-space': 507,
  'quota-exceeded': 507,
  // Never an HTTP answer of its own: the caller went away
  aborted: 499,
} as const;

/** The `code` of a problem. Clients may rely on it: a code keeps its meaning and its status. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** Codes after which the same request may succeed later without being changed. */
export const RETRYABLE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'request-timeout',
  'upload-locked',
  'locked',
  'checksum-mismatch',
  'too-many-requests',
  'not-ready',
  'shutting-down',
  'disk-failed',
  'chunk-unreadable',
  'clock-skew',
  'cloned',
  'content-unavailable',
  'peer-unreachable',
  'peer-misbehaved',
  'timeout',
  'internal-error',
  'chunk-damaged',
]);

/** The body of every error answer: RFC 9457, `application/problem+json`. */
export interface Problem {
  /** A URI reference naming the kind of problem: `/api/problems/<code>`. */
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  /** One or two sentences a person can act on. */
  detail: string;
  /** Path of the request, without its query. */
  instance?: string;
  requestId: string;
  retryable: boolean;
  /** Per field, when the input was at fault. */
  errors?: FieldProblem[];
  /** Facts that belong to the code, e.g. the count of a `last-copy`. */
  [extension: string]: unknown;
}

/** The fault of one field of a request, in words that follow its name. */
export interface FieldProblem {
  /** Name of the field, parameter or header. */
  field: string;
  detail: string;
}
