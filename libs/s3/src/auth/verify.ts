import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { httpDate } from '@dfs/files';
import { minute, second } from '@dfs/runtime';
import { s3Error } from '../errors.js';
import { decoded, splitUrl, type Query } from '../http/address.js';
import { S3_PREFIX } from '../limits.js';
import {
  ALGORITHM,
  canonicalRequest,
  scopeFrom,
  scopeText,
  sha256Hex,
  signatureOf,
  signingKey,
  stringToSign,
  type Scope,
} from './canonical.js';

/** The clock of a client may differ by so much. */
const MAX_SKEW = 15 * minute;
/** An address that is signed may be used for so long. */
const MAX_EXPIRY_SECONDS = 7 * 24 * 60 * 60;
/** Headers that a signature may cover; more than any client sends. */
const MAX_HEADERS = 128;
const HASH_HEADER = 'x-amz-content-sha256';
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** A request, as far as its signature covers it. */
export type Signable = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'headersDistinct'>;

/** How the chunks of a body are signed, each with the signature of the one before it. */
export interface ChunkSigning {
  key: Buffer;
  /** `YYYYMMDDTHHMMSSZ` */
  date: string;
  scope: string;
  /** That of the request. */
  seed: string;
}

/** The form in which the body comes, and the facts that the signature tells of it. */
export type Payload =
  { kind: 'plain'; sha256?: Buffer } | { kind: 'chunks'; signing?: ChunkSigning; hasTrailer: boolean };

/** A request whose signature is right. */
export interface Signed {
  /** Id of the key that has signed it. */
  keyId: string;
  /** By its address: then it may come from a link in a page. */
  isPresigned: boolean;
  payload: Payload;
}

/** The parts by which signatures are verified. */
export interface Verifying {
  /** Of a key that is active; undefined for others. */
  secretOf: (keyId: string) => string | undefined;
  /** Milliseconds since 1970. */
  now: number;
  /** Where the node stands behind a proxy; empty at the root. */
  base?: string;
}

/** The claims of a signature. */
interface Claim {
  keyId: string;
  scope: Scope;
  signedHeaders: string[];
  signature: string;
  date: string;
  payloadHash: string;
  isPresigned: boolean;
}

/**
 * Verifies a signature version 4, in the headers or in the address.
 * @throws DfsError of S3: `AccessDenied` for none, `SignatureDoesNotMatch`, `InvalidAccessKeyId`, `RequestTimeTooSkewed`, …
 */
export function verify(request: Signable, { secretOf, now, base = '' }: Verifying): Signed {
  const [path, query] = splitUrl(request.url ?? '');
  const claim = query.has('X-Amz-Algorithm') ? claimOfQuery(query, request, now) : claimOfHeaders(query, request, now);
  const secret = secretOf(claim.keyId);
  if (secret === undefined) {
    throw s3Error('InvalidAccessKeyId', 'There is no active key with this id on this node: make one under Settings.');
  }
  const headers = coveredHeaders(request, claim);
  const key = signingKey(secret, claim.scope);
  const method = request.method ?? 'GET';
  const right = pathsOf(decoded(path), base).some((name) => {
    const canonical = canonicalRequest({ method, path: name, query, headers, payloadHash: claim.payloadHash });
    return isEqual(claim.signature, signatureOf(key, stringToSign(claim.date, claim.scope, canonical)));
  });
  if (!right) {
    throw s3Error(
      'SignatureDoesNotMatch',
      'The signature is not that of this request: check the secret of the key, and that no proxy changes path or Host.',
    );
  }
  const { keyId, isPresigned, payloadHash, date, scope, signature: seed } = claim;
  return { keyId, isPresigned, payload: payloadOf(payloadHash, { key, date, scope: scopeText(scope), seed }) };
}

/** The paths that a client may have asked for: behind a proxy, the node stands elsewhere, or has a name of its own for S3. */
function pathsOf(path: string, base: string): string[] {
  const bare = path.startsWith(`${S3_PREFIX}/`) ? [path.slice(S3_PREFIX.length)] : [];
  return [path, ...(base === '' ? [] : [base + path]), ...bare];
}

function claimOfHeaders(query: Query, { headers }: Signable, now: number): Claim {
  const { authorization } = headers;
  if (query.has('AWSAccessKeyId')) throw otherAlgorithm();
  if (authorization === undefined) throw notSigned();
  const [, algorithm = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(authorization.trim()) ?? [];
  if (algorithm !== ALGORITHM) throw otherAlgorithm();
  const fields = new Map(
    rest.split(',').map((field): [string, string] => {
      const [name = '', value = ''] = field.trim().split('=', 2);
      return [name, value];
    }),
  );
  const malformed = s3Error(
    'AuthorizationHeaderMalformed',
    'The Authorization header must have Credential, SignedHeaders and Signature.',
  );
  const [credential, signed, signature] = ['Credential', 'SignedHeaders', 'Signature'].map((name) => fields.get(name));
  if (!credential || !signed || !signature) throw malformed;
  const date = dateOf(headers);
  requireNear(date, now);
  const payloadHash = textOf(headers, HASH_HEADER);
  if (payloadHash === undefined) throw s3Error('InvalidRequest', `The header ${HASH_HEADER} is missing.`);
  const claim = { ...ofCredential(credential, malformed), date, payloadHash, isPresigned: false };
  return { ...claim, signedHeaders: signed.split(';'), signature };
}

function claimOfQuery(query: Query, { headers }: Signable, now: number): Claim {
  if (headers.authorization !== undefined) {
    throw s3Error('InvalidArgument', 'The request is signed twice, by a header and by its address: sign it once.');
  }
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) throw otherAlgorithm();
  const malformed = s3Error(
    'AuthorizationQueryParametersError',
    'A signed address must have X-Amz-Credential, X-Amz-Date, X-Amz-Expires, X-Amz-SignedHeaders and X-Amz-Signature.',
  );
  const [credential, date, expires, signed, signature] = [
    ...['X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Expires', 'X-Amz-SignedHeaders', 'X-Amz-Signature'],
  ].map((name) => query.get(name));
  if (!credential || !date || !expires || !signed || !signature || !/^\d{1,7}$/.test(expires)) throw malformed;
  const began = momentOf(date);
  if (began === undefined) throw malformed;
  if (Number(expires) < 1 || Number(expires) > MAX_EXPIRY_SECONDS) {
    throw s3Error('AuthorizationQueryParametersError', 'X-Amz-Expires must be from 1 second to 604800, a week.');
  }
  if (began > now + MAX_SKEW) throw skewed();
  if (now > began + Number(expires) * second) {
    throw s3Error('AccessDenied', 'The time of this signed address is over: have a new one made.');
  }
  const payloadHash = query.get('X-Amz-Content-Sha256') ?? textOf(headers, HASH_HEADER) ?? UNSIGNED;
  const claim = { ...ofCredential(credential, malformed), date, payloadHash, isPresigned: true };
  return { ...claim, signedHeaders: signed.split(';'), signature };
}

