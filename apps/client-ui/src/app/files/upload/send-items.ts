import type { FilesApi, FoldersApi, UploadsApi } from '@dfs/client-data';
import { map, type Observable } from 'rxjs';
import { QUEUE } from './portions.js';
import { sendFiles, type Sending, type Sent } from './send-files.js';
import { sendParts } from './send-parts.js';
import type { UploadItem } from './upload-item.js';

/** How far a request is. `begun` and `stored` are of an upload in parts; the last step has a result for each item, in their order. */
export type SendStep =
  | { kind: 'progress'; sentBytes: number }
  | { kind: 'begun'; upload: string }
  | { kind: 'stored'; bytes: number }
  | { kind: 'done'; result: Sent[] };

/** Where uploads go. */
export interface SendComponents {
  files: FilesApi;
  folders: FoldersApi;
  uploads: UploadsApi;
}

/** Sends items in the way that suits them: small ones together, one by itself, a large one in parts; an empty folder is made. */
export function sendItems(
  { files, folders, uploads }: SendComponents,
  items: readonly UploadItem[],
): Observable<SendStep> {
  const [first] = items;
  if (first?.isFolder) {
    const made: SendStep = { kind: 'done', result: [{ file: null, problem: null }] };
    return folders.make(first.path).pipe(map(() => made));
  }
  const sendings = items.flatMap(({ path, file, seen }): Sending[] => (file ? [{ path, file, seen }] : []));
  const [only] = sendings;
  const isWhole = !first || (first.upload === null && first.size <= QUEUE.wholeBytes);
  if (isWhole || !only) return sendFiles(files, sendings);
  return sendParts(uploads, only, first.upload).pipe(
    map((step): SendStep =>
      step.kind === 'done' ? { kind: 'done', result: [{ file: step.file, problem: null }] } : step,
    ),
  );
}
