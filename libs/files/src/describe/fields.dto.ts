import type { ApiPropertyOptions } from '@nestjs/swagger';
import { ERROR_STATUS, REACHES, REPLICATION_STATES } from '@dfs/contracts';
import { MAX_PATH_BYTES } from '@dfs/protocol';

/**
 * Kinds of fields, as the API document describes them. Each says its type: one left to emitted metadata would differ between the
 * compilers that build the engine and run its tests. `@ApiProperty({ ...FIELD.count, description: '…' })`
 */
export const FIELD = {
  text: { type: 'string' },
  flag: { type: 'boolean' },
  /** ISO 8601 in UTC. */
  moment: { type: 'string', format: 'date-time', example: '2026-11-22T12:00:00.000Z' },
  /** Also any other large whole number. No `int64`: it is a number of JavaScript, and generated clients would make another of it. */
  bytes: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  count: { type: 'integer', minimum: 0 },
  /** Bytes a second, seconds with a fraction. */
  number: { type: 'number', minimum: 0 },
  path: { type: 'string', maxLength: MAX_PATH_BYTES, example: 'photos/2026/a.jpg' },
  errorCode: { enum: Object.keys(ERROR_STATUS), enumName: 'ErrorCode' },
  replicationState: { enum: [...REPLICATION_STATES], enumName: 'ReplicationState' },
  reach: {
    enum: [...REACHES],
    enumName: 'Reach',
    description: 'Whether the copies that can be had now reach the target: all of it, less, or none at all.',
  },
  /** Pairs of a client's own. */
  meta: { type: 'object', additionalProperties: { type: 'string' } },
} as const satisfies Record<string, ApiPropertyOptions>;
