import { bufferOf } from '@dfs/runtime';

/** A kind of file, by bytes at a place in it. */
interface Signature {
  mediaType: string;
  at?: number;
  bytes: string | readonly number[];
}

/** WHATWG MIME Sniffing §6, and a few kinds besides. Nothing that is script or markup: the bytes of those are text. */
const SIGNATURES: readonly Signature[] = [
  { mediaType: 'image/png', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { mediaType: 'image/jpeg', bytes: [0xff, 0xd8, 0xff] },
  { mediaType: 'image/gif', bytes: 'GIF8' },
  { mediaType: 'image/webp', at: 8, bytes: 'WEBPVP' },
  { mediaType: 'image/bmp', bytes: 'BM' },
  { mediaType: 'image/tiff', bytes: [0x49, 0x49, 0x2a, 0x00] },
  { mediaType: 'image/tiff', bytes: [0x4d, 0x4d, 0x00, 0x2a] },
  { mediaType: 'image/heic', at: 4, bytes: 'ftypheic' },
  { mediaType: 'image/avif', at: 4, bytes: 'ftypavif' },
  { mediaType: 'audio/mp4', at: 4, bytes: 'ftypM4A' },
  { mediaType: 'video/quicktime', at: 4, bytes: 'ftypqt' },
  { mediaType: 'video/mp4', at: 4, bytes: 'ftyp' },
  { mediaType: 'video/x-matroska', bytes: [0x1a, 0x45, 0xdf, 0xa3] },
  { mediaType: 'video/x-msvideo', at: 8, bytes: 'AVI ' },
  { mediaType: 'audio/wav', at: 8, bytes: 'WAVE' },
  { mediaType: 'audio/mpeg', bytes: 'ID3' },
  { mediaType: 'audio/flac', bytes: 'fLaC' },
  { mediaType: 'audio/ogg', bytes: 'OggS' },
  { mediaType: 'application/pdf', bytes: '%PDF-' },
  { mediaType: 'application/zip', bytes: 'PK\x03\x04' },
  { mediaType: 'application/gzip', bytes: [0x1f, 0x8b] },
  { mediaType: 'application/x-xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { mediaType: 'application/zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { mediaType: 'application/x-7z-compressed', bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
  { mediaType: 'application/vnd.sqlite3', bytes: 'SQLite format 3\0' },
];
const TEXT = 'text/plain; charset=utf-8';
const OPAQUE = 'application/octet-stream';

/** The media type of a content of which nothing is known but its first bytes, some hundred at least where it has them. */
export function sniffMediaType(first: Uint8Array): string {
  const bytes = bufferOf(first);
  const known = SIGNATURES.find(({ at = 0, bytes: wanted }) => {
    const expected = typeof wanted === 'string' ? Buffer.from(wanted, 'latin1') : Buffer.from(wanted);
    return bytes.subarray(at, at + expected.length).equals(expected);
  });
  return known?.mediaType ?? (isText(bytes) ? TEXT : OPAQUE);
}

/** UTF-8 without control characters but for white space; its end may be cut within a character. */
function isText(bytes: Buffer): boolean {
  // eslint-disable-next-line no-control-regex -- these are what text does not have
  const control = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;
  try {
    return bytes.length > 0 && !control.test(new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }));
  } catch {
    return false;
  }
}
