import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '@dfs/contracts';

const KEY = 'x-problems';
const SHARED = 'x-problems-shared';

/**
 * Lists the problems that an operation can answer with beside those of every operation (`documents.ts` of the engine adds them:
 * a malformed or unknown parameter, access, the body, a node that is not ready). Every operation has it, if with no codes:
 * a test refuses one without. Several add up.
 */
export function Problems(...codes: ErrorCode[]): MethodDecorator {
  // A key of its own for each use: the first one would win otherwise.
  return ApiExtension(`${KEY} ${codes.join(' ')}`, { codes }) as MethodDecorator;
}

/** The same for what a handler shares with others, such as conditions: it needs `Problems` of its own all the same. */
export function SharedProblems(...codes: ErrorCode[]): MethodDecorator {
  return ApiExtension(`${SHARED} ${codes.join(' ')}`, { codes }) as MethodDecorator;
}

/** Takes from an operation of the document what `Problems` put there; undefined where it has none. */
export function takeProblems(operation: object): ErrorCode[] | undefined {
  const own = operation as Record<string, unknown>;
  const keys = Object.keys(own).filter((key) => key.startsWith(KEY));
  if (keys.every((key) => key.startsWith(SHARED))) return undefined;
  const codes = keys.flatMap((key) => (own[key] as { codes: ErrorCode[] }).codes);
  for (const key of keys) Reflect.deleteProperty(own, key);
  return [...new Set(codes)];
}

/**
 * Says that answers of these statuses may also come without the body that is described, which OpenAPI has no word for: such as what
 * an upload became, where it is complete at once.
 */
export function OptionalBody(...statuses: string[]): MethodDecorator {
  return ApiExtension('x-optional-body', statuses) as MethodDecorator;
}

/** Problems that every write to the catalogue may meet. */
export const WRITE_PROBLEMS = [
  'read-only-member',
  'clock-skew',
  'cloned',
  'conflict',
  'no-space',
  'quota-exceeded',
] as const satisfies ErrorCode[];

/** Further problems of a write that gives a file a path. */
export const PATH_PROBLEMS = ['invalid-path', 'path-taken', 'path-exists'] as const satisfies ErrorCode[];

/** Problems of bytes that are with other members, or damaged. */
export const CONTENT_PROBLEMS = [
  'content-unavailable',
  'purged',
  'chunk-not-found',
  'chunk-damaged',
  'chunk-unreadable',
  'peer-unreachable',
  'timeout',
] as const satisfies ErrorCode[];
