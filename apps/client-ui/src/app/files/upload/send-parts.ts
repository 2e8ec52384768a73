import type { UploadsApi } from '@dfs/client-data';
import type { FileInfo } from '@dfs/contracts';
import { Observable, Subject, lastValueFrom, takeUntil, tap } from 'rxjs';
import { readable } from '../readable.js';
import type { Sending } from './send-files.js';

/** Bytes of a part: what is sent again at most when the node dies. Fewer would cost more waits for the disk. */
export const PART_BYTES = 16 * 1024 * 1024;

/** How far an upload in parts is; the last step has the file. */
export type PartStep =
  | { kind: 'begun'; upload: string }
  | { kind: 'progress'; sentBytes: number }
  | { kind: 'stored'; bytes: number }
  | { kind: 'done'; file: FileInfo };

/**
 * Sends a file part by part, from where the node has it to. Parts that have arrived stay there when the connection, the node or this
 * page goes; unsubscribing cuts the present part off. @param upload of the node, when it was begun before
 */
export function sendParts(
  uploads: UploadsApi,
  { path, file, seen }: Sending,
  upload: string | null,
): Observable<PartStep> {
  return new Observable<PartStep>((subscriber) => {
    const cut = new Subject<void>();
    const call = <T>(work: Observable<T>) => lastValueFrom(work.pipe(takeUntil(cut)));
    const send = async (): Promise<FileInfo> => {
      await readable(file);
      const id = upload ?? (await call(uploads.begin({ path, file }, seen)));
      if (upload === null) subscriber.next({ kind: 'begun', upload: id });
      const known = await call(uploads.info(id));
      if (known.file) return known.file;
      if (known.state === 'complete') return call(uploads.finish(id, path, seen));
      for (let { offset } = known; ;) {
        subscriber.next({ kind: 'stored', bytes: offset });
        const part = file.slice(offset, offset + PART_BYTES);
        const from = offset;
        const sending = uploads.append(id, from, part).pipe(
          tap((step) => {
            if (step.kind === 'progress') subscriber.next({ kind: 'progress', sentBytes: from + step.sentBytes });
          }),
        );
        const last = await call(sending);
        if (last.kind !== 'done') throw new Error('an upload that ended without its end');
        if (last.result.file) return last.result.file;
        offset = last.result.offset;
      }
    };
    send().then(
      (made) => {
        subscriber.next({ kind: 'done', file: made });
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => cut.next();
  });
}
