import { DURABLE_EVENTS, VOLATILE_EVENTS, type EventMap, type EventType } from './events.js';
import { ERROR_STATUS, RETRYABLE_CODES, type ErrorCode } from './error-codes.js';
import { API_PREFIX, routes } from './routes.js';

describe('contracts', () => {
  it('list every event just once, as durable or as volatile', () => {
    // A type that is in the map and in neither list fails to compile here.
    type Listed = (typeof DURABLE_EVENTS)[number] | (typeof VOLATILE_EVENTS)[number];
    const complete: [EventType] extends [Listed] ? true : false = true;
    const all = [...DURABLE_EVENTS, ...VOLATILE_EVENTS];
    expect(complete).toBe(true);
    expect(new Set(all).size).toBe(all.length);
  });

  it('have one shape of files in every event that has files', () => {
    // An event of another shape fails to compile here.
    type FilesOf<T extends EventType> = EventMap[T] extends { files: infer F } ? F : never;
    const alike: [FilesOf<EventType>] extends [readonly { id: string; path: string }[]] ? true : false = true;
    expect(alike).toBe(true);
  });

  it('give every error code a status of the 4xx or 5xx kind', () => {
    for (const [code, status] of Object.entries(ERROR_STATUS)) {
      expect(`${code} ${status >= 400 && status < 600}`).toBe(`${code} true`);
    }
  });

  it('never call an error retryable that the caller has to mend', () => {
    const callers: ErrorCode[] = ['validation-failed', 'invalid-path', 'unauthorized', 'file-not-found', 'last-copy'];
    for (const code of callers) expect(RETRYABLE_CODES.has(code)).toBe(false);
  });

  it('escape ids in paths', () => {
    expect(routes.file('a/../b')).toBe(`${API_PREFIX}/files/a%2F..%2Fb`);
    expect(routes.dhtProviders('x?y')).toBe(`${API_PREFIX}/dht/providers/x%3Fy`);
  });
});
