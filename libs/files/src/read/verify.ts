import type { VerifyResult } from '@dfs/contracts';
import { isDfsError } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import { shownEntry } from './listing.js';

const PAGE = 1000;

/**
 * Reads every chunk of a file that is on this node, and holds it against its id. The node sets damaged ones aside and fetches
 * them anew from others.
 * @throws DfsError `file-not-found`, `aborted`; and as `chunkList`
 */
export async function verifyFile(
  { catalogue, placement, chunks }: Pick<FilesComponents, 'catalogue' | 'placement' | 'chunks'>,
  fileId: string,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const { contentId, size } = await shownEntry(catalogue, fileId);
  const result: VerifyResult = { chunks: 0, here: 0, bytes: 0, damaged: 0 };
  for (let after: number | null | undefined; after !== null;) {
    const page = await placement.chunkList(contentId, size, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    result.chunks = page.total;
    for (const { id, size: bytes, here } of page.items) {
      signal.throwIfAborted();
      if (!here) continue;
      try {
        await chunks.get(id, { signal });
        result.here++;
        result.bytes += bytes;
      } catch (error) {
        // Gone since the page was made: cache gives way at any time.
        if (isDfsError(error, 'chunk-not-found')) continue;
        if (!isDfsError(error, 'chunk-damaged') && !isDfsError(error, 'chunk-unreadable')) throw error;
        result.damaged++;
      }
    }
    after = page.next;
  }
  return result;
}
