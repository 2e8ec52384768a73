import type { IncomingHttpHeaders } from 'node:http';

/** Who may listen: decided by the application, asked by the gateway. */
export interface EventsAccess {
  /** At every request of a connection, before anything else. @throws DfsError `host-refused`, `origin-refused` */
  checkRequest(headers: IncomingHttpHeaders): void;
  /** At the handshake. @throws DfsError `unauthorized`, `origin-refused` */
  checkClient(headers: IncomingHttpHeaders, token: string | undefined): void;
}

/** Injection token of EventsAccess. */
export const EVENTS_ACCESS = Symbol('EVENTS_ACCESS');
/** Injection token of the Log the gateway writes to. */
export const EVENTS_LOG = Symbol('EVENTS_LOG');
