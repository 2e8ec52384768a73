import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags, ApiSchema } from '@nestjs/swagger';
import { Equals } from 'class-validator';
import { routes, type ClockRequest, type NodeInfo } from '@dfs/contracts';
import { NoQuery, Problems } from '@dfs/files';
import { Peers } from '@dfs/peers';
import { NodeStatus } from '../node/node-status.js';
import { NodeDto } from './api.schema.dto.js';

/** Body of `POST /node/clock`. There is no false: a clock that is wrong is set, not told. */
@ApiSchema({ name: 'ClockRequest' })
export class ClockBody implements ClockRequest {
  @ApiProperty({
    enum: [true],
    description: 'The clock of this machine is right, whatever those of other members show.',
  })
  @Equals(true, { message: 'must be true: set a wrong clock on its machine' })
  right!: true;
}

/** Routes under `/node`. */
@ApiTags('node')
@Controller(routes.node)
export class NodeController {
  constructor(
    private readonly status: NodeStatus,
    private readonly peers: Peers,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getNode', summary: 'This node' })
  @Problems()
  @ApiOkResponse({ type: NodeDto })
  get(@Query() _query: NoQuery): Promise<NodeInfo> {
    return this.status.info();
  }

  @Post('clock')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'confirmClock',
    summary: 'Say that the clock of this node is right',
    description: 'Writing goes on, although most members show another time, until the clock is set again.',
  })
  @Problems()
  @ApiNoContentResponse()
  clock(@Body() _body: ClockBody, @Query() _query: NoQuery): void {
    this.peers.trustClock();
  }
}
