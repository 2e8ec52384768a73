import { open, rm } from 'node:fs/promises';

/** EDQUOT of Linux, for which libuv has no name. */
const EDQUOT = -122;
/** As much as SQLite writes at least. */
const TRY_BYTES = 4096;

/**
 * Whether the file system takes no more beside the database for want of room or of its user's quota: SQLite calls a quota that
 * is used up an I/O error, as if the disk were broken.
 */
export async function isOutOfRoom(database: string): Promise<boolean> {
  const path = `${database}-try`;
  try {
    const file = await open(path, 'w');
    await file
      .write(Buffer.alloc(TRY_BYTES))
      .then(() => file.sync())
      .finally(() => file.close());
    return false;
  } catch (error) {
    const { errno, code } = error as NodeJS.ErrnoException;
    return errno === EDQUOT || code === 'EDQUOT' || code === 'ENOSPC';
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
