import { HttpClient } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type KeyInfo,
  type KeyList,
  type KeyRequest,
  type MadeKey,
  type SessionInfo,
  type SessionList,
  type Settings,
  type SettingsPatch,
} from '@dfs/contracts';
import { map, type Observable } from 'rxjs';

/** Settings of this node and of its network, and who may use the node. */
@Service()
export class SettingsApi {
  readonly #http = inject(HttpClient);

  /** `GET /settings` */
  read(): Observable<Settings> {
    return this.#http.get<Settings>(routes.settings);
  }

  /** `PATCH /settings`: what is left out stays as it is. */
  change(patch: SettingsPatch): Observable<Settings> {
    return this.#http.patch<Settings>(routes.settings, patch);
  }

  /** `GET /sessions`: browsers that are signed in. */
  sessions(): Observable<SessionInfo[]> {
    return this.#http.get<SessionList>(routes.sessions).pipe(map(({ items }) => items));
  }

  /** `DELETE /sessions/{id}` */
  endSession(id: string): Observable<void> {
    return this.#http.delete<void>(routes.sessionById(id));
  }

  /** `GET /keys` */
  keys(): Observable<KeyInfo[]> {
    return this.#http.get<KeyList>(routes.keys).pipe(map(({ items }) => items));
  }

  /** `POST /keys`: the secret is told this once. */
  makeKey(request: KeyRequest): Observable<MadeKey> {
    return this.#http.post<MadeKey>(routes.keys, request);
  }

  /** `DELETE /keys/{id}`: ends what runs under it. */
  revokeKey(id: string): Observable<void> {
    return this.#http.delete<void>(routes.key(id));
  }
}
