import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { WEEKDAYS, type ScheduledLimits, type TransferLimits, type Weekday } from '@dfs/contracts';
import { KiB } from '@dfs/runtime';

/** Below it, several transfers at once would each look like a peer that sends nothing. */
const MIN_LIMIT = 64 * KiB;
const RULES = { type: 'integer', maximum: Number.MAX_SAFE_INTEGER, minimum: MIN_LIMIT, nullable: true } as const;
/** Of an hour of the day. */
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;
const TIME_SCHEMA = { type: 'string', pattern: TIME.source } as const;
const NO_TIME = { message: 'must be a time such as 07:30, from 00:00 to 23:59' };
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

/** One entry of the schedule within `PATCH /settings`. A limit that is left out is none. */
@ApiSchema({ name: 'ScheduledLimitsPatch' })
export class ScheduledLimitsBody extends LimitsBody implements Partial<ScheduledLimits> {
  @ApiProperty({
    type: 'string',
    enum: WEEKDAYS,
    isArray: true,
    minItems: 1,
    maxItems: WEEKDAYS.length,
    uniqueItems: true,
    description: 'Days on which it begins.',
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(WEEKDAYS.length)
  @ArrayUnique()
  @IsIn(WEEKDAYS, { each: true })
  days!: Weekday[];

  @ApiProperty({ ...TIME_SCHEMA, description: 'By the clock of the node.' })
  @Matches(TIME, NO_TIME)
  from!: string;

  @ApiProperty({ ...TIME_SCHEMA, description: 'Not included; of the next day where it is not after `from`.' })
  @Matches(TIME, NO_TIME)
  to!: string;
}
