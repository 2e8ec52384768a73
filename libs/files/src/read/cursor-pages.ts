import { MAX_PAGE } from '@dfs/contracts';

/** A listing that goes on at a cursor, page after page to its end. */
export async function* cursorPages<P extends { nextCursor: string | null }>(
  read: (page: { limit: number; cursor?: string }) => Promise<P>,
): AsyncGenerator<P, void, undefined> {
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: P = await read({ limit: MAX_PAGE, ...(cursor !== undefined && { cursor }) });
    yield page;
    cursor = page.nextCursor;
  }
}
