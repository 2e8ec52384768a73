import { HttpClient, HttpContext, HttpEventType, HttpHeaders, HttpParams, type HttpEvent } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type BatchItem,
  type BatchRequest,
  type BatchResult,
  type BatchResults,
  type ChunkList,
  type FileInfo,
  type FileList,
  type FileSort,
  type FolderInfo,
  type HolderList,
  type LookupRequest,
  type LookupResult,
  type LookupResults,
  type UploadResult,
  type UploadResults,
} from '@dfs/contracts';
import { filter, map, type Observable } from 'rxjs';
import { atBase } from './base-path.js';
import { IDEMPOTENT } from './api.interceptor.js';

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
  file: Blob;
}

/** The expectation of a write at its path: a version that was seen there, or no file. */
export type Seen = Pick<FileInfo, 'version'> | null;

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

  /** `GET /files?delimiter=/`: folders directly in a folder, by name, a page at a time. */
  folders(prefix: string, limit: number): Observable<{ folders: FolderInfo[]; total: number }> {
    let params = new HttpParams().set('delimiter', '/').set('limit', limit);
    if (prefix) params = params.set('prefix', prefix);
    return this.#http
      .get<FileList>(routes.files, { params })
      .pipe(map(({ folders, totalFolders }) => ({ folders, total: totalFolders ?? folders.length })));
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
    return atBase(routes.fileContent(id));
  }

  /**
   * `POST /files/batch`: many files deleted everywhere as one act, one result each. Sent again after a lost answer: each
   * item names the version that was seen, so that a file written since stays.
   */
  delete(
    items: readonly Required<Pick<BatchItem, 'id' | 'version'>>[],
    options: { confirm?: boolean } = {},
  ): Observable<BatchResult[]> {
    const body: BatchRequest = { op: 'delete', items: [...items], ...(options.confirm && { confirm: true }) };
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http.post<BatchResults>(routes.filesBatch, body, { context }).pipe(map(({ results }) => results));
  }

  /** `POST /files/lookup`: what is at these paths, in their order. */
  lookUp(paths: readonly string[]): Observable<LookupResult[]> {
    const body: LookupRequest = { paths: [...paths] };
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http.post<LookupResults>(routes.filesLookup, body, { context }).pipe(map(({ results }) => results));
  }

  /**
   * `PUT /files/content`: a file of any size, streamed from disk. Unsubscribing cuts it off, and nothing is stored.
   * Sent again after a lost answer, so it carries what was seen: what others wrote meanwhile is not replaced.
   */
  upload(source: UploadSource, seen: Seen): Observable<UploadStep<FileInfo>> {
    const params = new HttpParams().set('path', source.path);
    const headers =
      seen === null
        ? new HttpHeaders({ 'If-None-Match': '*' })
        : new HttpHeaders({ 'If-Match': `"v:${seen.version}"` });
    return this.#http
      .put<FileInfo>(routes.filesContent, source.file, { params, headers, observe: 'events', reportProgress: true })
      .pipe(steps((file) => file));
  }

  /**
   * `POST /files`: many small files in one request, stored together. One result per file, in the same order; one that
   * failed does not stop the others. Never sent again by itself: it names no versions.
   */
  uploadMany(sources: readonly UploadSource[]): Observable<UploadStep<UploadResult[]>> {
    const form = new FormData();
    for (const { path, file } of sources) {
      form.append('path', path);
      form.append('file', file, path.slice(path.lastIndexOf('/') + 1));
    }
    return this.#http
      .post<FileInfo | UploadResults>(routes.files, form, { observe: 'events', reportProgress: true })
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
