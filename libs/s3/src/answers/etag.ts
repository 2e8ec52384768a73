import type { Entry } from '@dfs/catalogue';
import type { RecordAttributes } from '@dfs/protocol';

/** The tag of empty files, and of folder records: the MD5 of nothing. */
export const EMPTY_TAG = 'd41d8cd98f00b204e9800998ecf8427e';
/** Attribute of a file that came in parts: the tag that S3 has for it. */
export const PARTS_TAG = 'etag';
const OF_PARTS = /^[0-9a-f]{32}-\d{1,5}$/;

/**
 * The tag of a file, without quotes: its MD5 where it came by S3 at once; the MD5 of those of its parts, and their number, where it
 * came in parts. Of files that came by another way no MD5 is known: their tag has a `-` in it, so that no client takes it for one.
 */
export function etagOf({ size, contentId, attributes }: Pick<Entry, 'size' | 'contentId' | 'attributes'>): string {
  if (size === 0) return EMPTY_TAG;
  const ofParts = attributes[PARTS_TAG];
  if (typeof ofParts === 'string' && OF_PARTS.test(ofParts)) return ofParts;
  return attributes.md5 ? Buffer.from(attributes.md5).toString('hex') : `${contentId}-1`;
}

/** A tag as a request names it, without the quotes that it may have. */
export function bareTag(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1');
}

/** Attributes that belong to the bytes of a file, whatever else is said of it. */
export function ofBytes({ md5, sha256, [PARTS_TAG]: tag }: RecordAttributes): RecordAttributes {
  return {
    ...(md5 === undefined ? {} : { md5 }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(tag === undefined ? {} : { [PARTS_TAG]: tag }),
  };
}
