import { ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsInt, Max, Min, ValidateIf } from 'class-validator';
import type { TransferLimits } from '@dfs/contracts';
import { KiB } from '@dfs/runtime';

/** Below it, several transfers at once would each look like a peer that sends nothing. */
const MIN_LIMIT = 64 * KiB;
const RULES = { type: 'integer', maximum: Number.MAX_SAFE_INTEGER, minimum: MIN_LIMIT, nullable: true } as const;
const isGiven = (_body: unknown, value: unknown): boolean => value !== null && value !== undefined;

/** Limits within `PATCH /settings`: one that is left out stays, null takes it away. */
@ApiSchema({ name: 'TransferLimitsPatch' })
export class LimitsBody implements Partial<TransferLimits> {
  @ApiPropertyOptional({ ...RULES, description: 'Of file contents to all peers together; null for no limit.' })
  @ValidateIf(isGiven)
  @IsInt()
  @Min(MIN_LIMIT)
  @Max(Number.MAX_SAFE_INTEGER)
  uploadBytesPerSecond?: number | null;

  @ApiPropertyOptional({ ...RULES, description: 'Of file contents from all peers together; null for no limit.' })
  @ValidateIf(isGiven)
  @IsInt()
  @Min(MIN_LIMIT)
  @Max(Number.MAX_SAFE_INTEGER)
  downloadBytesPerSecond?: number | null;
}
