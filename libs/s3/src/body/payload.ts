import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { PushedBytes, TakePiece } from '@dfs/chunks';
import { announcedLength, bytesOfBase64, requestBody } from '@dfs/files';
import type { Signed } from '../auth/verify.js';
import { s3Error } from '../errors.js';
import { AwsChunked } from './aws-chunked.js';
import { announcedChecksums, Checksums, type Announced } from './checksums.js';

const DECODED_LENGTH = 'x-amz-decoded-content-length';
const MD5_BYTES = 16;
/** Nothing follows behind a body without frames. */
const NO_TRAILERS: ReadonlyMap<string, string> = new Map();

/**
 * The bytes that a request brings, without their frames. They end well only where all that was announced of them is right: digests,
 * checksums, length, and the signature of each chunk.
 */
export class Payload implements PushedBytes {
  private readonly checksums: Checksums;
  private readonly chunked: AwsChunked | undefined;
  private readonly md5Hash: Hash = createHash('md5');
  private readonly expectedMd5: Buffer | undefined;
  private readonly expectedSha256: Buffer | undefined;
  private md5Found: Buffer | undefined;

  private constructor(
    private readonly source: PushedBytes,
    /** Bytes that are to come. */
    readonly size: number,
    { headers }: IncomingMessage,
    { payload }: Signed,
    announced: Announced,
  ) {
    this.expectedMd5 = md5Of(headers['content-md5']);
    this.expectedSha256 = payload.kind === 'plain' ? payload.sha256 : undefined;
    this.checksums = new Checksums(announced, this.expectedSha256 ? ['sha256'] : []);
    this.chunked = payload.kind === 'chunks' ? new AwsChunked({ ...payload, size }) : undefined;
  }

  /** @throws DfsError of S3 for a length that is missing, and for digests that are none */
  static of(request: IncomingMessage, signed: Signed): Payload {
    return new Payload(
      requestBody(request),
      sizeOf(request, signed),
      request,
      signed,
      announcedChecksums(request.headers),
    );
  }

  /** The same where the checksums of the request are not those of its body. */
  static withoutChecksums(request: IncomingMessage, signed: Signed): Payload {
    return new Payload(requestBody(request), sizeOf(request, signed), request, signed, new Map());
  }

  /** Of all of it, once it has come. */
  get md5(): Buffer {
    if (!this.md5Found) throw new Error('the digest of a body was asked for before its end');
    return this.md5Found;
  }

  /** The same, where somebody has announced it. */
  get sha256(): Buffer | undefined {
    return this.checksums.get('sha256');
  }

  /** Headers that tell the checksums that were right. */
  told(): Record<string, string> {
    return this.checksums.told();
  }

  async pushTo(take: TakePiece, signal?: AbortSignal): Promise<void> {
    await this.source.pushTo((piece) => takeEach(this.next(piece), take), signal);
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of this.source) yield* this.next(piece);
    this.end();
  }

  /** All of it, where it is no more than that. @throws DfsError of S3 `EntityTooLarge` */
  async whole(most: number): Promise<Buffer> {
    if (this.size > most) throw s3Error('EntityTooLarge', `The body of this request may have ${most} bytes at most.`);
    const parts: Uint8Array[] = [];
    for await (const part of this) parts.push(Uint8Array.from(part));
    return Buffer.concat(parts);
  }

  private next(piece: Uint8Array): Uint8Array[] {
    const parts = this.chunked ? this.chunked.push(piece) : [piece];
    for (const part of parts) {
      this.md5Hash.update(part);
      this.checksums.update(part);
    }
    return parts;
  }

  private end(): void {
    this.chunked?.end();
    this.md5Found = this.md5Hash.digest();
    this.checksums.check(this.chunked?.trailers ?? NO_TRAILERS);
    if (this.expectedSha256 && !timingSafeEqual(this.expectedSha256, this.sha256 as Buffer)) {
      throw s3Error('XAmzContentSHA256Mismatch', 'The bytes are not those that were signed. Nothing was stored.');
    }
    if (this.expectedMd5 && !timingSafeEqual(this.expectedMd5, this.md5Found)) {
      throw s3Error('BadDigest', 'The bytes do not have the digest that Content-MD5 announced. Nothing was stored.');
    }
  }
}

/** One after another: those behind one that has to wait, wait with it. */
function takeEach(parts: readonly Uint8Array[], take: TakePiece): Promise<void> | undefined {
  for (const [at, part] of parts.entries()) {
    const waiting = take(part);
    if (waiting) return at + 1 < parts.length ? waiting.then(() => takeEach(parts.slice(at + 1), take)) : waiting;
  }
  return undefined;
}

function sizeOf(request: IncomingMessage, { payload }: Signed): number {
  if (payload.kind === 'plain') {
    const size = announcedLength(request);
    if (size !== undefined) return size;
    throw s3Error('MissingContentLength', 'Send the size of the body as Content-Length, also of an empty one.');
  }
  const text = request.headers[DECODED_LENGTH];
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text);
  throw s3Error('MissingContentLength', `Send the size of the bytes without their frames as ${DECODED_LENGTH}.`);
}

function md5Of(header: string | string[] | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  const bytes = bytesOfBase64(String(header).trim(), MD5_BYTES);
  if (bytes) return bytes;
  throw s3Error('InvalidDigest', `Content-MD5 must be ${MD5_BYTES} bytes in base64.`);
}
