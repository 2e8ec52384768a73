import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AnyEvent } from '@dfs/contracts';
import type { Unsubscribe } from '@dfs/runtime';

/** Access to events: the application decides, the gateway asks. */
export interface EventsAccess {
  /** At every request of a connection, before anything else. @throws DfsError `host-refused`, `origin-refused`, `bad-request` */
  checkRequest(request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>): void;
  /**
   * At the handshake; `address` is that of the client.
   * @throws DfsError `unauthorized`, `origin-refused`
   */
  checkClient(headers: IncomingHttpHeaders, token: string | undefined, address: string): Promise<ClientPass>;
}

/** The part of an event that a client sees: all of it, some, or nothing. */
export type EventView = (event: AnyEvent) => AnyEvent | undefined;

/** The credential that let a client in. */
export interface ClientPass {
  /** Calls the listener once, when the pass is good no more: at once if that was before. */
  onEnd(listener: () => void): Unsubscribe;
  /** Everything when left out. */
  view?: EventView;
}

/** Injection token of EventsAccess. */
export const EVENTS_ACCESS = Symbol('EVENTS_ACCESS');
/** Injection token of the Log the gateway writes to. */
export const EVENTS_LOG = Symbol('EVENTS_LOG');
