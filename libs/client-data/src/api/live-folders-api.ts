import { HttpClient, HttpContext, HttpParams } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type AnswerHold,
  type BindLiveFolder,
  type EstimateLiveFolder,
  type LiveFolderCount,
  type LiveFolderEstimate,
  type LiveFolderHoldList,
  type LiveFolderInfo,
  type LiveFolderIssuePage,
  type LiveFolderList,
  type LiveFolderRoots,
  type LiveFolderSettled,
  type LiveFolderTrashPage,
  type PatchLiveFolder,
  type PauseLiveFolders,
  type RestoredFromTrash,
} from '@dfs/contracts';
import type { Observable } from 'rxjs';
import { IDEMPOTENT } from '../api.interceptor.js';

/** Directories of this node's disk that are mirrored both ways. */
@Service()
export class LiveFoldersApi {
  readonly #http = inject(HttpClient);

  /** `GET /live-folders` */
  list(): Observable<LiveFolderList> {
    return this.#http.get<LiveFolderList>(routes.liveFolders);
  }

  /** `GET /live-folders/roots`: the directories in one, by their whole paths; the allowed roots when left out. */
  roots(path?: string): Observable<LiveFolderRoots> {
    const params = path === undefined ? undefined : new HttpParams().set('path', path);
    return this.#http.get<LiveFolderRoots>(routes.liveFolderRoots, { params });
  }

  /** `POST /live-folders/estimate`: changes nothing, so it may be sent again. */
  estimate(body: EstimateLiveFolder): Observable<LiveFolderEstimate> {
    return this.#http.post<LiveFolderEstimate>(routes.liveFolderEstimate, body, { context: again() });
  }

  /** `POST /live-folders` */
  bind(body: BindLiveFolder): Observable<LiveFolderInfo> {
    return this.#http.post<LiveFolderInfo>(routes.liveFolders, body);
  }

  /** `PATCH /live-folders/{id}`: the same change twice is one change, but for an answer to `prefix-gone`. */
  patch(id: string, body: PatchLiveFolder): Observable<LiveFolderInfo> {
    const context = body.prefixGone === undefined ? again() : undefined;
    return this.#http.patch<LiveFolderInfo>(routes.liveFolder(id), body, { context });
  }

  /** `POST /live-folders/pause`: all of them for so many seconds; 0: those go on that pause for a time. */
  pause(seconds: number): Observable<LiveFolderList> {
    const body: PauseLiveFolders = { seconds };
    return this.#http.post<LiveFolderList>(routes.liveFolderPause, body, { context: again() });
  }

  /** `DELETE /live-folders/{id}`: no file on either side is touched. Not sent again by itself: a folder that is gone is an error. */
  remove(id: string): Observable<void> {
    return this.#http.delete<void>(routes.liveFolder(id), { context: once() });
  }

  /** `POST .../scan`: looks at all of it, soon. */
  scan(id: string): Observable<LiveFolderInfo> {
    return this.#http.post<LiveFolderInfo>(routes.liveFolderScan(id), null, { context: again() });
  }

  /** `POST .../relink`: the directory as it is found now is the folder. */
  relink(id: string): Observable<LiveFolderInfo> {
    return this.#http.post<LiveFolderInfo>(routes.liveFolderRelink(id), null);
  }

  /** `POST .../revert`: these paths as the network shows them. */
  revert(id: string, paths: string[]): Observable<LiveFolderSettled> {
    return this.#http.post<LiveFolderSettled>(routes.liveFolderRevert(id), { paths });
  }

  /** `POST .../override`: these paths as the disk has them. */
  override(id: string, paths: string[]): Observable<LiveFolderSettled> {
    return this.#http.post<LiveFolderSettled>(routes.liveFolderOverride(id), { paths });
  }

  /** `GET .../held`: deletions that wait for an answer. */
  held(id: string): Observable<LiveFolderHoldList> {
    return this.#http.get<LiveFolderHoldList>(routes.liveFolderHeld(id));
  }

  /** `POST .../held/{hold}` */
  answer(id: string, hold: string, action: AnswerHold['action']): Observable<LiveFolderSettled> {
    const body: AnswerHold = { action };
    return this.#http.post<LiveFolderSettled>(routes.liveFolderHold(id, hold), body);
  }

  /** `GET .../issues` */
  issues(id: string, page: { cursor?: string; limit?: number } = {}): Observable<LiveFolderIssuePage> {
    return this.#http.get<LiveFolderIssuePage>(routes.liveFolderIssues(id), { params: { ...page } });
  }

  /** `GET .../trash` */
  trash(id: string, page: { cursor?: string; limit?: number } = {}): Observable<LiveFolderTrashPage> {
    return this.#http.get<LiveFolderTrashPage>(routes.liveFolderTrash(id), { params: { ...page } });
  }

  /** `POST .../trash`: a file goes back to where it was, over no other. */
  restore(id: string, entry: string): Observable<RestoredFromTrash> {
    return this.#http.post<RestoredFromTrash>(routes.liveFolderTrash(id), { id: entry });
  }

  /** `DELETE .../trash`: all of it, for good; what was removed. Not sent again: the second answer would count nothing. */
  emptyTrash(id: string): Observable<LiveFolderCount> {
    return this.#http.delete<LiveFolderCount>(routes.liveFolderTrash(id), { context: once() });
  }
}

function again(): HttpContext {
  return new HttpContext().set(IDEMPOTENT, true);
}

function once(): HttpContext {
  return new HttpContext().set(IDEMPOTENT, false);
}
