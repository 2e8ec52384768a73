import type { BatchOp, TransferInfo } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import type { ActRuns } from '../acts/act-runs.js';
import type { FilesComponents } from '../ports.js';
import { narrowed, type ListQuery } from '../read/listing.js';
import type { FileStates } from '../states/file-states.js';
import { changeMany, type BatchDone, type BatchItem } from './batch.js';
import type { DeletionPace } from './deletion-pace.js';

/** Which files are meant: as a list has it. */
export type Filter = Omit<ListQuery, 'limit' | 'cursor' | 'sort' | 'delimiter'>;
/** Acts on all that match: a move or copy of each would need a name for each. */
export type MatchingOp = Exclude<BatchOp, 'move' | 'copy'>;
/** Done, with a result each; or a transfer that goes on. */
export type MatchingDone = BatchDone | { act: string; transfer: TransferInfo };

interface Parts extends FilesComponents {
  states: FileStates;
  runs: ActRuns;
  pace: DeletionPace;
}

/** Files of one unit of work. */
const MAX_FILES = 10_000;
const PAGE = 1000;

/**
 * One act over all files that match now. `choose` keeps what each of them shows, `restore` brings back what was deleted. More
 * than 10,000 are deleted by a transfer that goes on over restarts.
 * @throws DfsError as changeMany; `payload-too-large` for another act over more than 10,000 files
 */
export async function changeMatching(
  parts: Parts,
  op: MatchingOp,
  filter: Filter,
  options: { confirm?: boolean } = {},
): Promise<MatchingDone> {
  const { catalogue, states, runs, pace } = parts;
  const query = await narrowed(states, { ...filter, limit: PAGE });
  const items: (BatchItem & { version: string; path: string; size: number })[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await catalogue.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    if (page.total > MAX_FILES && op !== 'delete') throw tooMany(page.total);
    for (const { fileId, recordId, path, size } of page.items)
      items.push({ id: fileId, version: recordId, path, size });
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  if (items.length <= MAX_FILES) {
    // A restore brings back the deleted version, and none that somebody has named.
    const named = items.map(({ id, version }) => (op === 'restore' ? { id } : { id, version }));
    return changeMany(parts, pace, op, named, options);
  }
  const planned = items.map(
    ({ version, path, size }) => ({ does: 'delete', path, record: version, file: true, size }) as const,
  );
  const run = await runs.run(
    filter.prefix ?? '',
    () => Promise.resolve(planned),
    (tx) => pace.admit(async () => (await catalogue.totals(tx)).count, options.confirm === true, planned.length),
  );
  if ('transfer' in run) return { act: run.act, transfer: run.transfer };
  throw new Error('an act over that many files was done in one unit of work');
}

function tooMany(count: number): DfsError {
  return new DfsError(
    'payload-too-large',
    `${count} files match, and one act takes ${MAX_FILES}: name fewer of them, by a prefix or a search.`,
  );
}
