import { BLOBS, byIds, type Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { PIN_STATES, type PinnedExtent, type PinState } from './pin-log.js';

/** Extents of these contents that are in one of these states. */
export async function pinnedExtents(
  reader: Reader,
  contents: readonly Cid[],
  states: readonly PinState[] = ['promised'],
): Promise<PinnedExtent[]> {
  const held = states.map((state) => PIN_STATES[state]).join();
  const rows = await byIds<{ content: Uint8Array; extent: number; size: number }>(
    reader,
    `SELECT content, extent, size FROM placement_pin WHERE held IN (${held}) AND content IN ${BLOBS}`,
    contents.map(cidToBytes),
  );
  return rows.map(({ content, extent, size }) => ({ content: cidFromBytes(content), extent, size }));
}
