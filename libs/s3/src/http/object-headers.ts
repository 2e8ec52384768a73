import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { hasRoomFor, MAX_SAID_BYTES, momentOfSeconds, servedType, textOfUtf8 } from '@dfs/files';
import { META_NAME, type RecordAttributes } from '@dfs/protocol';
import { second } from '@dfs/runtime';
import { s3Error } from '../errors.js';
import type { Query } from './address.js';

const META = 'x-amz-meta-';
/** The name under which rclone and others keep when a file was changed: seconds since 1970, with fractions. */
const MTIME = 'mtime';
const MAX_OVERRIDE_LENGTH = 1024;

/** Headers of a write that ask for what there is not here: passing over them would be a promise that is not kept. */
const REFUSED: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^x-amz-tagging$/, 'Tags'],
  [/^x-amz-server-side-encryption/, 'Encryption by the service'],
  [/^x-amz-object-lock-/, 'Locks of objects'],
  [/^x-amz-website-redirect-location$/, 'Redirections'],
  [/^x-amz-grant-/, 'Grants'],
  [/^(?:x-amz-write-offset-bytes|content-range)$/, 'Parts of a file that is there'],
];
/** Grants of these are what every file has. */
const OWN_ACLS = new Set(['private', 'bucket-owner-full-control', 'bucket-owner-read']);

/** Headers of an answer that its address may name. */
const OVERRIDES = {
  'response-cache-control': 'Cache-Control',
  'response-content-disposition': 'Content-Disposition',
  'response-content-encoding': 'Content-Encoding',
  'response-content-language': 'Content-Language',
  'response-expires': 'Expires',
} as const;

/** @throws DfsError of S3 `NotImplemented` for headers that ask for what there is not here */
export function refuseHeaders({ headers }: Pick<IncomingMessage, 'headers'>): void {
  for (const name of Object.keys(headers)) {
    const [, what] = REFUSED.find(([pattern]) => pattern.test(name)) ?? [];
    if (what !== undefined) throw s3Error('NotImplemented', `${what} are not kept here: leave the header ${name} out.`);
  }
  const acl = headers['x-amz-acl'];
  if (acl !== undefined && !OWN_ACLS.has(String(acl))) {
    throw s3Error(
      'NotImplemented',
      'Files here are open to nobody without a key: leave x-amz-acl out, or sign addresses.',
    );
  }
  const coding = codingOf(headers);
  if (coding !== '') {
    throw s3Error(
      'NotImplemented',
      `Content-Encoding ${coding.slice(0, 40)} is not kept here: send the bytes as they are.`,
    );
  }
}

/** That of the bytes themselves, and not of the way in which they are sent. */
function codingOf({ 'content-encoding': coding = '' }: IncomingHttpHeaders): string {
  const codings = coding.split(',').map((one) => one.trim().toLowerCase());
  return codings.filter((one) => one !== '' && one !== 'identity' && one !== 'aws-chunked').join(', ');
}

/**
 * The attributes that a write gives its file by `x-amz-meta-<name>`; empty pairs say that it has none.
 * @throws DfsError of S3 `InvalidArgument`, `MetadataTooLarge`
 */
export function metaOf({ headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>): RecordAttributes {
  const meta: Record<string, string> = {};
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    if (!name.startsWith(META)) continue;
    const key = name.slice(META.length);
    if (!META_NAME.test(key)) {
      throw s3Error('InvalidArgument', `The name ${name.slice(0, 100)} must end with 1 to 64 of a-z, 0-9 and -.`);
    }
    meta[key] = textOf(name, values.join(','));
  }
  const mtime = momentOfSeconds(meta[MTIME] ?? '');
  const attributes = { meta, ...(mtime === undefined ? {} : { mtime }) };
  if (hasRoomFor(attributes)) return attributes;
  throw s3Error('MetadataTooLarge', `All of ${META}* take more than ${MAX_SAID_BYTES} bytes together.`);
}

/** The same as headers of an answer. The time of a file that came by another way is told as rclone has it. */
export function headersOf({ meta = {}, mtime }: RecordAttributes): Record<string, string> {
  const all = mtime === undefined ? meta : { [MTIME]: secondsOf(mtime), ...meta };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [META + name, headerValue(value)]));
}

/**
 * Headers that the address of a read asks for, and the type.
 * @param isPresigned it may come from a link in a page: no type under which a browser would run it
 * @throws DfsError of S3 `InvalidArgument`
 */
export function overridesOf(
  query: Query,
  mediaType: string,
  isPresigned: boolean,
): { type: string; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const [parameter, header] of Object.entries(OVERRIDES)) {
    const value = query.get(parameter);
    if (value !== undefined) headers[header] = checked(parameter, value);
  }
  const asked = query.get('response-content-type');
  const type = asked === undefined ? mediaType : checked('response-content-type', asked);
  return { type: isPresigned ? servedType(type) : type, headers };
}

function checked(parameter: string, value: string): string {
  if (value.length <= MAX_OVERRIDE_LENGTH && /^[ -~]+$/.test(value)) return value;
  throw s3Error('InvalidArgument', `${parameter} must be printable ASCII, ${MAX_OVERRIDE_LENGTH} characters at most.`);
}

/** Node reads headers a byte a character. */
function textOf(name: string, value: string): string {
  const text = textOfUtf8(Buffer.from(value, 'latin1'));
  if (text !== undefined) return text;
  throw s3Error('InvalidArgument', `${name.slice(0, 100)} is not UTF-8: encode its value.`);
}

/** Printable text as it is, in UTF-8; other text as RFC 2047 has it, since a header has no other form for it. */
function headerValue(text: string): string {
  const bytes = Buffer.from(text);
  // eslint-disable-next-line no-control-regex -- control characters are just what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) return `=?UTF-8?B?${bytes.toString('base64')}?=`;
  return bytes.toString('latin1');
}

function secondsOf(ms: number): string {
  return (ms / second).toFixed(3);
}
