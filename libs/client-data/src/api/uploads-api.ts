import { HttpClient, HttpContext, HttpHeaders, type HttpResponse } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import { routes, type FileInfo, type FinishUploadRequest, type UploadInfo } from '@dfs/contracts';
import { map, type Observable } from 'rxjs';
import { IDEMPOTENT } from '../api.interceptor.js';
import { conditionsOf, steps, type Seen, type UploadSource, type UploadStep } from './upload-steps.js';

const TUS = { 'Tus-Resumable': '1.0.0' } as const;

/** Until where the bytes of an upload are on the node's disk now; and the file, where that is all of it. */
export interface Appended {
  offset: number;
  file: FileInfo | null;
}

/** Uploads that come in parts and go on after a break, by tus. The node keeps what has come for a week. */
@Service()
export class UploadsApi {
  readonly #http = inject(HttpClient);

  /**
   * `POST /uploads`: begins one, and answers its id. Sent again after a lost answer: an upload that nobody knows has no bytes,
   * and ends by itself.
   */
  begin({ path, file }: UploadSource, seen: Seen): Observable<string> {
    const metadata = [`path ${base64(path)}`, ...(file.type ? [`mediaType ${base64(file.type)}`] : [])];
    const headers = new HttpHeaders({
      ...TUS,
      ...conditionsOf(seen),
      'Upload-Length': String(file.size),
      'Upload-Metadata': metadata.join(','),
    });
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http
      .post(routes.uploads, null, { headers, context, observe: 'response', responseType: 'text' })
      .pipe(map((answer) => idIn(answer)));
  }

  /** `GET /uploads/{id}`: how far it is, and what became of it. */
  info(id: string): Observable<UploadInfo> {
    return this.#http.get<UploadInfo>(routes.upload(id));
  }

  /** `PATCH /uploads/{id}`: bytes that begin at `offset`. Never sent again by itself: ask first how far the upload is. */
  append(id: string, offset: number, bytes: Blob): Observable<UploadStep<Appended>> {
    const headers = new HttpHeaders({
      ...TUS,
      'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream',
    });
    return this.#http
      .patch<FileInfo | null>(routes.upload(id), bytes, { headers, observe: 'events', reportProgress: true })
      .pipe(steps((file) => ({ offset: offset + bytes.size, file })));
  }

  /** `POST /uploads/{id}/finish`: makes a file of an upload that was refused when all its bytes were there. */
  finish(id: string, path: string, seen: Seen): Observable<FileInfo> {
    const conditions = seen === null ? { ifNoneMatch: '*' as const } : { ifMatch: `"v:${seen.version}"` };
    const body: FinishUploadRequest = { path, conditions };
    const context = new HttpContext().set(IDEMPOTENT, true);
    return this.#http.post<FileInfo>(routes.uploadFinish(id), body, { context });
  }

  /** `DELETE /uploads/{id}`: gives it up. */
  end(id: string): Observable<void> {
    return this.#http.delete<void>(routes.upload(id), { headers: new HttpHeaders(TUS) });
  }
}

function idIn(answer: HttpResponse<unknown>): string {
  return (answer.headers.get('Location') ?? '').split('/').at(-1) ?? '';
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
