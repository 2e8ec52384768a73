import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { bytesOfBase64 } from '@dfs/files';
import { s3Error } from '../errors.js';
import { crc32c, crc64nvme } from './crc.js';

/** A sum over bytes that come one after another. */
interface Sum {
  update(bytes: Uint8Array): void;
  digest(): Buffer;
}

/** Checksums that a client may announce, by the names that S3 gives them: bytes of each, and how it is made. */
const SUMS = {
  crc32: { bytes: 4, make: () => sumOf32((bytes, before) => crc32(bytes, before)) },
  crc32c: { bytes: 4, make: () => sumOf32(crc32c) },
  crc64nvme: { bytes: 8, make: sumOf64 },
  sha1: { bytes: 20, make: () => hashOf('sha1') },
  sha256: { bytes: 32, make: () => hashOf('sha256') },
} as const satisfies Record<string, { bytes: number; make: () => Sum }>;

/** The name of a checksum. */
export type ChecksumName = keyof typeof SUMS;

const PREFIX = 'x-amz-checksum-';
/** Not a checksum: how it is meant, and whether it is to be told. */
const ABOUT = new Set(['type', 'mode', 'algorithm']);

/** Checksums that a body must have: the value of each, or that it follows behind the body. */
export type Announced = ReadonlyMap<ChecksumName, Buffer | 'trailer'>;

/**
 * The checksums that a request announces, by `x-amz-checksum-<name>` and `x-amz-trailer`.
 * @throws DfsError of S3 `InvalidRequest`, `NotImplemented`
 */
export function announcedChecksums(headers: IncomingHttpHeaders): Announced {
  const found = new Map<ChecksumName, Buffer | 'trailer'>();
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX) || ABOUT.has(header.slice(PREFIX.length))) continue;
    const name = nameOf(header);
    found.set(name, valueOf(name, String(value)));
  }
  for (const header of String(headers['x-amz-trailer'] ?? '').split(',')) {
    const name = header.trim().toLowerCase();
    if (name.startsWith(PREFIX)) found.set(nameOf(name), 'trailer');
  }
  return found;
}

/** The sums over one body, as it comes. */
export class Checksums {
  private readonly sums: Map<ChecksumName, Sum>;
  private readonly found = new Map<ChecksumName, Buffer>();

  constructor(
    private readonly announced: Announced,
    also: readonly ChecksumName[] = [],
  ) {
    this.sums = new Map([...announced.keys(), ...also].map((name) => [name, SUMS[name].make()]));
  }

  update(bytes: Uint8Array): void {
    for (const sum of this.sums.values()) sum.update(bytes);
  }

  /**
   * All of it has come.
   * @param trailers what followed behind it, by names in lower case
   * @throws DfsError of S3 `BadDigest` unless each is what was announced; `InvalidRequest` for one that did not follow
   */
  check(trailers: ReadonlyMap<string, string>): void {
    for (const [name, sum] of this.sums) this.found.set(name, sum.digest());
    for (const [name, value] of this.announced) {
      const expected = value === 'trailer' ? this.trailing(name, trailers) : value;
      if (timingSafeEqual(expected, this.found.get(name) as Buffer)) continue;
      throw s3Error(
        'BadDigest',
        `The bytes do not have the checksum that ${PREFIX}${name} announced. Nothing was stored.`,
      );
    }
  }

  /** Once all of it has come. */
  get(name: ChecksumName): Buffer | undefined {
    return this.found.get(name);
  }

  /** Headers that tell the checksums that were announced, and are right. */
  told(): Record<string, string> {
    return Object.fromEntries(
      [...this.announced.keys()].map((name) => [PREFIX + name, (this.found.get(name) as Buffer).toString('base64')]),
    );
  }

  private trailing(name: ChecksumName, trailers: ReadonlyMap<string, string>): Buffer {
    const value = trailers.get(PREFIX + name);
    if (value === undefined) {
      throw s3Error('InvalidRequest', `The checksum ${name}, which was announced, did not follow. Nothing was stored.`);
    }
    return valueOf(name, value);
  }
}

function nameOf(header: string): ChecksumName {
  const name = header.slice(PREFIX.length);
  if (Object.hasOwn(SUMS, name)) return name as ChecksumName;
  throw s3Error(
    'NotImplemented',
    `The checksum ${name.slice(0, 32)} is not known here: use ${Object.keys(SUMS).join(', ')}.`,
  );
}

function valueOf(name: ChecksumName, text: string): Buffer {
  const bytes = bytesOfBase64(text, SUMS[name].bytes);
  if (bytes) return bytes;
  throw s3Error('InvalidRequest', `${PREFIX}${name} must be ${SUMS[name].bytes} bytes in base64.`);
}

function hashOf(name: string): Sum {
  return createHash(name);
}

function sumOf32(step: (bytes: Uint8Array, before: number) => number): Sum {
  let sum = 0;
  return {
    update: (bytes) => (sum = step(bytes, sum)),
    digest: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(sum);
      return bytes;
    },
  };
}

function sumOf64(): Sum {
  const sum = { high: 0, low: 0 };
  return {
    update: (bytes) => crc64nvme(bytes, sum),
    digest: () => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(sum.high);
      bytes.writeUInt32BE(sum.low, 4);
      return bytes;
    },
  };
}
