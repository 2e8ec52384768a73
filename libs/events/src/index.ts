/**
 * Events of this node: a durable, numbered event log and its Socket.IO gateway.
 * Guarantees: a durable event is committed with the change it tells of; sequence numbers only grow within a stream;
 * listeners hear in order, after the commit. Does not know who causes events. Time: ISO 8601 UTC.
 */
export { EventLog, type EventLogOptions } from './event-log.js';
export { eventsEntities, eventsMigrations } from './schema.js';
export { EventStreams, streamFrom, type StreamFrom } from './event-streams.js';
export { bothViews, MAX_TOPICS_LENGTH, topicsView } from './topics.js';
export { EventsGateway } from './events.gateway.js';
export { EventsModule } from './events.module.js';
export { EventsSocketAdapter } from './events-socket.adapter.js';
export { SOCKET_PATH } from './socket-problems.js';
export { type ClientPass, type EventsAccess, type EventView } from './events-access.js';
