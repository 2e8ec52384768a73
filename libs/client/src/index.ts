/**
 * A client of one node, without any framework: for the command line, and for programs in Node or a browser. The operations and
 * their types are generated from the API document; the hand-written `DfsClient` is what a document cannot say: streams, forms, pages.
 * Guarantees: its types are those of the document of this very version; an answer that is a problem fails with `DfsProblem` and its
 * stable code; bytes are streamed, never gathered; events that are followed come once and in order. Does not: retry anything but
 * the stream of events, cache, or speak Socket.IO. Units: bytes, milliseconds.
 */
export * from './generated/index.js';
export { createClient } from './generated/client/index.js';
export type { Client } from './generated/client/index.js';
export { DfsClient, type DfsClientOptions, type EventsRead } from './client.js';
export type { Bytes, Content, Expected, GetOptions, PutOptions, Stored, Told, Where } from './contents.js';
export type { EventPosition, Followed, FollowOptions } from './follow.js';
export { DfsProblem } from './problem.js';
