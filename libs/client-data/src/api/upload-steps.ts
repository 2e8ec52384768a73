import { HttpEventType, type HttpEvent } from '@angular/common/http';
import type { FileInfo } from '@dfs/contracts';
import { filter, map, type Observable } from 'rxjs';

/** One file on its way in. */
export interface UploadSource {
  /** Where it goes, e.g. `photos/2026/a.jpg`. */
  path: string;
  file: Blob;
}

/** The expectation of a write at its path: a version that was seen there, or no file. */
export type Seen = Pick<FileInfo, 'version'> | null;

/** How far an upload is. The last step has the result. */
export type UploadStep<T> = { kind: 'progress'; sentBytes: number } | { kind: 'done'; result: T };

/** The headers by which a write tells what was seen at its path. */
export function conditionsOf(seen: Seen): Record<string, string> {
  return seen === null ? { 'If-None-Match': '*' } : { 'If-Match': `"v:${seen.version}"` };
}

/** The steps of an upload, of the events of its request. */
export function steps<B, T>(resultOf: (body: B) => T) {
  return (events: Observable<HttpEvent<B>>): Observable<UploadStep<T>> =>
    events.pipe(
      map((event): UploadStep<T> | null => {
        if (event.type === HttpEventType.Sent) return { kind: 'progress', sentBytes: 0 };
        if (event.type === HttpEventType.UploadProgress) return { kind: 'progress', sentBytes: event.loaded };
        if (event.type === HttpEventType.Response) return { kind: 'done', result: resultOf(event.body as B) };
        return null;
      }),
      filter((step) => step !== null),
    );
}
