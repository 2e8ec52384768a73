import { READ_AHEAD_BYTES } from '../readable.js';
import type { UploadItem } from './upload-item.js';

/** Bytes. */
const MiB = 1024 * 1024;

/** How the queue shares the connection. */
export const QUEUE = {
  /** Requests at once: enough to hide the time a node takes to commit, few enough that each is seen to move. */
  requests: 3,
  /** Files up to here travel many to a request. */
  smallBytes: READ_AHEAD_BYTES,
  /** Files up to here travel whole; what is sent again after a break is then worth no more. Larger ones go in parts. */
  wholeBytes: 64 * MiB,
  /** A request of small files ends at either. */
  batchFiles: 200,
  batchBytes: 8 * MiB,
  /** Bytes that the wrapping of one file within a request costs, about. */
  wrapBytes: 300,
} as const;

/** The next file to send, or the small ones that travel together; and what is left. */
export function nextItems(waiting: readonly UploadItem[]): { chosen: UploadItem[]; left: UploadItem[] } {
  const [first, ...others] = waiting;
  if (first === undefined) return { chosen: [], left: [] };
  if (!isSmall(first)) return { chosen: [first], left: others };
  const chosen: UploadItem[] = [];
  const left: UploadItem[] = [];
  let bytes = 0;
  for (const item of waiting) {
    const fits = isSmall(item) && chosen.length < QUEUE.batchFiles && bytes + item.size <= QUEUE.batchBytes;
    if (fits) bytes += item.size;
    (fits ? chosen : left).push(item);
  }
  return { chosen, left };
}

/** How much of each file is sent, of the bytes of a request: it sends them one after another. Those that have not begun are left out. */
export function sharesOf(sentBytes: number, items: readonly UploadItem[]): number[] {
  const shares: number[] = [];
  const wrap = items.length > 1 ? QUEUE.wrapBytes : 0;
  let left = sentBytes;
  for (const { size } of items) {
    shares.push(Math.max(0, left - wrap));
    left -= size + wrap;
    if (left <= 0) break;
  }
  return shares;
}

function isSmall({ size, alone, isFolder }: UploadItem): boolean {
  return size <= QUEUE.smallBytes && !alone && !isFolder;
}
