import { createHash, timingSafeEqual, type Hash } from 'node:crypto';
import { KiB } from '@dfs/runtime';
import { sha256Hex, signatureOf } from '../auth/canonical.js';
import type { ChunkSigning } from '../auth/verify.js';
import { s3Error } from '../errors.js';

/** Bytes of the line before a chunk, and of one behind the last. */
const MAX_LINE_BYTES = KiB;
/** Lines behind the last chunk. */
const MAX_TRAILERS = 16;
const EMPTY_HASH = sha256Hex('');
const LF = 0x0a;

/** How the body is framed. */
export interface Chunked {
  /** Bytes that are to come out of it. */
  size: number;
  /** How each chunk is signed; undefined where none is. */
  signing?: ChunkSigning | undefined;
  /** Checksums follow behind the last chunk. */
  hasTrailer: boolean;
}

/**
 * Takes the frames off a body of `aws-chunked`: `<size>[;chunk-signature=<hex>]\r\n<bytes>\r\n`, to a chunk of no bytes and lines
 * behind it. Gives the bytes as they lie in what comes in, without a copy; a chunk whose signature is wrong ends it all.
 */
export class AwsChunked {
  /** Lines behind the last chunk, but for their signature. */
  readonly trailers = new Map<string, string>();
  private state: 'line' | 'bytes' | 'end of bytes' | 'trailer' | 'over' = 'line';
  private line: Uint8Array[] = [];
  private lineBytes = 0;
  /** Bytes of the chunk that are still to come. */
  private left = 0;
  private given = 0;
  private signature = '';
  private previous: string;
  private hash: Hash | undefined;
  private signedTrailer = '';

  constructor(private readonly how: Chunked) {
    this.previous = how.signing?.seed ?? '';
  }

  /** The bytes in a piece of the body. @throws DfsError of S3 `IncompleteBody`, `SignatureDoesNotMatch`, `InvalidRequest` */
  push(piece: Uint8Array): Uint8Array[] {
    const found: Uint8Array[] = [];
    for (let at = 0; at < piece.length;) {
      if (this.state === 'over') throw malformed('bytes follow behind its end');
      if (this.state === 'bytes') {
        const bytes = piece.subarray(at, at + this.left);
        this.hash?.update(bytes);
        this.left -= bytes.length;
        at += bytes.length;
        found.push(bytes);
        if (this.left === 0) this.state = 'end of bytes';
      } else {
        const end = piece.indexOf(LF, at);
        this.keep(piece.subarray(at, end < 0 ? piece.length : end));
        if (end < 0) break;
        at = end + 1;
        this.take(this.ended());
      }
    }
    return found;
  }

  /** Nothing more comes. @throws DfsError of S3 `IncompleteBody` where that is too early */
  end(): void {
    const isEnded = this.state === 'over' || (this.state === 'trailer' && this.lineBytes === 0 && !this.how.hasTrailer);
    if (isEnded && this.given === this.how.size) return;
    throw s3Error('IncompleteBody', 'The body ended before its last chunk. Nothing was stored: send it again.');
  }

  private keep(part: Uint8Array): void {
    this.lineBytes += part.length;
    if (this.lineBytes > MAX_LINE_BYTES) throw malformed('a line between its chunks is too long');
    // A piece may be used again once it was taken.
    if (part.length > 0) this.line.push(Uint8Array.from(part));
  }

  private ended(): string {
    const text = Buffer.concat(this.line).toString('latin1');
    this.line = [];
    this.lineBytes = 0;
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  private take(line: string): void {
    switch (this.state) {
      case 'line':
        return this.begin(line);
      case 'end of bytes':
        if (line !== '') throw malformed('a chunk is longer than it says');
        this.check();
        this.state = 'line';
        return;
      case 'trailer':
        return this.trailer(line);
      default:
        throw malformed('bytes follow behind its end');
    }
  }

  private begin(line: string): void {
    const [, digits = '', signature = ''] =
      /^([0-9a-fA-F]{1,11})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
    if (digits === '' || (this.how.signing && signature === '')) throw malformed('a chunk does not begin as one');
    this.left = parseInt(digits, 16);
    this.given += this.left;
    if (this.given > this.how.size) throw malformed('it is longer than x-amz-decoded-content-length says');
    this.signature = signature;
    if (this.how.signing) this.hash = createHash('sha256');
    if (this.left > 0) {
      this.state = 'bytes';
      return;
    }
    this.check();
    this.state = 'trailer';
  }

  /** The chunk that has come is signed by the one who signed the request, behind the one before it. */
  private check(): void {
    const { signing } = this.how;
    if (!signing || !this.hash) return;
    const text = [
      ...['AWS4-HMAC-SHA256-PAYLOAD', signing.date, signing.scope, this.previous],
      ...[EMPTY_HASH, this.hash.digest('hex')],
    ].join('\n');
    this.requireRight(signing, text, this.signature);
    this.previous = this.signature;
    this.hash = undefined;
  }

  private trailer(line: string): void {
    if (line === '') {
      if (this.how.hasTrailer && this.how.signing) this.checkTrailer(this.how.signing);
      this.state = 'over';
      return;
    }
    const [, name = '', value = ''] = /^([A-Za-z0-9-]{1,64})\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === '' || !this.how.hasTrailer) throw malformed('what follows its last chunk is no header');
    if (this.trailers.size >= MAX_TRAILERS) throw malformed('too many headers follow its last chunk');
    const key = name.toLowerCase();
    if (key === 'x-amz-trailer-signature') this.signedTrailer = value;
    else this.trailers.set(key, value);
  }

  private checkTrailer(signing: ChunkSigning): void {
    const lines = [...this.trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    const text = [
      ...['AWS4-HMAC-SHA256-TRAILER', signing.date, signing.scope, this.previous],
      sha256Hex(Buffer.from(lines, 'latin1')),
    ].join('\n');
    this.requireRight(signing, text, this.signedTrailer);
  }

  private requireRight({ key }: ChunkSigning, text: string, signature: string): void {
    const right = Buffer.from(signatureOf(key, text), 'hex');
    const shown = Buffer.from(signature, 'hex');
    if (shown.length === right.length && timingSafeEqual(shown, right)) return;
    throw s3Error('SignatureDoesNotMatch', 'A chunk of the body is not signed as the request is. Nothing was stored.');
  }
}

function malformed(what: string): Error {
  return s3Error('InvalidRequest', `The body is no aws-chunked body: ${what}. Nothing was stored.`);
}
