import { HttpClient, HttpContext, HttpParams } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type FolderAct,
  type FolderInfo,
  type FolderMoveRequest,
  type FolderRestoreRequest,
} from '@dfs/contracts';
import type { Observable } from 'rxjs';
import { IDEMPOTENT } from '../api.interceptor.js';

/** Folders, and everything in them, changed as one act. Paths have their slash at the end or not. */
@Service()
export class FoldersApi {
  readonly #http = inject(HttpClient);

  /** `PUT /folders`: an empty folder; one that is there already stays. */
  make(path: string): Observable<FolderInfo> {
    return this.#http.put<FolderInfo>(routes.folders, null, { params: at(path) });
  }

  /** `DELETE /folders`. Not sent again by itself: a folder that is gone is an error. */
  remove(path: string, options: { confirm?: boolean } = {}): Observable<FolderAct> {
    const params = options.confirm ? at(path).set('confirm', true) : at(path);
    const context = new HttpContext().set(IDEMPOTENT, false);
    return this.#http.delete<FolderAct>(routes.folders, { params, context });
  }

  /** `POST /folders/move` */
  move(path: string, to: string): Observable<FolderAct> {
    const body: FolderMoveRequest = { path: bare(path), to: bare(to) };
    return this.#http.post<FolderAct>(`${routes.folders}/move`, body);
  }

  /** `POST /folders/copy` */
  copy(path: string, to: string): Observable<FolderAct> {
    const body: FolderMoveRequest = { path: bare(path), to: bare(to) };
    return this.#http.post<FolderAct>(`${routes.folders}/copy`, body);
  }

  /** `POST /folders/restore`: an act is undone, or the folder becomes what it was at a time. */
  restore(request: FolderRestoreRequest): Observable<FolderAct> {
    return this.#http.post<FolderAct>(`${routes.folders}/restore`, { ...request, path: bare(request.path) });
  }
}

function at(path: string): HttpParams {
  return new HttpParams().set('path', bare(path));
}

function bare(path: string): string {
  return path.replace(/\/+$/, '');
}
