import { DURABLE_EVENTS, VOLATILE_EVENTS, type EventType } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import type { EventView } from './events-access.js';

const TYPES: readonly EventType[] = [...DURABLE_EVENTS, ...VOLATILE_EVENTS];
/** The part before the dot of their names. */
const FAMILIES = new Set(TYPES.map(familyOf));
const MAX_TOPICS = 64;

/** Longer ones name something twice. */
export const MAX_TOPICS_LENGTH = 1024;

/**
 * Topics as a client names them: types of events, or families of them (`file`, `peer`), with commas between them.
 * @returns what of an event concerns them: all of it, or nothing
 * @throws DfsError `validation-failed`
 */
export function topicsView(text: string): EventView {
  const topics = text.split(',').map((topic) => topic.trim());
  if (topics.length > MAX_TOPICS) throw invalidField('topics', `must name at most ${MAX_TOPICS} topics`);
  for (const topic of topics) {
    if (FAMILIES.has(topic) || (TYPES as readonly string[]).includes(topic)) continue;
    const known = [...FAMILIES].join(', ');
    throw invalidField('topics', `must be types of events such as file.uploaded, or one of ${known}`);
  }
  const wanted = new Set(topics);
  return (event) => (wanted.has(event.type) || wanted.has(familyOf(event.type)) ? event : undefined);
}

/** Events that pass both. */
export function bothViews(one: EventView | undefined, other: EventView | undefined): EventView | undefined {
  if (!one || !other) return one ?? other;
  return (event) => {
    const seen = one(event);
    return seen && other(seen);
  };
}

function familyOf(type: EventType): string {
  return type.slice(0, type.indexOf('.'));
}
