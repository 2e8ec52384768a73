import { HttpClient, HttpContext, HttpHeaders, HttpParams } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type ArchiveInfo,
  type ArchiveRequest,
  type BatchItem,
  type BatchRequest,
  type BatchResults,
  type ChooseRequest,
  type ChunkList,
  type FileInfo,
  type FileList,
  type FileListState,
  type FileSort,
  type HolderList,
  type LookupRequest,
  type LookupResult,
  type LookupResults,
  type RestoreRequest,
  type UploadResult,
  type UploadResults,
  type VerifyResult,
  type VersionList,
} from '@dfs/contracts';
import { map, type Observable } from 'rxjs';
import { atBase } from '../base-path.js';
import { IDEMPOTENT } from '../api.interceptor.js';
import { conditionsOf, steps, type Seen, type UploadSource, type UploadStep } from './upload-steps.js';

/** Which files, in which order, and how many of them. */
export interface FileQuery {
  /** Only paths that start with it. */
  prefix?: string;
  /** Only paths that contain it. */
  q?: string;
  /** A media type, or the part of one before its slash. */
  type?: string;
  state?: FileListState;
  /** Only files in one of these states, with a comma between them. */
  replication?: string;
  sort: FileSort;
  limit: number;
  /** Rows before the first one. */
  offset?: number;
  /** Where the page before ended; null or left out for the first. Not with `offset`. */
  cursor?: string | null;
  /** One level of the tree: folders first, then the files directly in the folder. */
  level?: boolean;
}

/** A file, or a head of it, as an act names it. */
export type ActItem = BatchItem;

/** Files: find, put in, get out, delete. */
@Service()
export class FilesApi {
  readonly #http = inject(HttpClient);

  /** `GET /files`: one page. */
  list(query: FileQuery): Observable<FileList> {
    const { sort, limit, level, ...rest } = query;
    let params = new HttpParams().set('sort', sort).set('limit', limit);
    for (const [name, value] of Object.entries(rest)) if (value) params = params.set(name, value);
    if (query.state === 'current') params = params.delete('state');
    if (level) params = params.set('delimiter', '/');
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

  /** `GET /files/{fileId}/versions`: the newest ones. */
  versions(id: string, limit: number): Observable<VersionList> {
    return this.#http.get<VersionList>(routes.fileVersions(id), { params: new HttpParams().set('limit', limit) });
  }

  /** `POST /files/{fileId}/keep`: this node keeps it, whatever placement gives to it. */
  keep(id: string): Observable<FileInfo> {
    return this.#http.post<FileInfo>(routes.fileKeep(id), null, { context: new HttpContext().set(IDEMPOTENT, true) });
  }

  /** `POST /files/{fileId}/free`: this node keeps it no longer than the network wants it to. */
  free(id: string): Observable<FileInfo> {
    return this.#http.post<FileInfo>(routes.fileFree(id), null, { context: new HttpContext().set(IDEMPOTENT, true) });
  }

  /** The first bytes of a file, or of one of its versions, as they are. */
  firstBytes(id: string, count: number, version?: string): Observable<ArrayBuffer> {
    const headers = new HttpHeaders({ Range: `bytes=0-${count - 1}` });
    const params = new HttpParams({ fromObject: version === undefined ? {} : { version } });
    return this.#http.get(routes.fileContent(id), { headers, params, responseType: 'arraybuffer' });
  }

  /** Where a browser has the bytes from: an attachment, unless `inline` and of a kind that cannot be run. */
  contentUrl(id: string, version?: string, options: { inline?: boolean } = {}): string {
    const params = new URLSearchParams({ ...(version && { version }), ...(options.inline && { inline: '1' }) });
    return atBase(routes.fileContent(id)) + (params.size > 0 ? `?${params.toString()}` : '');
  }

  /**
   * Where a browser has a small picture of an image from; it gets none of what is no image. `large`: for a look at it rather than a card,
   * also where its bytes are on other nodes.
   */
  thumbnailUrl(id: string, version: string, options: { large?: boolean } = {}): string {
    const params = new URLSearchParams({ version, ...(options.large && { size: '1024', remote: '1' }) });
    return `${atBase(routes.fileThumbnail(id))}?${params.toString()}`;
  }

  /** `POST /files/{fileId}/restore`: an earlier version becomes the newest. */
  restore(id: string, version?: string): Observable<FileInfo> {
    const body: RestoreRequest = version === undefined ? {} : { version };
    return this.#http.post<FileInfo>(routes.fileRestore(id), body);
  }

  /** `POST /files/{fileId}/verify`: reads every chunk that is on this node. */
  verify(id: string): Observable<VerifyResult> {
    return this.#http.post<VerifyResult>(routes.fileVerify(id), null);
  }

  /** `POST /files/{fileId}/repair`: the node does now what it can do for the copies; events tell of it. */
  repair(id: string): Observable<FileInfo> {
    return this.#http.post<FileInfo>(routes.fileRepair(id), null);
  }

  /** `POST /files/{fileId}/choose`: ends a conflict; other heads may go on under names of their own. */
  choose(id: string, request: ChooseRequest): Observable<FileInfo> {
    return this.#http.post<FileInfo>(routes.fileChoose(id), request);
  }

  /**
   * `POST /files/batch`: one act over up to 1,000 files that are named, or over all that match. A deletion that names the
   * versions that were seen is sent again after a lost answer: a file written since stays.
   */
  batch(request: BatchRequest): Observable<BatchResults> {
    const repeatable = request.op === 'delete' && (request.items?.every((item) => item.version !== undefined) ?? false);
    const context = new HttpContext().set(IDEMPOTENT, repeatable);
    return this.#http.post<BatchResults>(routes.filesBatch, request, { context });
  }

  /** `POST /files/archive`: the address of a zip, for one use. */
  archive(request: ArchiveRequest): Observable<ArchiveInfo> {
    return this.#http
      .post<ArchiveInfo>(routes.filesArchive, request)
      .pipe(map((archive) => ({ ...archive, url: sameOrigin(archive.url) })));
  }

  /** `POST /files/lookup`: what is at these paths, in their order. */
  lookUp(paths: readonly string[]): Observable<LookupResult[]> {
    const body: LookupRequest = { paths: [...paths] };
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http.post<LookupResults>(routes.filesLookup, body, { context }).pipe(map(({ results }) => results));
  }

  /**
   * `PUT /files/content`: a file of any size, streamed from disk. Unsubscribing cuts it off, and nothing is stored.
   * It carries what was seen, so that it can be sent again after a lost answer: what others wrote meanwhile is not replaced. The
   * caller sends it again: it knows whether the file can still be read.
   */
  upload(source: UploadSource, seen: Seen): Observable<UploadStep<FileInfo>> {
    const params = new HttpParams().set('path', source.path);
    const headers = new HttpHeaders(conditionsOf(seen));
    const context = new HttpContext().set(IDEMPOTENT, false);
    return this.#http
      .put<FileInfo>(routes.filesContent, source.file, {
        ...{ params, headers, context },
        observe: 'events',
        reportProgress: true,
      })
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

/** An address that the node gave, as this page reaches it: the path alone counts. */
function sameOrigin(url: string): string {
  const parsed = new URL(url, globalThis.location?.href ?? 'http://localhost');
  return parsed.pathname + parsed.search;
}

/** A fault of the form is no file's result: files that have none were not stored. */
function filesOf({ results }: UploadResults): UploadResult[] {
  return results.filter((result): result is UploadResult => result.path !== null);
}
