import type { Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { marks, type PinnedExtent } from '../pin-log.js';

const IDS_PER_QUERY = 2000;

/**
 * Extents of these contents that are pinned.
 * @param held false for those that were pinned once and are not now
 */
export async function pinnedExtents(
  reader: Reader,
  contents: readonly Cid[],
  { held = true }: { held?: boolean } = {},
): Promise<PinnedExtent[]> {
  const extents: PinnedExtent[] = [];
  for (let at = 0; at < contents.length; at += IDS_PER_QUERY) {
    const part = contents.slice(at, at + IDS_PER_QUERY).map(cidToBytes);
    const rows = await reader.query<{ content: Uint8Array; extent: number; size: number }>(
      `SELECT content, extent, size FROM placement_pin WHERE held = ? AND content IN (${marks(part.length)})`,
      [held ? 1 : 0, ...part],
    );
    extents.push(...rows.map(({ content, extent, size }) => ({ content: cidFromBytes(content), extent, size })));
  }
  return extents;
}
