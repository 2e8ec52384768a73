import type { Database } from '@dfs/database';
import type { Admission } from '../admission/admission.js';
import { deleteEmptyPacks, type PackRow } from '../index/chunk-index.js';
import type { PackRegistry } from './pack-file.js';

/** Removes those of the packs that hold no block, and that no batch still wants to name. Gives how many went. */
export async function dropEmptyPacks(
  { db, registry, admission }: { db: Database; registry: PackRegistry; admission: Admission },
  packs: readonly PackRow[],
): Promise<number> {
  const removed = await db.write(async (tx) => {
    const unclaimed = packs.filter(({ id }) => !registry.isClaimed(id));
    return deleteEmptyPacks(tx, unclaimed);
  });
  for (const { name, bytes } of removed) await registry.files.remove(name, () => admission.removed(bytes));
  return removed.length;
}
