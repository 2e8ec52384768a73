import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { DigestName, Digests } from '@dfs/chunks';
import { DfsError, invalidField } from '@dfs/runtime';
import { bytesOfBase64 } from './header-values.js';

/** The digests that are understood, by their names in a header: how many bytes they have. */
const KNOWN = [
  { name: 'sha-256', digest: 'sha256', bytes: 32 },
  { name: 'sha-512', digest: 'sha512', bytes: 64 },
] as const satisfies { name: string; digest: DigestName; bytes: number }[];

/**
 * The digests that a client announces by `Repr-Digest` or `Content-Digest` (RFC 9530). Other algorithms are passed
 * over, as the RFC
 * allows; without a content coding both headers mean the same bytes.
 * @throws DfsError `validation-failed` for a malformed sha-256 or sha-512, or two that differ.
 */
export function announcedDigests(headers: IncomingHttpHeaders): Digests {
  const repr = digestsOf('Repr-Digest', headers['repr-digest']);
  const content = digestsOf('Content-Digest', headers['content-digest']);
  for (const { digest } of KNOWN) {
    const [one, other] = [repr[digest], content[digest]];
    if (one && other && !timingSafeEqual(one, other)) {
      throw invalidField('Content-Digest', 'differs from Repr-Digest, though the body has no content coding');
    }
  }
  return { ...content, ...repr };
}

/** Those that are to be computed. */
export function digestNames(announced: Digests): DigestName[] {
  return KNOWN.map(({ digest }) => digest).filter((digest) => announced[digest] !== undefined);
}

/** @throws DfsError `digest-mismatch` unless what arrived is what was announced. */
export function checkDigests(announced: Digests, stored: Digests = {}): void {
  for (const digest of digestNames(announced)) {
    const [expected, found] = [announced[digest]!, stored[digest]];
    if (found?.length === expected.length && timingSafeEqual(expected, found)) continue;
    throw new DfsError(
      'digest-mismatch',
      'The bytes do not match the digest header. The node stored nothing: send the file again.',
    );
  }
}

function digestsOf(header: string, value: string | string[] | undefined): Digests {
  const found: Digests = {};
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  for (const { name, digest, bytes } of KNOWN) {
    const [, member] = new RegExp(`(?:^|,)\\s*${name}\\s*=([^,]*)`, 'i').exec(text) ?? [];
    if (member === undefined) continue;
    // A byte sequence of a structured field (RFC 8941).
    const [, base64] = /^\s*:([A-Za-z0-9+/]+={0,2}):\s*$/.exec(member) ?? [];
    const decoded = bytesOfBase64(base64 ?? '', bytes);
    if (decoded === undefined) {
      throw invalidField(header, `${name} must be ${bytes} bytes in base64 between colons`);
    }
    found[digest] = decoded;
  }
  return found;
}

/** Whether a `Want-Repr-Digest` (RFC 9530 §4) is content with SHA-256: it says nothing of it, or not that it is unwanted. */
export function wantsSha256(wanted: string | string[] | undefined): boolean {
  const text = Array.isArray(wanted) ? wanted.join(',') : (wanted ?? '');
  const [, weight] = /(?:^|,)\s*sha-256\s*=\s*(\d+)\s*(?:,|$)/i.exec(text) ?? [];
  return weight === undefined || Number(weight) > 0;
}
