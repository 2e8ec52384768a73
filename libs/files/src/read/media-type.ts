import mime from 'mime-types';
import { MAX_MEDIA_TYPE_LENGTH } from '@dfs/protocol';

const FALLBACK = 'application/octet-stream';
/** Media types of programs that do not know: then the name says more. */
const MEANINGLESS = new Set([
  FALLBACK,
  'binary/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
]);
/** A name that tables of media types, and so browsers, take for that of a video. */
const TYPESCRIPT_NAME = /\.ts$/i;
const TYPESCRIPT = 'text/typescript';
const TRANSPORT_STREAM = /^video\/(?:mp2t|vnd\.dlna\.mpeg-tts)$/;
const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const MEDIA_TYPE = new RegExp(
  `^${TOKEN}/${TOKEN}(\\s*;\\s*${TOKEN}=(${TOKEN}|"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"))*$`,
);

/**
 * The media type a file is stored with: what the client says when it says something, else by the name's extension.
 * It is told back as it is; content is always served as an attachment, so that it cannot harm.
 */
export function mediaTypeFor(path: string, announced: string | undefined): string {
  const name = path.split('/').at(-1) ?? '';
  const source = TYPESCRIPT_NAME.test(name) ? TYPESCRIPT : undefined;
  const said = announced?.trim() ?? '';
  const essence = (said.split(';', 1)[0] ?? '').trim().toLowerCase();
  // A range of types, as clients send that are generated from a document, is none.
  const isRange = essence.includes('*');
  const byName = source !== undefined && TRANSPORT_STREAM.test(essence);
  const usable =
    said.length <= MAX_MEDIA_TYPE_LENGTH && MEDIA_TYPE.test(said) && !MEANINGLESS.has(essence) && !isRange && !byName;
  return usable ? said : (source ?? (mime.lookup(name) || FALLBACK));
}
