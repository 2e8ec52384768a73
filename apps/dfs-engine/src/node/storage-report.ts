import type { Usage } from '@dfs/chunks';
import { MiB } from '@dfs/runtime';

/** Less of the file system than this is too little. */
const LOW_FREE_BYTES = 512 * MiB;
/** So is less than this above the reserve, where uploads are refused. */
const LOW_ROOM_BYTES = 128 * MiB;
/** More of the quota than this is nearly all. */
const LOW_QUOTA_SHARE = 0.95;

/**
 * Whether there is room for more, and what to say of it.
 * @param room bytes that the file system has room for
 */
export function storageReport(
  { bytes, quotaBytes, freeBytes }: Pick<Usage, 'bytes' | 'quotaBytes' | 'freeBytes'>,
  room: number,
): { ok: boolean; detail: string } {
  const low = freeBytes < LOW_FREE_BYTES || room < LOW_ROOM_BYTES || bytes > quotaBytes * LOW_QUOTA_SHARE;
  const most = Math.max(0, Math.floor(Math.min(quotaBytes - bytes, room) / MiB));
  const left = `${most} MiB can still be stored.`;
  return { ok: !low, detail: low ? `Space is low: ${left} Make room, or raise the quota.` : left };
}
