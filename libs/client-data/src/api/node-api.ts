import { HttpClient, HttpContext, HttpParams } from '@angular/common/http';
import { Service, inject } from '@angular/core';
import { routes, type EventPage, type NodeInfo, type Summary, type TransferList } from '@dfs/contracts';
import { map, type Observable } from 'rxjs';
import { IDEMPOTENT } from '../api.interceptor.js';
import { isKnownEvent } from '../known-events.js';

/** This node: what it is, what happened on it, what it is moving. */
@Service()
export class NodeApi {
  readonly #http = inject(HttpClient);

  /** `GET /node` */
  info(): Observable<NodeInfo> {
    return this.#http.get<NodeInfo>(routes.node);
  }

  /** `GET /node`, once: whether the node is there. */
  probe(): Observable<NodeInfo> {
    return this.#http.get<NodeInfo>(routes.node, { context: new HttpContext().set(IDEMPOTENT, false) });
  }

  /** `GET /summary`: how safe the files are, what can be had, and what to do. */
  summary(): Observable<Summary> {
    return this.#http.get<Summary>(routes.summary);
  }

  /** `GET /events`: past events with a number above `after`, oldest first, as far as this page knows their types. */
  events(after: number): Observable<EventPage> {
    return this.#http
      .get<EventPage>(routes.events, { params: new HttpParams().set('after', Math.max(0, after)) })
      .pipe(map((page) => ({ ...page, items: page.items.filter(isKnownEvent) })));
  }

  /** `GET /transfers`: running and recent ones. */
  transfers(): Observable<TransferList> {
    return this.#http.get<TransferList>(routes.transfers);
  }

  /** `DELETE /transfers/{id}` */
  cancelTransfer(id: string): Observable<void> {
    return this.#http.delete<void>(routes.transfer(id));
  }
}
