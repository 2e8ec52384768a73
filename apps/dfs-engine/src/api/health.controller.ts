import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Health } from '@dfs/contracts';
import { NoQuery, Problems } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import { NodeHealth } from '../node/node-health.js';
import { HealthDto } from './api.schema.dto.js';

/** Routes `/health/live` and `/health/ready`, open to all: no names, no addresses, no paths. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: NodeHealth) {}

  @Get('live')
  @ApiOperation({ operationId: 'isLive', summary: 'The process runs', security: [] })
  @Problems()
  @ApiOkResponse({ type: HealthDto })
  live(@Query() _query: NoQuery): Health {
    return { status: 'ok', checks: [] };
  }

  @Get('ready')
  @ApiOperation({ operationId: 'isReady', summary: 'The node serves; its checks tell how well', security: [] })
  @Problems()
  @ApiOkResponse({ type: HealthDto })
  async ready(@Query() _query: NoQuery): Promise<Health> {
    const health = await this.health.check();
    if (health.status !== 'unavailable') return health;
    const failed = health.checks.filter((check) => !check.ok).map((check) => check.detail);
    throw new DfsError('not-ready', `The node cannot serve now. ${failed.join(' ')}`);
  }
}
