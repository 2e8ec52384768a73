import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { routes, type Summary } from '@dfs/contracts';
import { callerOf, NoQuery, Problems } from '@dfs/files';
import { NodeSummary } from './node-summary.js';
import { SummaryDto } from './summary.schema.dto.js';

/** The network at a glance. */
@ApiTags('node')
@Controller(routes.summary)
export class SummaryController {
  constructor(private readonly summary: NodeSummary) {}

  @Get()
  @ApiOperation({
    operationId: 'getSummary',
    summary: 'How safe the files are, what can be had now, what fills this node, and what to do',
    description:
      'Two seconds old at most, but for who is here, which counts at once. A key with a prefix sees the sums below it.',
  })
  @Problems()
  @ApiOkResponse({ type: SummaryDto })
  get(@Query() _query: NoQuery, @Req() request: Request): Promise<Summary> {
    return this.summary.of(callerOf(request).prefix);
  }
}
