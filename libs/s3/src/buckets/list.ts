import type { KeyRow } from '@dfs/catalogue';
import type { Caller, Files } from '@dfs/files';
import { EMPTY_TAG, etagOf } from '../answers/etag.js';
import { documentOf, element, field } from '../answers/xml.js';
import type { Address } from '../http/address.js';
import { BUCKET } from '../limits.js';
import { keyTold, listAsked, sealToken, type ListAsked, type Position } from './list-query.js';

/**
 * ListObjects, in both versions: the keys of files and folder records in the order of their bytes, a page at a time.
 * @throws DfsError of S3 `InvalidArgument`
 */
export async function listObjects(
  files: Pick<Files, 'keys'>,
  caller: Caller,
  { bucket = BUCKET, query }: Address,
): Promise<string> {
  const asked = listAsked(query);
  const { prefix, delimiter, after, limit } = asked;
  const { items, more } = await files.keys({
    ...{ prefix, within: caller.prefix, limit },
    ...(delimiter !== undefined && { delimiter }),
    ...(after && { after }),
  });
  const told = (key: string): string => encoded(asked, key);
  const last = more ? positionOf(items.at(-1)) : undefined;
  return documentOf(
    'ListBucketResult',
    field('Name', bucket),
    field('Prefix', encoded(asked, query.get('prefix') ?? '')),
    field('Delimiter', asked.delimiter && encoded(asked, asked.delimiter)),
    field('MaxKeys', asked.limit),
    asked.encoded ? field('EncodingType', 'url') : undefined,
    ...(asked.version === 2 ? headOf2(asked, items.length) : [field('Marker', encoded(asked, asked.marker ?? ''))]),
    field('IsTruncated', more),
    last && asked.version === 1 ? field('NextMarker', told(last.key)) : undefined,
    last && asked.version === 2 ? field('NextContinuationToken', sealToken(last)) : undefined,
    ...items.map((row) => ('key' in row ? contents(row, told, asked.withOwner) : undefined)),
    ...items.map((row) => ('prefix' in row ? element('CommonPrefixes', field('Prefix', told(row.prefix))) : undefined)),
  );
}

function headOf2(asked: ListAsked, count: number): string[] {
  return [
    field('KeyCount', count),
    field('ContinuationToken', asked.token),
    field('StartAfter', asked.startAfter && encoded(asked, asked.startAfter)),
  ];
}

function positionOf(row: KeyRow | undefined): Position | undefined {
  if (row === undefined) return undefined;
  return 'key' in row ? { key: row.key, whole: false } : { key: row.prefix, whole: true };
}

function contents(
  { key, entry }: Extract<KeyRow, { key: string }>,
  told: (key: string) => string,
  withOwner: boolean,
): string {
  const isFolder = key.endsWith('/');
  return element(
    'Contents',
    field('Key', told(key)),
    field('LastModified', new Date(entry.modifiedAt).toISOString()),
    field('ETag', `"${isFolder ? EMPTY_TAG : etagOf(entry)}"`),
    field('Size', isFolder ? 0 : entry.size),
    withOwner ? element('Owner', field('ID', entry.author), field('DisplayName', entry.author)) : undefined,
    field('StorageClass', 'STANDARD'),
  );
}

function encoded({ encoded: isEncoded }: ListAsked, text: string): string {
  return keyTold(text, isEncoded);
}
