import { versionTag, type Conditions, type Entry } from '@dfs/catalogue';
import type { Reader } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import { isUnchangedSince, type Preconditions } from '../http/headers/preconditions.js';
import type { FilesComponents } from '../ports.js';
import { sharesSecond } from '../read/download.js';

type Catalogue = Pick<FilesComponents['catalogue'], 'get' | 'versions' | 'conditions'>;

/**
 * Conditions without a date: where that holds they name the version it was held against, so that the unit of work that
 * commits asks for just that one. A path that never was has no date to be asked for.
 * @throws DfsError `precondition-failed`
 */
export async function withoutDate(
  catalogue: Pick<Catalogue, 'versions'>,
  shown: Entry | undefined,
  { ifMatch, ifNoneMatch, ifUnmodifiedSince, strictly }: Preconditions,
): Promise<Conditions> {
  const other = { ...(ifNoneMatch && { ifNoneMatch }), ...(strictly && { strictly }) };
  if (ifMatch !== undefined) return { ifMatch, ...other };
  if (ifUnmodifiedSince === undefined || shown === undefined) return other;
  const { fileId, recordId, modifiedAt } = shown;
  const isUnchanged = await isUnchangedSince(ifUnmodifiedSince, {
    modifiedAt,
    sharesSecond: (at) => sharesSecond(catalogue, fileId, recordId, at),
  });
  if (isUnchanged) return { ifMatch: [versionTag(recordId)], ...other };
  throw new DfsError(
    'precondition-failed',
    'The file has changed since the date in the request, or within that very second: read it again, and name its version.',
  );
}

/**
 * In the unit of work that changes a file: refuses where it is not as the change asks. A file that is not there is for the
 * change itself to tell of.
 * @throws DfsError `precondition-failed`
 */
export async function requireWanted(
  catalogue: Catalogue,
  tx: Reader,
  fileId: string,
  want: Preconditions,
): Promise<void> {
  const shown = await catalogue.get(fileId, tx);
  if (shown) await catalogue.conditions.check(fileId, await withoutDate(catalogue, shown, want), tx);
}
