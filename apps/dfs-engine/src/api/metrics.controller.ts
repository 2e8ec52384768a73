import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { NoQuery, Problems } from '@dfs/files';
import { NodeMetrics } from '../node/node-metrics.js';

/** Route `/metrics`, for those with the token. */
@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: NodeMetrics) {}

  @Get()
  @ApiOperation({ operationId: 'getMetrics', summary: 'Figures for Prometheus' })
  @Problems()
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  async get(@Query() _query: NoQuery, @Res() response: Response): Promise<void> {
    const text = await this.metrics.text();
    response.setHeader('Content-Type', this.metrics.contentType);
    response.send(text);
  }
}
