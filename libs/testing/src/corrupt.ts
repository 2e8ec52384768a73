import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Overwrites a byte of the pack that holds these bytes, as a failing disk would.
 * @param storeDir folder of a chunk store, closed or open
 */
export async function corrupt(storeDir: string, bytes: Uint8Array): Promise<void> {
  for (const name of await readdir(join(storeDir, 'packs'))) {
    const path = join(storeDir, 'packs', name);
    const at = (await readFile(path)).indexOf(bytes);
    if (at < 0) continue;
    const file = await open(path, 'r+');
    await file.write(Uint8Array.of(bytes[0]! ^ 1), 0, 1, at);
    return file.close();
  }
  throw new Error('no pack holds these bytes');
}
