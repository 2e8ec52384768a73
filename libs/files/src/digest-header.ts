import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { DfsError, invalidField } from '@dfs/protocol';

/** A byte sequence of a structured field (RFC 8941): 32 bytes of SHA-256 in base64 between colons. */
const SHA256_MEMBER = /(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/]{43}=):\s*(?=,|$)/i;
const NAMES_SHA256 = /(?:^|,)\s*sha-256\s*=/i;

/**
 * The SHA-256 that the client announces by `Repr-Digest` or `Content-Digest` (RFC 9530). Other algorithms are passed
 * over, as the RFC allows; without a content coding both headers mean the same bytes.
 * @throws DfsError `validation-failed` for a malformed sha-256, or two that differ.
 */
export function announcedSha256(headers: IncomingHttpHeaders): Uint8Array | undefined {
  const repr = sha256Of('Repr-Digest', headers['repr-digest']);
  const content = sha256Of('Content-Digest', headers['content-digest']);
  if (repr && content && !timingSafeEqual(repr, content)) {
    throw invalidField('Content-Digest', 'differs from Repr-Digest, though the body has no content coding');
  }
  return repr ?? content;
}

/** @throws DfsError `digest-mismatch` unless what arrived is what was announced. */
export function checkSha256(announced: Uint8Array | undefined, stored: Uint8Array | undefined): void {
  if (announced === undefined) return;
  if (stored?.length === announced.length && timingSafeEqual(announced, stored)) return;
  throw new DfsError(
    'digest-mismatch',
    'The bytes that arrived are not those the digest header announced. Nothing was stored: send the file again.',
  );
}

function sha256Of(name: string, header: string | string[] | undefined): Uint8Array | undefined {
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(',') : header;
  const member = SHA256_MEMBER.exec(text)?.[1];
  if (member !== undefined) return Buffer.from(member, 'base64');
  if (NAMES_SHA256.test(text)) throw invalidField(name, 'sha-256 must be 32 bytes in base64 between colons');
  return undefined;
}
