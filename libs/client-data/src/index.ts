/**
 * The console's way to its node: typed REST clients, the live event stream, the session, one retry policy.
 * Guarantees: every failed call is an `ApiProblem` in plain language; only calls that may be sent twice are retried;
 * events arrive in order and once. No components. Source only: Angular's compiler reads it through `exports`.
 * Units: bytes, milliseconds.
 */
export { IDEMPOTENT, apiInterceptor } from './api.interceptor.js';
export { EventStream } from './event-stream.js';
export type { ConnectionState, EventSocket, EventStreamComponents, EventStreamOptions } from './event-stream.js';
export { FilesApi } from './api/files-api.js';
export type { ActItem, FileQuery } from './api/files-api.js';
export { FoldersApi } from './api/folders-api.js';
export { LiveFoldersApi } from './api/live-folders-api.js';
export { NodeApi } from './api/node-api.js';
export { PeersApi } from './api/peers-api.js';
export { ApiProblem, problemOf, toApiProblem } from './problem.js';
export type { ProblemFacts } from './problem.js';
export { PROBLEM_MESSAGES } from './problem-messages.js';
export type { ProblemCode, ProblemMessage } from './problem-messages.js';
export { provideClientData } from './provide.js';
export { RETRY, retryPolicy, retryTransient } from './retry-policy.js';
export type { RetryOptions } from './retry-policy.js';
export { Session } from './session.js';
export { SettingsApi } from './api/settings-api.js';
export type { SessionStatus } from './session-state.js';
export { UploadsApi } from './api/uploads-api.js';
export type { Appended } from './api/uploads-api.js';
export type { Seen, UploadSource, UploadStep } from './api/upload-steps.js';
