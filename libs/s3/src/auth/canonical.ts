import { createHash, createHmac } from 'node:crypto';
import type { Query } from '../http/address.js';

/** The algorithm of signatures version 4, with a key that both sides know. */
export const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Ends the scope of each signature. */
const TERMINATOR = 'aws4_request';

/** Where and when a signature is good. */
export interface Scope {
  /** `YYYYMMDD` */
  day: string;
  region: string;
  service: string;
}

/** The parts of a request that its signature covers. Header values as they were sent, a byte a character. */
export interface Canonical {
  method: string;
  /** Decoded. */
  path: string;
  query: Query;
  /** Names in lower case, in order, with their values. */
  headers: readonly (readonly [name: string, value: string])[];
  payloadHash: string;
}

/** The text in which a request has one form, whoever writes it. A byte a character. */
export function canonicalRequest({ method, path, query, headers, payloadHash }: Canonical): string {
  const pairs = query.pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [encodeUri(name), encodeUri(value)])
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return [
    method,
    encodeUri(path).replaceAll('%2F', '/'),
    pairs.map(([name, value]) => `${name}=${value}`).join('&'),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    headers.map(([name]) => name).join(';'),
    payloadHash,
  ].join('\n');
}

/** The text that is signed for a request. */
export function stringToSign(date: string, scope: Scope, canonical: string): string {
  return [ALGORITHM, date, scopeText(scope), sha256Hex(Buffer.from(canonical, 'latin1'))].join('\n');
}

/** As it stands in a credential. */
export function scopeText({ day, region, service }: Scope): string {
  return `${day}/${region}/${service}/${TERMINATOR}`;
}

/** @returns undefined for what is no scope */
export function scopeFrom(day: string, region: string, service: string, end: string): Scope | undefined {
  return end === TERMINATOR && /^\d{8}$/.test(day) ? { day, region, service } : undefined;
}

/** The key by which all within a scope is signed. */
export function signingKey(secret: string, { day, region, service }: Scope): Buffer {
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of [day, region, service, TERMINATOR]) key = createHmac('sha256', key).update(part).digest();
  return key as Buffer;
}

/** 64 hexadecimal digits. */
export function signatureOf(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/** In hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Every byte but letters, digits, `-`, `.`, `_` and `~` by its number, in capital digits. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
}
