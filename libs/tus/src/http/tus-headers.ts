import type { IncomingHttpHeaders } from 'node:http';
import { attributesOfFields, textOfUtf8 } from '@dfs/files';
import { DfsError, invalidField } from '@dfs/runtime';
import type { Checksum } from '../append.js';
import type { UploadBegin } from '../uploads.js';

/** The version of tus that is spoken here. */
export const TUS_VERSION = '1.0.0';
/** Its extensions. */
export const TUS_EXTENSIONS = 'creation,creation-with-upload,termination,expiration,checksum';
/** Digests that `Upload-Checksum` may have: those of the second are told of files. */
export const TUS_ALGORITHMS = 'sha1,sha256';
/** The media type of the body of a PATCH. */
export const TUS_BODY = 'application/offset+octet-stream';

const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const;
const KEY = /^[!-+\--~]{1,64}$/;
const KNOWN = new Set([
  ...['path', 'filename', 'name', 'relativePath'],
  ...['mediaType', 'filetype', 'type'],
  ...['mtime', 'executable', 'meta'],
]);

/** @throws DfsError `unsupported-tus` */
export function requireVersion(headers: IncomingHttpHeaders): void {
  if (headers['tus-resumable'] === TUS_VERSION) return;
  throw new DfsError('unsupported-tus', `Send the header Tus-Resumable: ${TUS_VERSION}, the version this node speaks.`);
}

/** @throws DfsError `validation-failed` for a header that is missing, or no number of bytes */
export function bytesOf(headers: IncomingHttpHeaders, name: 'Upload-Length' | 'Upload-Offset'): number {
  const value = headers[name.toLowerCase()];
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw invalidField(name, 'must be a number of bytes');
}

/**
 * The facts an upload begins with: `path`, `mediaType`, `mtime`, `executable` and `meta` of `Upload-Metadata`, or the
 * names that
 * clients use by themselves. Other keys are kept and told again, and mean nothing here.
 * @throws DfsError `validation-failed`
 */
export function uploadBegin(headers: IncomingHttpHeaders): Omit<UploadBegin, 'ifMatch' | 'ifNoneMatch'> {
  if (headers['upload-defer-length'] !== undefined) {
    throw invalidField('Upload-Defer-Length', 'is not taken here: announce the size by Upload-Length');
  }
  const size = bytesOf(headers, 'Upload-Length');
  const metadata = String(headers['upload-metadata'] ?? '');
  const found = parseMetadata(metadata);
  const path = found.get('path') ?? found.get('relativePath') ?? found.get('filename') ?? found.get('name');
  if (path === undefined || path === '')
    throw invalidField('Upload-Metadata', 'must tell the path of the file, in base64');
  const mediaType = found.get('mediaType') ?? found.get('filetype') ?? found.get('type');
  const [mtime, executable, meta] = [found.get('mtime'), found.get('executable'), found.get('meta')];
  const attributes = attributesOfFields({
    ...(mtime === undefined ? {} : { mtime }),
    ...(executable === undefined ? {} : { executable }),
    ...(meta === undefined ? {} : { meta }),
  });
  return { path, size, metadata, attributes, ...(mediaType ? { mediaType } : {}) };
}

/** @throws DfsError `validation-failed`; also for a digest that is not computed here */
export function checksumOf(headers: IncomingHttpHeaders): Checksum | undefined {
  const value = headers['upload-checksum'];
  if (value === undefined) return undefined;
  const [, name = '', base64] = /^([a-z0-9-]{1,16}) ([A-Za-z0-9+/]+={0,2})$/.exec(String(value)) ?? [];
  const algorithm = name.replace('-', '');
  if (algorithm !== 'sha1' && algorithm !== 'sha256') {
    throw invalidField('Upload-Checksum', `must be one of ${TUS_ALGORITHMS}, a space and the digest in base64`);
  }
  const digest = Buffer.from(base64 ?? '', 'base64');
  if (digest.length === DIGEST_BYTES[algorithm]) return { algorithm, digest };
  throw invalidField('Upload-Checksum', `of ${algorithm} must be ${DIGEST_BYTES[algorithm]} bytes in base64`);
}

/** `key base64,key base64`. Of the keys that mean something here, values are text. */
function parseMetadata(header: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of header.split(',').map((text) => text.trim())) {
    if (pair === '') continue;
    const [key = '', value = '', ...more] = pair.split(' ');
    const bytes = Buffer.from(value, 'base64');
    if (!KEY.test(key) || more.length > 0 || bytes.toString('base64').replace(/=+$/, '') !== value.replace(/=+$/, '')) {
      throw invalidField('Upload-Metadata', 'must be pairs of a name and a value in base64, with commas between them');
    }
    if (found.has(key)) throw invalidField('Upload-Metadata', `names ${key.slice(0, 32)} twice`);
    if (KNOWN.has(key)) found.set(key, textOf(key, bytes));
  }
  return found;
}

function textOf(key: string, bytes: Buffer): string {
  const text = textOfUtf8(bytes);
  if (text === undefined) throw invalidField('Upload-Metadata', `tells a ${key} that is not UTF-8`);
  return text;
}
