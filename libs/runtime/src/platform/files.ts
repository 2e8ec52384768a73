import { open, rename, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A platform, as `process.platform` has it. Code that differs between them asks for it, so that a test can name another one. */
export type Platform = NodeJS.Platform;

/** Bits of a mode by which others than the owner may do something. */
const OTHERS = 0o077;

/**
 * Whether others than its owner may use a file, by its mode. Windows has no such bits, and Node makes some up: who may read
 * a file there is said by the folder that it is in.
 */
export function isOpenToOthers(mode: number, platform: Platform = process.platform): boolean {
  return platform !== 'win32' && (mode & OTHERS) !== 0;
}

/**
 * A folder whose changes are made durable again and again: kept open, so that no descriptor is wanting then. Windows refuses
 * to flush a folder (`EPERM`): there nothing is done, and `moveFile` makes a move durable by the file.
 */
export class DurableFolder {
  private constructor(private readonly handle: FileHandle | undefined) {}

  /** @throws the error of the file system */
  static async open(path: string, platform: Platform = process.platform): Promise<DurableFolder> {
    return new DurableFolder(platform === 'win32' ? undefined : await open(path, 'r'));
  }

  /** Makes durable what was made, renamed or removed in it. @throws the error of the file system */
  async sync(): Promise<void> {
    await this.handle?.sync();
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** Makes durable what was made, renamed or removed in a folder. @throws the error of the file system */
export async function syncFolder(path: string, platform: Platform = process.platform): Promise<void> {
  const folder = await DurableFolder.open(path, platform);
  await folder.sync().finally(() => folder.close());
}

/** Codes by which Windows refuses to move a file that another program has open, as a search for viruses does. */
const HELD = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Milliseconds before the second try; each further one waits twice as long. */
const FIRST_WAIT = 10;
/** After this wait the last try is made: a second and a quarter in all. */
const LAST_WAIT = 640;

/** Options of `moveFile`, for tests. */
export interface MoveOptions {
  platform?: Platform;
  rename?: (from: string, to: string) => Promise<void>;
  sync?: (file: string) => Promise<void>;
  wait?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Moves a file or folder, in place of what is there. On Windows it waits for a moment where another program holds one of them,
 * and flushes a file under its new name: that takes the move to the disk, as flushing the folder does elsewhere.
 * @throws the error of the file system
 */
export async function moveFile(
  from: string,
  to: string,
  { platform = process.platform, rename: move = rename, sync = syncFile, wait = delay }: MoveOptions = {},
): Promise<void> {
  if (platform !== 'win32') return move(from, to);
  await onceFree(() => move(from, to), wait);
  await onceFree(() => sync(to), wait);
}

async function onceFree(act: () => Promise<void>, wait: (milliseconds: number) => Promise<unknown>): Promise<void> {
  for (let time = FIRST_WAIT; ; time *= 2) {
    try {
      return await act();
    } catch (error) {
      if (!HELD.has((error as NodeJS.ErrnoException).code ?? '') || time > LAST_WAIT) throw error;
      await wait(time);
    }
  }
}

/** Windows flushes only what is open for writing. A folder is left alone. */
async function syncFile(path: string): Promise<void> {
  if (!(await stat(path)).isFile()) return;
  const file = await open(path, 'r+');
  await file.sync().finally(() => file.close());
}
