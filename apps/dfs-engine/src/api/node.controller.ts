import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { routes, type NodeInfo } from '@dfs/contracts';
import { NoQuery } from '@dfs/files';
import { NodeStatus } from '../node-status.js';
import { NodeDto } from './api.schema.dto.js';

@ApiTags('node')
@Controller(routes.node)
export class NodeController {
  constructor(private readonly status: NodeStatus) {}

  @Get()
  @ApiOperation({ operationId: 'getNode', summary: 'This node' })
  @ApiOkResponse({ type: NodeDto })
  get(@Query() _query: NoQuery): Promise<NodeInfo> {
    return this.status.info();
  }
}
