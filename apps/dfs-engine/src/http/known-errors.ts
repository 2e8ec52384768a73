import { ERROR_STATUS, type ErrorCode } from '@dfs/contracts';
import { DfsError, unexpected } from '@dfs/runtime';

/** Errors of libraries by their HTTP status. Those that are ours have a code of their own already. */
const CODES: Record<number, ErrorCode> = {
  400: 'bad-request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  408: 'request-timeout',
  409: 'conflict',
  411: 'length-required',
  412: 'precondition-failed',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
  416: 'range-not-satisfiable',
  429: 'too-many-requests',
  431: 'header-too-large',
  501: 'not-implemented',
  503: 'not-ready',
};
const DETAILS: Partial<Record<ErrorCode, string>> = {
  'bad-request': 'The request is malformed: check its address and its encoding.',
  'not-found': 'There is nothing at this address. /api/docs describes the API.',
  'payload-too-large': 'The body is larger than this address takes.',
  'unsupported-media-type': 'This address does not take a body of that type.',
};
/** How Node names a connection that the other side has ended. */
const GONE = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ABORT_ERR']);

/** Any error as one of ours. An unknown error says nothing of itself to the outside. */
export function toDfsError(error: unknown): DfsError {
  if (error instanceof DfsError) return error;
  const { code, status } = shapeOf(error);
  if (code !== undefined && GONE.has(code))
    return new DfsError('aborted', 'The client closed the connection.', { cause: error });
  if (status !== undefined && status >= 400 && status < 500) {
    const known = CODES[status] ?? 'bad-request';
    return new DfsError(known, DETAILS[known] ?? `The request was refused: ${known.replaceAll('-', ' ')}.`, {
      cause: error,
    });
  }
  if (isOfDisk(error)) {
    return new DfsError('disk-failed', 'The disk of this node fails: check it, then try again.', { cause: error });
  }
  return unexpected(error);
}

/** Of a call on a file, beside those of the chunks and the database, which have codes of their own. */
function isOfDisk(error: unknown): boolean {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return false;
  return DISK.has(String(error.code));
}
const DISK = new Set(['EIO', 'EROFS', 'Unknown system error -122']);

/** Error classes of Nest, Express and their libraries have no more in common than these fields. */
function shapeOf(error: unknown): { code: string | undefined; status: number | undefined } {
  if (typeof error !== 'object' || error === null) return { code: undefined, status: undefined };
  const { code, status, statusCode } = error as { code?: unknown; status?: unknown; statusCode?: unknown };
  const number = [status, statusCode].find((value) => typeof value === 'number');
  return { code: typeof code === 'string' && !(code in ERROR_STATUS) ? code : undefined, status: number };
}
