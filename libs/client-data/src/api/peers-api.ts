import { HttpClient, HttpParams } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import {
  routes,
  type ConnectRequest,
  type InviteInfo,
  type InviteRequest,
  type JoinRequest,
  type NetworkInfo,
  type PeerInfo,
  type PeerList,
} from '@dfs/contracts';
import type { Observable } from 'rxjs';

/** The network and its members. */
@Service()
export class PeersApi {
  readonly #http = inject(HttpClient);

  /** `GET /peers`: members and connections, this node among them. */
  list(): Observable<PeerList> {
    return this.#http.get<PeerList>(routes.peers);
  }

  /** `POST /peers`: dials a member at an address a person typed. */
  connect(address: string): Observable<PeerInfo> {
    const body: ConnectRequest = { address };
    return this.#http.post<PeerInfo>(routes.peers, body);
  }

  /** `DELETE /peers/{peerId}`: out of the network. Refused with `last-copy` unless `confirm`. */
  remove(peerId: string, options: { confirm?: boolean } = {}): Observable<void> {
    const params = options.confirm ? new HttpParams().set('confirm', true) : undefined;
    return this.#http.delete<void>(routes.peer(peerId), { params });
  }

  /** `POST /network/invites`: a ticket that admits one node. */
  invite(request: InviteRequest): Observable<InviteInfo> {
    return this.#http.post<InviteInfo>(routes.invites, request);
  }

  /** `POST /network/join`: leaves the present network for the one of the ticket. */
  join(ticket: string): Observable<NetworkInfo> {
    const body: JoinRequest = { ticket };
    return this.#http.post<NetworkInfo>(routes.join, body);
  }
}
