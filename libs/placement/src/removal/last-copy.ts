import { DfsError, pages } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { isEmpty } from '../plan/extents.js';
import { SCAN_PAGE } from '../limits.js';
import type { ContentRef, Contents } from '../ports.js';
import type { SurveyComponents } from '../replicate/find-wants.js';

/** Holders of all members, and the contents that files and versions have. */
export interface LastCopyComponents extends Pick<SurveyComponents, 'holdings' | 'network'> {
  catalogue: Pick<Contents, Versions>;
}

/** Contents of current files, or of all versions. */
export type Versions = 'contents' | 'everyContent';

/**
 * Refuses the removal of a member that alone holds something, unless it is confirmed.
 * @throws DfsError `last-copy` with the count
 */
export async function refuseLastCopy(
  components: LastCopyComponents,
  peerId: string,
  options: { confirm?: boolean },
): Promise<void> {
  if (options.confirm) return;
  const { count } = await heldBy(components, peerId, (others) => others.length === 0);
  if (count === 0) return;
  throw new DfsError(
    'last-copy',
    `This node alone holds ${count} ${count === 1 ? 'file content' : 'file contents'}: wait until others have copied them, drain the member (only that moves old versions), or confirm that they may be lost.`,
    { facts: { count } },
  );
}

/** Contents, and how large they are together. */
export interface Amount {
  count: number;
  bytes: number;
}

/**
 * The contents, by itself those of old versions and deleted files too, that have an extent which the member holds, and of
 * whose other live holders the same is true.
 */
export async function heldBy(
  { catalogue, holdings, network }: LastCopyComponents,
  peerId: string,
  isTrueOf: (otherHolders: readonly string[]) => boolean,
  versions: Versions = 'everyContent',
): Promise<Amount> {
  const { live } = network.now();
  const held: Amount = { count: 0, bytes: 0 };
  const read = (after: Cid | null): Promise<ContentRef[]> => catalogue[versions](after, SCAN_PAGE);
  for await (const page of pages(SCAN_PAGE, read, ({ contentId }) => contentId)) {
    const filled = page.filter(({ contentId }) => !isEmpty(contentId));
    const holders = await holdings.holders(filled.map(({ contentId }) => contentId));
    for (const { contentId, size } of filled) {
      // Only held extents count, not the expected ones: how many there are need not be known here.
      const isOne = [...holders.get(contentId)!.values()].some(
        (list) => list.includes(peerId) && isTrueOf(list.filter((other) => other !== peerId && live.has(other))),
      );
      if (!isOne) continue;
      held.count += 1;
      held.bytes += size;
    }
  }
  return held;
}
