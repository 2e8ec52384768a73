import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of a file of this machine, as `Repr-Digest` has it (RFC 9530). */
export async function reprDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha-256=:${hash.digest('base64')}:`;
}
