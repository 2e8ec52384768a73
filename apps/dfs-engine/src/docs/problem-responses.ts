import { STATUS_CODES } from 'node:http';
import { API_PREFIX, ERROR_STATUS, type ErrorCode } from '@dfs/contracts';
import { answerHeaders } from '@dfs/files';

/** The parts of an operation that decide which problems it can answer with. */
export interface ProblemFacts {
  method: string;
  path: string;
  /** Open without a token. */
  open: boolean;
  /** Media types of its body; empty without one. */
  bodies: string[];
  /** Its own, from `Problems`. */
  own: readonly ErrorCode[];
}

/** An answer that is a problem, as the document has it. */
export interface ProblemResponse {
  description: string;
  headers: ReturnType<typeof answerHeaders>;
  content: Record<
    string,
    {
      schema: {
        allOf: (
          | { $ref: string }
          | { type: 'object'; properties: { code: { type: 'string'; enum: ErrorCode[] } }; required: string[] }
        )[];
      };
    }
  >;
}

/** Of every request, before and beside what its operation does. */
const EVERYWHERE: ErrorCode[] = [
  ...(['bad-request', 'validation-failed', 'host-refused', 'header-too-large'] as const),
  ...(['internal-error', 'not-implemented', 'not-ready', 'shutting-down', 'disk-failed'] as const),
];
const JSON_BODY: ErrorCode[] = ['incomplete-body', 'request-timeout', 'payload-too-large', 'unsupported-media-type'];
/** Of these every body is read as JSON, unless the operation takes another kind: it may have none, and takes no other either. */
const WITH_BODY = new Set(['post', 'put', 'patch']);
/** Below them a request names files. */
const OF_FILES = new RegExp(`^${API_PREFIX}/(files|folders|uploads)(/|$)`);

/** Every code that an operation can answer with, in the order of the table of codes. */
export function codesOf({ method, path, open, bodies, own }: ProblemFacts): ErrorCode[] {
  const codes = new Set<ErrorCode>([...EVERYWHERE, ...own]);
  if (!open) {
    codes.add('unauthorized').add('origin-refused');
    // Of a key whose scope is less, and of a write with the cookie of the console without its header.
    codes.add('forbidden');
    // Of a key with a prefix, for which nothing else exists.
    codes.add('not-found');
    if (OF_FILES.test(path)) codes.add('file-not-found');
  }
  const takesJson = bodies.length === 0 ? WITH_BODY.has(method) : bodies.includes('application/json');
  if (takesJson) for (const code of JSON_BODY) codes.add(code);
  return (Object.keys(ERROR_STATUS) as ErrorCode[]).filter((code) => codes.has(code));
}

/** The same codes as answers of an operation, by their status; each stands once, in `shared`, for `components.responses`. */
export function problemResponses(
  codes: readonly ErrorCode[],
  shared: Record<string, ProblemResponse>,
): Record<string, object> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(ERROR_STATUS[code], [...(byStatus.get(ERROR_STATUS[code]) ?? []), code]);
  const responses: Record<string, object> = {};
  for (const [status, of] of byStatus) {
    const name = `${status}.${of.join('.')}`;
    shared[name] ??= problemResponse(status, of);
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return responses;
}

function problemResponse(status: number, codes: ErrorCode[]): ProblemResponse {
  return {
    description: `${STATUS_CODES[status] ?? 'Problem'}: ${codes.join(', ')}.`,
    headers: headersOf(status),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { type: 'string', enum: codes } }, required: ['code'] },
          ],
        },
      },
    },
  };
}

function headersOf(status: number): ReturnType<typeof answerHeaders> {
  if (status === 401) return answerHeaders('X-Request-Id', 'WWW-Authenticate');
  if (status === 416) return answerHeaders('X-Request-Id', 'Content-Range');
  if (status === 429 || status === 503) return answerHeaders('X-Request-Id', 'Retry-After');
  return answerHeaders('X-Request-Id');
}
