import type { ErrorCode } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';

/** Codes of S3 that this front answers by itself: the HTTP status of each, and the error of ours that it stands for. */
const CODES = {
  AccessDenied: [403, 'forbidden'],
  AuthorizationHeaderMalformed: [400, 'bad-request'],
  AuthorizationQueryParametersError: [400, 'bad-request'],
  BadDigest: [400, 'digest-mismatch'],
  BucketNotEmpty: [409, 'has-files'],
  EntityTooLarge: [400, 'payload-too-large'],
  IncompleteBody: [400, 'incomplete-body'],
  InvalidAccessKeyId: [403, 'unauthorized'],
  InvalidArgument: [400, 'validation-failed'],
  InvalidBucketName: [400, 'validation-failed'],
  InvalidDigest: [400, 'validation-failed'],
  InvalidPart: [400, 'validation-failed'],
  InvalidPartNumber: [416, 'range-not-satisfiable'],
  InvalidPartOrder: [400, 'validation-failed'],
  InvalidRequest: [400, 'bad-request'],
  InvalidURI: [400, 'bad-request'],
  KeyTooLongError: [400, 'invalid-path'],
  MalformedXML: [400, 'bad-request'],
  MetadataTooLarge: [400, 'validation-failed'],
  MethodNotAllowed: [405, 'method-not-allowed'],
  MissingContentLength: [411, 'length-required'],
  NoSuchBucket: [404, 'not-found'],
  NoSuchBucketPolicy: [404, 'not-found'],
  NoSuchCORSConfiguration: [404, 'not-found'],
  NoSuchKey: [404, 'file-not-found'],
  NoSuchLifecycleConfiguration: [404, 'not-found'],
  NoSuchPublicAccessBlockConfiguration: [404, 'not-found'],
  NoSuchTagSet: [404, 'not-found'],
  NoSuchUpload: [404, 'upload-not-found'],
  NoSuchVersion: [404, 'version-not-found'],
  NoSuchWebsiteConfiguration: [404, 'not-found'],
  NotImplemented: [501, 'not-implemented'],
  ObjectLockConfigurationNotFoundError: [404, 'not-found'],
  OwnershipControlsNotFoundError: [404, 'not-found'],
  PreconditionFailed: [412, 'precondition-failed'],
  ReplicationConfigurationNotFoundError: [404, 'not-found'],
  RequestTimeTooSkewed: [403, 'unauthorized'],
  ServerSideEncryptionConfigurationNotFoundError: [404, 'not-found'],
  SignatureDoesNotMatch: [403, 'unauthorized'],
  XAmzContentSHA256Mismatch: [400, 'digest-mismatch'],
} as const satisfies Record<string, readonly [status: number, code: ErrorCode]>;

/** A code of S3 that has a meaning of its own to its clients. */
export type S3Code = keyof typeof CODES;

/** Errors of the layers below, as S3 names them; all others follow from their status. They keep it. */
const OF_OURS: Partial<Record<ErrorCode, string>> = {
  'digest-mismatch': 'BadDigest',
  'incomplete-body': 'IncompleteBody',
  'invalid-path': 'InvalidArgument',
  'validation-failed': 'InvalidArgument',
  'file-not-found': 'NoSuchKey',
  'version-not-found': 'NoSuchVersion',
  purged: 'NoSuchKey',
  'upload-not-found': 'NoSuchUpload',
  'upload-expired': 'NoSuchUpload',
  'length-required': 'MissingContentLength',
  'method-not-allowed': 'MethodNotAllowed',
  'precondition-failed': 'PreconditionFailed',
  'payload-too-large': 'EntityTooLarge',
  'range-not-satisfiable': 'InvalidRange',
  'request-timeout': 'RequestTimeout',
  'too-many-requests': 'SlowDown',
  'mass-deletion': 'OperationAborted',
  conflict: 'OperationAborted',
  'upload-locked': 'OperationAborted',
  'not-implemented': 'NotImplemented',
  'no-space': 'InsufficientStorage',
  'quota-exceeded': 'InsufficientStorage',
};

/** In words of S3, whose clients know no ids of files. */
const NO_SUCH_KEY = 'There is no file with this key: it may have been deleted or moved.';

/** There is nothing under a key, for the one who asks. */
export function noSuchKey(): DfsError {
  return s3Error('NoSuchKey', NO_SUCH_KEY);
}

/** An error that clients of S3 know by this name. */
export function s3Error(code: S3Code, detail: string, cause?: unknown): DfsError {
  return new DfsError(CODES[code][1], detail, { facts: { s3: code }, ...(cause === undefined ? {} : { cause }) });
}

/** Before anything is done with a version that is named: the current one is called `null`. @throws DfsError of S3 `NoSuchVersion` */
export function requireCurrent(
  version: string | undefined,
  code: 'NoSuchVersion' | 'NotImplemented' = 'NoSuchVersion',
): void {
  if (version === undefined || version === 'null') return;
  throw s3Error(code, 'Versions are not named by S3 here: leave the version out, or name it by the API.');
}

/** Whether an error is the one that S3 names so. */
export function isS3Error(error: unknown, ...codes: readonly S3Code[]): error is DfsError {
  return error instanceof DfsError && codes.some((code) => error.facts?.['s3'] === code);
}

/** How an error is told: the name that S3 has for it, the status, and a sentence. */
export function toldAs(error: DfsError): { code: string; status: number; detail: string } {
  const detail = error.code === 'file-not-found' ? NO_SUCH_KEY : error.message;
  const named = error.facts?.['s3'];
  if (typeof named === 'string' && named in CODES) return { code: named, status: CODES[named as S3Code][0], detail };
  // S3 has a name of its own for a path that is too long.
  const tooLong = error.code === 'invalid-path' && error.facts?.['maxBytes'] !== undefined;
  const code = tooLong ? 'KeyTooLongError' : (OF_OURS[error.code] ?? byStatus(error.status));
  return { code, status: error.status, detail };
}

function byStatus(status: number): string {
  if (status === 403 || status === 401) return 'AccessDenied';
  if (status < 500) return 'InvalidRequest';
  return status === 500 ? 'InternalError' : 'ServiceUnavailable';
}