function ofCredential(credential: string, malformed: Error): { keyId: string; scope: Scope } {
  const [keyId = '', day = '', region = '', service = '', end = '', ...more] = credential.split('/');
  const scope = scopeFrom(day, region, service, end);
  if (keyId === '' || more.length > 0 || scope === undefined || service !== 's3') throw malformed;
  return { keyId, scope };
}

/** @throws DfsError of S3 where the signature leaves out what it must cover, or names what was not sent */
function coveredHeaders({ headers, headersDistinct }: Signable, claim: Claim): (readonly [string, string])[] {
  const names = [...new Set(claim.signedHeaders)].sort();
  if (names.length > MAX_HEADERS || names.some((name) => name !== name.toLowerCase()))
    throw notCovered('SignedHeaders');
  if (!names.includes('host')) throw notCovered('host');
  const amz = Object.keys(headersDistinct).filter((name) => name.startsWith('x-amz-'));
  const open = amz.find((name) => !names.includes(name));
  if (open !== undefined) throw notCovered(open);
  if (!claim.isPresigned && !names.includes('x-amz-date') && !names.includes('date')) throw notCovered('x-amz-date');
  if (claim.scope.day !== claim.date.slice(0, 8)) {
    throw s3Error('AuthorizationHeaderMalformed', 'The date of the credential is not that of the request.');
  }
  return names.map((name) => {
    // That of a proxy before this node, where that forwards it.
    const values = name === 'host' ? [headers.host ?? ''] : (headersDistinct[name] ?? []);
    return [name, values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')] as const;
  });
}

function payloadOf(hash: string, signing: ChunkSigning): Payload {
  switch (hash) {
    case UNSIGNED:
      return { kind: 'plain' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunks', signing, hasTrailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunks', signing, hasTrailer: true };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunks', hasTrailer: true };
  }
  if (/^[0-9a-f]{64}$/i.test(hash)) return { kind: 'plain', sha256: Buffer.from(hash, 'hex') };
  if (hash.startsWith('STREAMING-'))
    throw s3Error('NotImplemented', `Bodies are not taken as ${hash.slice(0, 64)} here.`);
  throw s3Error(
    'InvalidArgument',
    `${HASH_HEADER} must be ${UNSIGNED}, the SHA-256 of the body, or a STREAMING- form.`,
  );
}

/** `X-Amz-Date`, or `Date` in the same form. */
function dateOf(headers: IncomingHttpHeaders): string {
  const own = textOf(headers, 'x-amz-date');
  if (own !== undefined) return own;
  const moment = headers.date === undefined ? undefined : (momentOf(headers.date) ?? httpDate(headers.date));
  if (moment === undefined) throw s3Error('AccessDenied', 'The request tells no time: send X-Amz-Date.');
  return new Date(moment).toISOString().replace(/[-:]|\.\d+/g, '');
}

function requireNear(date: string, now: number): void {
  const moment = momentOf(date);
  if (moment === undefined) throw s3Error('AccessDenied', 'X-Amz-Date must look as 20260131T235959Z does.');
  if (Math.abs(moment - now) > MAX_SKEW) throw skewed();
}

/** Milliseconds since 1970 of `YYYYMMDDTHHMMSSZ`; undefined for what is none. */
function momentOf(date: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  if (parts.length === 0) return undefined;
  const [year = 0, month = 0, day = 0, hours, minutes, seconds] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

function textOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** In a time that tells nothing of where they differ. */
function isEqual(one: string, other: string): boolean {
  // Of equal length whatever was sent.
  return timingSafeEqual(Buffer.from(sha256Hex(one), 'hex'), Buffer.from(sha256Hex(other), 'hex'));
}

function notSigned(): Error {
  return s3Error('AccessDenied', 'The request is not signed: give the client id and secret of a key of this node.');
}

function otherAlgorithm(): Error {
  return s3Error('InvalidRequest', `Sign by signature version 4 (${ALGORITHM}): this node takes no other.`);
}

function notCovered(name: string): Error {
  return s3Error('AccessDenied', `The signature must cover the header ${name.slice(0, 64)}.`);
}

function skewed(): Error {
  return s3Error(
    'RequestTimeTooSkewed',
    'The clock of the client and that of the node differ by more than 15 minutes.',
  );
}
