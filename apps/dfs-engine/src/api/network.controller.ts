import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
  ApiSchema,
} from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import {
  API_PREFIX,
  type InviteInfo,
  type InviteRequest,
  type JoinRequest,
  type MemberRole,
  type NetworkInfo,
  type OwnerRequest,
  type OwnerVotes,
  type ReturnTicketInfo,
  type ReturnTicketRequest,
} from '@dfs/contracts';
import { FIELD, NoQuery, Problems } from '@dfs/files';
import { Peers } from '@dfs/peers';
import { MAX_PEER_ID_LENGTH, MAX_TICKET_LENGTH } from '@dfs/protocol';
import { day, minute, second } from '@dfs/runtime';
import { InviteDto, NetworkDto, OwnerVotesDto, ReturnTicketDto } from './api.schema.dto.js';

const ROLES: MemberRole[] = ['owner', 'member', 'storage'];
const MIN_INVITE_SECONDS = minute / second;
const MAX_INVITE_SECONDS = (30 * day) / second;

/** Body of `POST /network/invites`; `{}` invites a member for the usual time. */
@ApiSchema({ name: 'InviteRequest' })
export class InviteBody implements InviteRequest {
  @ApiPropertyOptional({ enum: ROLES, default: 'member', description: 'The role of the newcomer.' })
  @IsOptional()
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  role?: MemberRole;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: MIN_INVITE_SECONDS,
    maximum: MAX_INVITE_SECONDS,
    description: 'For which the ticket is good.',
  })
  @IsOptional()
  @IsInt()
  @Min(MIN_INVITE_SECONDS)
  @Max(MAX_INVITE_SECONDS)
  expiresInSeconds?: number;
}

/** Body of `POST /network/join`. */
@ApiSchema({ name: 'JoinRequest' })
export class JoinBody implements JoinRequest {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_TICKET_LENGTH,
    description:
      'The ticket that an owner got from POST /network/invites, or a member from POST /network/return-tickets.',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_TICKET_LENGTH)
  ticket!: string;
}

/** Body of `POST /network/return-tickets`. */
@ApiSchema({ name: 'ReturnTicketRequest' })
export class ReturnTicketBody implements ReturnTicketRequest {
  @ApiProperty({
    ...FIELD.text,
    minLength: 1,
    maxLength: MAX_PEER_ID_LENGTH,
    description: 'A member that lost its database.',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PEER_ID_LENGTH)
  peerId!: string;
}

/** Body of `POST /network/owners`. */
@ApiSchema({ name: 'OwnerRequest' })
export class OwnerBody implements OwnerRequest {
  @ApiProperty({ ...FIELD.text, minLength: 1, maxLength: MAX_PEER_ID_LENGTH, description: 'A member of the network.' })
  @IsString()
  @MinLength(1)
  @MaxLength(MAX_PEER_ID_LENGTH)
  peerId!: string;
}

/** Routes under `/network`: invite, join, come back, and make another member an owner. */
@ApiTags('network')
@Controller(`${API_PREFIX}/network`)
export class NetworkController {
  constructor(private readonly peers: Peers) {}

  @Post('invites')
  @ApiOperation({ operationId: 'createInvite', summary: 'Make a ticket that lets one node in' })
  @Problems('not-an-owner', 'conflict', 'network-full')
  @ApiCreatedResponse({ type: InviteDto })
  invite(@Query() _query: NoQuery, @Body() body: InviteBody): Promise<InviteInfo> {
    return this.peers.invite({ ...body });
  }

  @Post('return-tickets')
  @ApiOperation({
    operationId: 'createReturnTicket',
    summary: 'Make a ticket by which a member that lost its database comes back: any member may, and it admits nobody',
  })
  @Problems('peer-not-found', 'conflict', 'not-a-member')
  @ApiCreatedResponse({ type: ReturnTicketDto })
  returnTicket(@Query() _query: NoQuery, @Body() { peerId }: ReturnTicketBody): ReturnTicketInfo {
    return this.peers.returnTicket(peerId);
  }

  @Post('owners')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'makeOwner',
    summary:
      'Make a member an owner: an owner does so alone, without one more than half of the members, each at its node',
  })
  @Problems('peer-not-found', 'not-a-member', 'not-an-owner', 'conflict', 'clock-skew', 'no-space')
  @ApiOkResponse({ type: OwnerVotesDto })
  makeOwner(@Query() _query: NoQuery, @Body() { peerId }: OwnerBody): Promise<OwnerVotes> {
    return this.peers.makeOwner(peerId);
  }

  @Post('join')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'joinNetwork',
    summary: 'Join the network of a ticket, or come back by a return ticket',
  })
  @Problems(
    'ticket-invalid',
    'ticket-used',
    'ticket-expired',
    'already-member',
    'network-full',
    'has-files',
    'conflict',
    'not-a-member',
    'not-an-owner',
    'peer-unreachable',
    'peer-misbehaved',
    'timeout',
    'too-many-requests',
    'invalid-address',
    'no-space',
    'clock-skew',
  )
  @ApiOkResponse({ type: NetworkDto })
  join(@Query() _query: NoQuery, @Body() { ticket }: JoinBody): Promise<NetworkInfo> {
    return this.peers.join(ticket);
  }
}
