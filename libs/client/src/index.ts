/**
 * A client of the engine's REST API, generated from the API document: an operation each, its types, and how requests are
 * made (`createClient`). Runs where there is `fetch`; knows no framework.
 * Guarantees: its types are those of the document of this very version. Does not: retry, cache, or speak Socket.IO.
 */
export * from './generated/index.js';
export { createClient } from './generated/client/index.js';
export type { Client } from './generated/client/index.js';
