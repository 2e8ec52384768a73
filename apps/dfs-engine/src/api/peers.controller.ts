import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
  ApiSchema,
} from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import type { Response } from 'express';
import { routes, type ConnectRequest, type PeerInfo, type PeerList, type TransferInfo } from '@dfs/contracts';
import { FIELD, NoQuery, Problems, TransferDto } from '@dfs/files';
import { Peers } from '@dfs/peers';
import { DfsError } from '@dfs/runtime';
import { MAX_PEER_ID_LENGTH, normalisePeerId } from '@dfs/protocol';
import { Removals } from '../removals/removals.js';
import { PeerDto, PeerListDto } from './api.schema.dto.js';

const MAX_ADDRESS_LENGTH = 512;

/** Body of `POST /peers`. */
@ApiSchema({ name: 'ConnectRequest' })
export class ConnectBody implements ConnectRequest {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_ADDRESS_LENGTH,
    example: '/ip4/192.168.1.20/tcp/4001',
    description: 'A multiaddr, with or without /p2p/<peer id>.',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_ADDRESS_LENGTH)
  address!: string;
}

/** A peer id in the address, parsed where it is used. */
export class PeerParams {
  @ApiProperty({
    ...FIELD.text,
    maxLength: MAX_PEER_ID_LENGTH,
    description: 'Peer id of a member, as GET /peers tells it.',
  })
  @IsString()
  @MaxLength(MAX_PEER_ID_LENGTH)
  peerId!: string;
}

/** Query of `DELETE /peers/{peerId}`. */
export class RemovePeerQuery {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Also when the member alone holds something.' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  confirm?: 'true' | 'false';

  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'Move its data to others first.' })
  @IsOptional()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  drain?: 'true' | 'false';
}

/** Routes under `/peers`: members, connecting to them, removing them. */
@ApiTags('peers')
@Controller(routes.peers)
export class PeersController {
  constructor(
    private readonly peers: Peers,
    private readonly removals: Removals,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listPeers', summary: 'Members of the network, and whether they are here' })
  @Problems()
  @ApiOkResponse({ type: PeerListDto })
  list(@Query() _query: NoQuery): PeerList {
    return { items: this.peers.list() };
  }

  @Post()
  @HttpCode(200)
  @ApiOperation({ operationId: 'connectPeer', summary: 'Connect to a member by its address' })
  @Problems(
    'invalid-address',
    'peer-unreachable',
    'peer-misbehaved',
    'not-a-member',
    'timeout',
    'too-many-requests',
    'conflict',
  )
  @ApiOkResponse({ type: PeerDto })
  connect(@Query() _query: NoQuery, @Body() { address }: ConnectBody): Promise<PeerInfo> {
    return this.peers.connect(address.trim());
  }

  @Delete(':peerId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'removePeer', summary: 'Remove a member from the network' })
  @Problems(
    'peer-not-found',
    'not-an-owner',
    'last-copy',
    'conflict',
    'no-space',
    'timeout',
    'peer-unreachable',
    'clock-skew',
  )
  @ApiNoContentResponse({ description: 'It is removed.' })
  @ApiAcceptedResponse({
    type: TransferDto,
    description: 'It is being emptied: the transfer to follow under /transfers. The member is removed at its end.',
  })
  async remove(
    @Param() params: PeerParams,
    @Query() { confirm, drain }: RemovePeerQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TransferInfo | undefined> {
    const peerId = normalisePeerId(params.peerId);
    if (!this.peers.list().some((peer) => peer.peerId === peerId)) {
      throw new DfsError('peer-not-found', 'No member of this network has that peer id.');
    }
    const transfer = await this.removals.remove(peerId, { confirm: confirm === 'true', drain: drain === 'true' });
    if (transfer) response.status(202);
    return transfer;
  }
}
