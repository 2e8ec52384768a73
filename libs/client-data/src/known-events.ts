import { DURABLE_EVENTS, VOLATILE_EVENTS, type AnyEvent } from '@dfs/contracts';

const KNOWN: ReadonlySet<string> = new Set<string>([...DURABLE_EVENTS, ...VOLATILE_EVENTS]);

/** Whether this page has words for an event: a newer node may tell of others, which are passed over. */
export function isKnownEvent(event: { readonly type: string }): event is AnyEvent {
  return KNOWN.has(event.type);
}
