import { isDiskError } from '../disk-error.js';
import { joinDiskPath, MARKER_NAME, ROOT, TEMPORARY_PREFIX, type DiskPath } from '../names.js';
import type { Marker, RootIdentity } from '../root-disk.js';
import type { RootFiles } from './root-files.js';

const MARKER = MARKER_NAME as DiskPath;
const NEXT_MARKER = joinDiskPath(ROOT, `${TEMPORARY_PREFIX}marker`);
/** A marker is a hundred bytes: more is none. */
const MAX_MARKER_BYTES = 4096;
const ID = /^[0-9A-Za-z-]{1,64}$/;

/** Evidence of which folder a root is (rule 1). @throws DiskError where the root itself does not answer */
export async function identify(files: RootFiles): Promise<RootIdentity> {
  const { inode, device, kind } = await files.lstat(ROOT);
  const { type, id } = await files.statfs();
  const marker = kind === 'directory' ? await readMarker(files) : 'unreadable';
  return { marker, inode, device, fsType: type, fsId: id, readOnly: !(await isWritable(files)) };
}

/** By a file of its own, in place of the one before: on disk for good when it resolves. */
export async function writeMarker(files: RootFiles, { folderId, nonce, epoch }: Marker): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify({ format: 1, folderId, nonce, epoch })}\n`);
  if (await files.look(NEXT_MARKER)) await files.unlink(NEXT_MARKER);
  await files.with(NEXT_MARKER, 'create', async (file) => {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at), at);
    await file.sync();
  });
  await files.rename(NEXT_MARKER, MARKER);
  await files.with(ROOT, 'directory', (directory) => directory.sync());
}

async function readMarker(files: RootFiles): Promise<RootIdentity['marker']> {
  try {
    return await files.with(MARKER, 'read', async (file) => {
      const { kind, size } = await file.stat();
      if (kind !== 'file' || size > MAX_MARKER_BYTES) return 'unreadable';
      const bytes = Buffer.alloc(size);
      const length = await file.read(bytes, 0);
      return markerOf(bytes.subarray(0, length).toString('utf8')) ?? 'unreadable';
    });
  } catch (error) {
    if (isDiskError(error, 'ENOENT')) return undefined;
    if (isDiskError(error)) return 'unreadable';
    throw error;
  }
}

function markerOf(text: string): Marker | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, folderId, nonce, epoch } = value as Record<string, unknown>;
  if (format !== 1 || typeof folderId !== 'string' || typeof nonce !== 'string') return undefined;
  if (!ID.test(folderId) || !ID.test(nonce) || !Number.isSafeInteger(epoch)) return undefined;
  return { folderId, nonce, epoch: epoch as number };
}

async function isWritable(files: RootFiles): Promise<boolean> {
  try {
    await files.access();
    return true;
  } catch (error) {
    if (isDiskError(error, 'EROFS', 'EACCES', 'EPERM')) return false;
    throw error;
  }
}
