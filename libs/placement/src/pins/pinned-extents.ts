import type { Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { marks, PIN_STATES, type PinnedExtent, type PinState } from './pin-log.js';

const IDS_PER_QUERY = 2000;

/** Extents of these contents that are in one of these states. */
export async function pinnedExtents(
  reader: Reader,
  contents: readonly Cid[],
  states: readonly PinState[] = ['promised'],
): Promise<PinnedExtent[]> {
  const extents: PinnedExtent[] = [];
  for (let at = 0; at < contents.length; at += IDS_PER_QUERY) {
    const part = contents.slice(at, at + IDS_PER_QUERY).map(cidToBytes);
    const rows = await reader.query<{ content: Uint8Array; extent: number; size: number }>(
      `SELECT content, extent, size FROM placement_pin
       WHERE held IN (${marks(states.length)}) AND content IN (${marks(part.length)})`,
      [...states.map((state) => PIN_STATES[state]), ...part],
    );
    extents.push(...rows.map(({ content, extent, size }) => ({ content: cidFromBytes(content), extent, size })));
  }
  return extents;
}
