import { Body, Controller, Get, Patch, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiPropertyOptional, ApiTags, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { MAX_SCHEDULED_LIMITS, routes, type Settings, type SettingsPatch } from '@dfs/contracts';
import { FIELD, NameText, NoQuery, Problems } from '@dfs/files';
import { MAX_HEARTBEAT_PERIOD, Membership, Peers } from '@dfs/peers';
import { day, MiB, second } from '@dfs/runtime';
import { MAX_NAME_LENGTH } from '@dfs/protocol';
import { NodeSettings } from '../node/node-settings.js';
import { SettingsDto } from './api.schema.dto.js';
import { LimitsBody, ScheduledLimitsBody } from './limits.dto.js';

const MAX_REPLICAS = 64;
const MIN_QUOTA = 16 * MiB;
const MAX_GRACE = (30 * day) / second;
const TEN_YEARS = 315_360_000;
const MAX_VERSIONS = 1000;
const MAX_SYNC_PERIOD = MAX_HEARTBEAT_PERIOD / second;

/** Body of `PATCH /settings`. Fields that are left out stay as they are. */
@ApiSchema({ name: 'SettingsPatch' })
export class SettingsBody implements SettingsPatch {
  @ApiPropertyOptional({ ...FIELD.text, maxLength: MAX_NAME_LENGTH, description: 'Of the node.' })
  @IsOptional()
  @NameText()
  name?: string;

  @ApiPropertyOptional({
    ...FIELD.text,
    maxLength: MAX_NAME_LENGTH,
    description: 'Of the network: an owner may change it.',
  })
  @IsOptional()
  @NameText()
  networkName?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_REPLICAS,
    description: 'Copies wanted of everything. Of the network: an owner may change it.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_REPLICAS)
  replicas?: number;

  @ApiPropertyOptional({
    type: 'integer',
    maximum: Number.MAX_SAFE_INTEGER,
    minimum: MIN_QUOTA,
    description: 'Bytes this node may store.',
  })
  @IsOptional()
  @IsInt()
  @Min(MIN_QUOTA)
  @Max(Number.MAX_SAFE_INTEGER)
  quotaBytes?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_GRACE,
    description: 'Without a heartbeat, after which a member no longer counts. Of the network: an owner may change it.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_GRACE)
  graceSeconds?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: TEN_YEARS,
    description: 'For which content is kept that was replaced or deleted. Of the network: an owner may change it.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(TEN_YEARS)
  retentionSeconds?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_VERSIONS,
    description:
      'Newest versions of a file that are kept however old they are. Of the network: an owner may change it.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_VERSIONS)
  retainedVersions?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_SYNC_PERIOD,
    description:
      'Between two heartbeats, by which members find out what differs; a third of the grace where that is shorter. Of the network: an owner may change it.',
  })
  @IsOptional()
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must be at least 1 second' })
  @Max(MAX_SYNC_PERIOD, {
    message: `must be at most ${MAX_SYNC_PERIOD} seconds: members tell of themselves each minute`,
  })
  syncPeriodSeconds?: number;

  @ApiPropertyOptional({ type: LimitsBody, description: 'Bytes a second that this node moves at most.' })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => LimitsBody)
  limits?: LimitsBody;

  @ApiPropertyOptional({
    type: [ScheduledLimitsBody],
    maxItems: MAX_SCHEDULED_LIMITS,
    description:
      'Limits that take the place of `limits` at some times of the week: of those that cover a moment, the first. It takes the place of the whole schedule.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_SCHEDULED_LIMITS)
  @ValidateNested({ each: true })
  @Type(() => ScheduledLimitsBody)
  limitSchedule?: ScheduledLimitsBody[];
}

/** Route `/settings`: those of the node take effect here, those of the network become a signed record. */
@ApiTags('settings')
@Controller(routes.settings)
export class SettingsController {
  constructor(
    private readonly settings: NodeSettings,
    private readonly membership: Membership,
    private readonly peers: Peers,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getSettings', summary: 'Settings of this node and its network' })
  @Problems()
  @ApiOkResponse({ type: SettingsDto })
  get(@Query() _query: NoQuery): Settings {
    return this.settings.read(this.membership);
  }

  @Patch()
  @ApiOperation({
    operationId: 'changeSettings',
    summary: 'Change settings of this node or, as an owner, of the network',
  })
  @Problems('not-an-owner', 'conflict', 'clock-skew', 'no-space')
  @ApiOkResponse({ type: SettingsDto })
  change(@Query() _query: NoQuery, @Body() body: SettingsBody): Promise<Settings> {
    return this.settings.change({ ...body }, this.membership, this.peers);
  }
}
