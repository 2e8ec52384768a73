import type { EventHandshake } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import { MAX_TOPICS_LENGTH, topicsView } from './topics.js';

const MAX_TOKEN_LENGTH = 512;
const MAX_STREAM_LENGTH = 64;

/** `auth` of a handshake, checked field by field. @throws DfsError `validation-failed` */
export function parseHandshake(auth: unknown): EventHandshake {
  if (typeof auth !== 'object' || auth === null || Array.isArray(auth)) throw invalidField('auth', 'must be an object');
  const { token, stream, after, topics, ...unknown } = auth as Record<string, unknown>;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw invalidField(extra.slice(0, 64), 'is not known here: leave it out');
  return {
    ...(token === undefined || token === null ? {} : { token: text('token', token, MAX_TOKEN_LENGTH) }),
    ...(stream === undefined || stream === null ? {} : { stream: text('stream', stream, MAX_STREAM_LENGTH) }),
    ...(after === undefined || after === null ? {} : { after: sequence(after) }),
    ...(topics === undefined || topics === null ? {} : { topics: topicsOf(topics) }),
  };
}

function text(field: string, value: unknown, max: number): string {
  if (typeof value === 'string' && value !== '' && value.length <= max) return value;
  throw invalidField(field, `must be text of 1 to ${max} characters`);
}

function sequence(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidField('after', 'must be a sequence number: an integer, 0 or more');
}

function topicsOf(value: unknown): string {
  const topics = text('topics', value, MAX_TOPICS_LENGTH);
  topicsView(topics);
  return topics;
}
