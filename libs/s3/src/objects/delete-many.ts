import type { Caller, Files } from '@dfs/files';
import { isDfsError, type DfsError } from '@dfs/runtime';
import { bareTag, etagOf } from '../answers/etag.js';
import { documentOf, element, field } from '../answers/xml.js';
import { requireCurrent, s3Error, toldAs } from '../errors.js';
import { elementsIn, parseXml, textIn } from '../http/xml-body.js';
import { MAX_KEYS } from '../limits.js';
import { namedBy } from './keys.js';

/** A key of the request, as it was written. */
interface Asked {
  key: string;
  version: string | undefined;
  /** The entity tag that the file must have. */
  tag: string | undefined;
}

/**
 * DeleteObjects: one act over all files that are there; of folders the records alone. A key that names nothing is deleted already.
 * @param body XML of the request
 * @throws DfsError `mass-deletion` before anything is deleted; as acts; of S3 `MalformedXML`
 */
export async function deleteObjects(
  files: Pick<Files, 'lookUp' | 'shownAt' | 'changeMany' | 'removeFolderRecord'>,
  caller: Caller,
  body: Uint8Array,
): Promise<string> {
  const document = parseXml(body, 'Delete');
  const asked = elementsIn(document, 'Object').map(askedOf);
  if (asked.length === 0 || asked.length > MAX_KEYS) {
    throw s3Error('MalformedXML', `A request deletes from 1 to ${MAX_KEYS} keys.`);
  }
  const isQuiet = textIn(document, 'Quiet')?.trim() === 'true';
  const failed = await removeAll(files, caller, asked);
  return documentOf(
    'DeleteResult',
    ...asked.map((one) => {
      const error = failed.get(one);
      if (error) return errorOf(one, error);
      return isQuiet ? undefined : element('Deleted', field('Key', one.key));
    }),
  );
}

function askedOf(element: Parameters<typeof textIn>[0]): Asked {
  const key = textIn(element, 'Key');
  if (key === undefined || key === '') throw s3Error('MalformedXML', 'Each Object must name a Key.');
  for (const name of ['Size', 'LastModifiedTime']) {
    if (textIn(element, name) === undefined) continue;
    throw s3Error('NotImplemented', `Deletions do not look at ${name} here: name an ETag.`);
  }
  const tag = textIn(element, 'ETag');
  return { key, version: textIn(element, 'VersionId'), tag: tag === undefined ? undefined : bareTag(tag) };
}

/** @returns those that could not be deleted, and why */
async function removeAll(
  files: Pick<Files, 'lookUp' | 'shownAt' | 'changeMany' | 'removeFolderRecord'>,
  caller: Caller,
  asked: readonly Asked[],
): Promise<Map<Asked, DfsError>> {
  const failed = new Map<Asked, DfsError>();
  const paths = new Map<string, Asked>();
  const folders: [string, Asked][] = [];
  for (const one of asked) {
    try {
      const { path, isFolder } = namedAs(caller, one);
      if (isFolder) folders.push([path, one]);
      else paths.set(path, one);
    } catch (error) {
      failed.set(one, refusal(error));
    }
  }
  // The tag is that of a version, which must still be there when it goes.
  const versions = new Map<string, string>();
  for (const [path, one] of paths) {
    const entry = one.tag === undefined || one.tag === '*' ? undefined : await files.shownAt(path);
    if (entry === undefined) continue;
    if (etagOf(entry) === one.tag) versions.set(path, entry.recordId);
    else {
      failed.set(
        one,
        s3Error('PreconditionFailed', 'The file has another ETag than the one that is named: read it again.'),
      );
      paths.delete(path);
    }
  }
  const found = paths.size === 0 ? [] : await files.lookUp([...paths.keys()]);
  const there = found.flatMap((one) => ('file' in one && one.file ? [one.file] : []));
  if (there.length > 0) {
    const items = there.map(({ id, path }) => {
      const version = versions.get(path);
      return { id, ...(version !== undefined && { version }) };
    });
    const { outcomes } = await files.changeMany('delete', items, { by: caller });
    outcomes.forEach((outcome, at) => {
      const one = paths.get(there[at]!.path);
      if (one && 'error' in outcome && outcome.error.code !== 'file-not-found') failed.set(one, outcome.error);
    });
  }
  for (const [path, one] of folders) {
    await files.removeFolderRecord(path).catch((error: unknown) => failed.set(one, refusal(error)));
  }
  return failed;
}

function namedAs(caller: Caller, { key, version }: Asked): ReturnType<typeof namedBy> {
  requireCurrent(version === '' ? undefined : version);
  return namedBy(caller, key);
}

/** The error of one key; any other is that of the request. */
function refusal(error: unknown): DfsError {
  if (isDfsError(error) && error.status < 500) return error;
  throw error;
}

function errorOf({ key }: Asked, error: DfsError): string {
  return element('Error', field('Key', key), field('Code', toldAs(error).code), field('Message', error.message));
}
