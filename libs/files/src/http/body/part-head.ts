import { decodeExtended, parse } from 'content-disposition';
import { DfsError } from '@dfs/runtime';

/** The headers of a part of a form. */
export interface PartHead {
  /** Of its field; undefined where the part does not say that it is one. */
  name: string | undefined;
  fileName: string | undefined;
  mediaType: string | undefined;
  /** Of a part whose bytes are not sent as they are. */
  refused: DfsError | undefined;
}

/** Those that leave bytes as they are (RFC 2045 §6.2). */
const IDENTITIES = new Set(['', '7bit', '8bit', 'binary']);

/**
 * Reads the headers of a part as browsers write them: UTF-8, with `"`, CR and LF as %22, %0D and %0A. Where there is a
 * `filename*`, it counts.
 * @param header values by their names in lower case, a character a byte
 */
export function partHead(header: Record<string, string[] | undefined>): PartHead {
  const { type, parameters } = parse(header['content-disposition']?.[0] ?? '', { multipart: true, extended: false });
  const { name, filename, 'filename*': extended } = parameters;
  const fileName = (extended === undefined ? undefined : decodeExtended(extended)) ?? utf8(filename);
  return {
    name: type === 'form-data' ? utf8(name) : undefined,
    fileName,
    mediaType: header['content-type']?.[0],
    refused: refusedCoding(header['content-transfer-encoding']?.[0] ?? ''),
  };
}

/** A name that is not UTF-8 has a U+FFFD, by which its file is refused. */
function utf8(binary: string | undefined): string | undefined {
  return binary === undefined ? undefined : Buffer.from(binary, 'latin1').toString('utf8');
}

function refusedCoding(coding: string): DfsError | undefined {
  if (IDENTITIES.has(coding.trim().toLowerCase())) return undefined;
  return new DfsError(
    'unsupported-media-type',
    `Content-Transfer-Encoding ${coding.slice(0, 40)} is not undone here: send the bytes of the file as they are.`,
  );
}
