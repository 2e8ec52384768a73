import { type BatchOp, type TransferInfo } from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import type { ActRuns } from '../acts/act-runs.js';
import type { PlannedItem } from '../acts/items.js';
import { NODE_ASKS, type FilesComponents } from '../ports.js';
import { rowsInStates, type ListQuery } from '../read/listing.js';
import type { FileStates } from '../states/file-states.js';
import { changeMany, type BatchDone } from './batch.js';
import { admitDeletions, type ChangeOptions, type DeletionPace } from './deletion-pace.js';

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

/**
 * One act over all files that match now. `choose` keeps what each of them shows, `restore` brings back what was deleted. More
 * than 10,000 are changed by a transfer that goes on over restarts.
 * @throws DfsError as changeMany
 */
export async function changeMatching(
  parts: Parts,
  op: MatchingOp,
  filter: Filter,
  { confirm = false, by = NODE_ASKS }: ChangeOptions = {},
): Promise<MatchingDone> {
  const { catalogue, states, runs, pace } = parts;
  await catalogue.writable(op === 'purge' ? { purges: true } : {});
  const only = await rowsInStates(states, filter);
  const items: (PlannedItem & { id: string })[] = [];
  for await (const page of catalogue.listPages({ ...filter, ...(only && { only }) })) {
    for (const { fileId, recordId, path, size, deleted } of page.items)
      items.push({ does: op, id: fileId, record: recordId, path, size, file: !deleted });
  }
  if (items.length <= MAX_FILES) {
    // A restore brings back the deleted version, and none that somebody has named.
    const named = items.map(({ id, record }) => (op === 'restore' ? { id } : { id, version: record }));
    return changeMany(parts, pace, op, named, { confirm, by });
  }
  const count = op === 'delete' || op === 'purge' ? items.filter(({ file }) => file).length : 0;
  const admit = async (tx: Tx): Promise<(() => void) | undefined> =>
    count === 0 ? undefined : admitDeletions(pace, catalogue, tx, { count, confirm, by });
  const run = await runs.run(filter.prefix ?? '', () => Promise.resolve(items), admit, by);
  if ('transfer' in run) return { act: run.act, transfer: run.transfer };
  throw new Error('an act over that many files was done in one unit of work');
}
