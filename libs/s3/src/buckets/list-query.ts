import { encodeUri } from '../auth/canonical.js';
import { s3Error } from '../errors.js';
import type { Query } from '../http/address.js';
import { MAX_KEYS } from '../limits.js';

/** Where a page of keys goes on: behind a key, or behind all that begins with a common prefix. */
export interface Position {
  key: string;
  whole: boolean;
}

/** A list that is asked for, in either version of the call. */
export interface ListAsked {
  version: 1 | 2;
  prefix: string;
  delimiter: string | undefined;
  after: Position | undefined;
  limit: number;
  /** Keys are told percent-encoded. */
  encoded: boolean;
  /** Of the address, told again as they came. */
  marker: string | undefined;
  startAfter: string | undefined;
  token: string | undefined;
  withOwner: boolean;
}

/** No key is longer; a prefix of one may not be either. */
const MAX_TEXT_LENGTH = 4096;

/** @throws DfsError of S3 `InvalidArgument` */
export function listAsked(query: Query): ListAsked {
  const version = query.has('list-type') ? 2 : 1;
  if (version === 2 && query.get('list-type') !== '2') {
    throw s3Error('InvalidArgument', 'list-type must be 2, or be left out.');
  }
  const delimiter = textOf(query, 'delimiter') || undefined;
  const [marker, startAfter, token] = ['marker', 'start-after', 'continuation-token'].map((name) =>
    textOf(query, name),
  );
  return {
    version,
    prefix: (textOf(query, 'prefix') ?? '').normalize('NFC'),
    delimiter,
    after: version === 1 ? afterMarker(marker, delimiter) : token ? openToken(token) : afterKey(startAfter),
    limit: limitOf(query.get('max-keys')),
    encoded: encodingOf(query),
    ...{ marker, startAfter, token },
    withOwner: version === 1 || query.get('fetch-owner') === 'true',
  };
}

/** @throws DfsError of S3 `InvalidArgument` */
export function limitOf(text: string | undefined): number {
  if (text === undefined || text === '') return MAX_KEYS;
  if (!/^\d{1,10}$/.test(text)) throw s3Error('InvalidArgument', 'A number of keys must be from 0 to 2147483647.');
  return Math.min(Number(text), MAX_KEYS);
}

/** Whether keys are told percent-encoded. @throws DfsError of S3 `InvalidArgument` */
export function encodingOf(query: Query): boolean {
  const encoding = query.get('encoding-type');
  if (encoding === undefined || encoding === '') return false;
  if (encoding.toLowerCase() === 'url') return true;
  throw s3Error('InvalidArgument', 'encoding-type must be url, or be left out.');
}

/** A key or a part of one as an answer tells it. */
export function keyTold(key: string, isEncoded: boolean): string {
  return isEncoded ? encodeUri(key).replaceAll('%2F', '/') : key;
}

/** A position as opaque text. */
export function sealToken({ key, whole }: Position): string {
  return Buffer.from(`${whole ? 'p' : 'k'}${key}`).toString('base64url');
}

/** @throws DfsError of S3 `InvalidArgument` for what `sealToken` did not make */
export function openToken(token: string): Position {
  const bytes = Buffer.from(token, 'base64url');
  const text = bytes.toString();
  const isOurs = bytes.toString('base64url') === token && Buffer.from(text).equals(bytes) && /^[kp]./s.test(text);
  if (isOurs) return { key: text.slice(1), whole: text.startsWith('p') };
  throw s3Error('InvalidArgument', 'The continuation token is none of this list: begin it anew without one.');
}

/** The last entry of a page may have been a common prefix: then its keys have been told. */
function afterMarker(marker: string | undefined, delimiter: string | undefined): Position | undefined {
  const after = afterKey(marker);
  return after && { ...after, whole: delimiter !== undefined && after.key.endsWith(delimiter) };
}

function afterKey(key: string | undefined): Position | undefined {
  return key ? { key: key.normalize('NFC'), whole: false } : undefined;
}

/** @throws DfsError of S3 `InvalidArgument` */
export function textOf(query: Query, name: string): string | undefined {
  const text = query.get(name);
  if (text === undefined || text.length <= MAX_TEXT_LENGTH) return text;
  throw s3Error('InvalidArgument', `${name} has more than ${MAX_TEXT_LENGTH} characters.`);
}
