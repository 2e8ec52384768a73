import { HttpClient, HttpContext, HttpEventType, HttpParams, type HttpEvent } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type ChunkList,
  type FileInfo,
  type FileList,
  type FileSort,
  type HolderList,
  type UploadResult,
  type UploadResults,
} from '@dfs/contracts';
import { catchError, filter, map, of, throwError, type Observable } from 'rxjs';
import { IDEMPOTENT } from './api.interceptor.js';
import { toApiProblem } from './problem.js';

/** Which files, in which order, and how many of them. */
export interface FileQuery {
  /** Only paths that start with it. */
  prefix?: string;
  /** Only paths that contain it. */
  q?: string;
  sort: FileSort;
  limit: number;
  /** Where the page before ended; null or left out for the first. */
  cursor?: string | null;
}

/** One file on its way in. */
export interface UploadSource {
  /** Where it goes, e.g. `photos/2026/a.jpg`. */
  path: string;
  file: File;
}

/** How far an upload is. The last step has the result. */
export type UploadStep<T> = { kind: 'progress'; sentBytes: number } | { kind: 'done'; result: T };

/** Files: find, put in, get out, delete. */
@Service()
export class FilesApi {
  readonly #http = inject(HttpClient);

  /** `GET /files`: one page. */
  list(query: FileQuery): Observable<FileList> {
    let params = new HttpParams().set('sort', query.sort).set('limit', query.limit);
    if (query.prefix) params = params.set('prefix', query.prefix);
    if (query.q) params = params.set('q', query.q);
    if (query.cursor) params = params.set('cursor', query.cursor);
    return this.#http.get<FileList>(routes.files, { params });
  }

  /** `GET /files/{fileId}` */
  get(id: string): Observable<FileInfo> {
    return this.#http.get<FileInfo>(routes.file(id));
  }

  /** `GET /files/{fileId}/holders` */
  holders(id: string): Observable<HolderList> {
    return this.#http.get<HolderList>(routes.fileHolders(id));
  }

  /** `GET /files/{fileId}/chunks` */
  chunks(id: string, limit: number): Observable<ChunkList> {
    return this.#http.get<ChunkList>(routes.fileChunks(id), { params: new HttpParams().set('limit', limit) });
  }

  /** Where a browser downloads the bytes from; the answer always is an attachment. */
  contentUrl(id: string): string {
    return routes.fileContent(id);
  }

  /** `DELETE /files/{fileId}`, on every node. A file that is gone already counts as deleted. */
  delete(id: string, options: { confirm?: boolean } = {}): Observable<void> {
    const params = options.confirm ? new HttpParams().set('confirm', true) : undefined;
    return this.#http
      .delete<void>(routes.file(id), { params })
      .pipe(
        catchError((error: unknown) =>
          toApiProblem(error).code === 'file-not-found' ? of(undefined) : throwError(() => error),
        ),
      );
  }

  /** `PUT /files/content`: a file of any size, streamed from disk. Unsubscribing cuts it off, and nothing is stored. */
  upload(source: UploadSource): Observable<UploadStep<FileInfo>> {
    const params = new HttpParams().set('path', source.path);
    return this.#http
      .put<FileInfo>(routes.filesContent, source.file, { params, observe: 'events', reportProgress: true })
      .pipe(steps((file) => file));
  }

  /**
   * `POST /files`: many small files in one request, stored together. One result per file, in the same order; one that
   * failed does not stop the others.
   */
  uploadMany(sources: readonly UploadSource[]): Observable<UploadStep<UploadResult[]>> {
    const form = new FormData();
    for (const { path, file } of sources) {
      form.append('path', path);
      form.append('file', file, file.name);
    }
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http
      .post<FileInfo | UploadResults>(routes.files, form, { context, observe: 'events', reportProgress: true })
      .pipe(steps((body) => ('results' in body ? filesOf(body) : [{ path: body.path, status: 200, file: body }])));
  }
}

/** A fault of the form is no file's result: files that have none were not stored. */
function filesOf({ results }: UploadResults): UploadResult[] {
  return results.filter((result): result is UploadResult => result.path !== null);
}

function steps<B, T>(resultOf: (body: B) => T) {
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
