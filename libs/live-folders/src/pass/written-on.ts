import { storeContent } from '@dfs/chunks';
import { mediaTypeFor } from '@dfs/files';
import { isOurs, pathOf, toDiskPath } from '../disk/names.js';
import type { TrashEntry } from '../disk/root-disk.js';
import type { PassContext } from './context.js';
import { isNoRoom, tellTrouble } from './store-files.js';

/**
 * 6: a program may write on into a file that went to the trash. Such bytes are signed as a version beside the head, unless a version has them.
 */
export async function signWrittenOn(context: PassContext): Promise<void> {
  for (const entry of await context.disk.trash.changed()) {
    context.signal.throwIfAborted();
    const path = entry.path === undefined ? undefined : pathOf(entry.path);
    // A file whose path nobody knows any more has a name of ours alone: it stays in the trash.
    if (path === undefined || isOurs(toDiskPath(path))) continue;
    try {
      await signOne(context, entry, path);
    } catch (error) {
      if (isNoRoom(error)) context.notes.tell('no-room', path, error.message);
      else if (!tellTrouble(context, path, error)) throw error;
    }
  }
}

async function signOne(context: PassContext, entry: TrashEntry, path: string): Promise<void> {
  const { parts, disk, network, notes, signal } = context;
  await parts.catalogue.writable();
  const batch = parts.chunks.batch('local');
  try {
    const reading = await disk.trash.read(entry.id);
    const stored = await storeContent(batch, reading.body, { signal });
    const end = await reading.end;
    const isKnown = (await network.known([{ path, contentId: stored.contentId }])).has(path);
    if (isKnown) await batch.abort();
    else {
      await batch.flush();
      await parts.db.write(async (tx) => {
        await batch.commit(tx);
        await parts.placement.pinLocal(tx, [stored]);
        const full = network.full(path);
        const time = Math.max(1, Math.min(parts.clock.now(), Number(end.stat.mtimeNs / 1_000_000n)));
        await parts.catalogue.commit(tx, [
          {
            kind: 'file',
            path: full,
            ...{ contentId: stored.contentId, size: stored.size, mediaType: mediaTypeFor(full, undefined) },
            ...{ parents: [], imported: time },
          },
        ]);
      });
      notes.tell(
        'written-on',
        path,
        'A program wrote on into the file that was replaced: its bytes are kept as a version.',
      );
      notes.lookAgain(path, 0);
    }
    await disk.trash.known(entry.id, end, stored.contentId);
  } catch (error) {
    await batch.abort();
    throw error;
  }
}
