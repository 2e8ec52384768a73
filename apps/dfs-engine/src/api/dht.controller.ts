import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import type { Response } from 'express';
import { routes, type DhtInfo, type ProviderList } from '@dfs/contracts';
import { ProvideQueue } from '@dfs/dht';
import { FIELD, NoQuery, Problems, goneSignal } from '@dfs/files';
import { Peers } from '@dfs/peers';
import { DfsError, second } from '@dfs/runtime';
import { isCid } from '@dfs/protocol';
import { DhtDto, ProviderListDto } from './api.schema.dto.js';

const MAX_CID_LENGTH = 128;
/** A look-up that has not ended by then tells what it has found. */
const LOOK_UP_TIME = 10 * second;

/** A content id in the address, parsed where it is used. */
export class ContentParams {
  @ApiProperty({ ...FIELD.text, maxLength: MAX_CID_LENGTH, description: 'A content id: a CIDv1 in lower case.' })
  @IsString()
  @MaxLength(MAX_CID_LENGTH)
  contentId!: string;
}

/** Routes under `/dht`: for people who want to know, since nothing else asks it. */
@ApiTags('dht')
@Controller(routes.dht)
export class DhtController {
  constructor(
    private readonly dht: ProvideQueue,
    private readonly peers: Peers,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getDht', summary: 'The distributed hash table, as this node sees it' })
  @Problems()
  @ApiOkResponse({ type: DhtDto })
  info(@Query() _query: NoQuery): Promise<DhtInfo> {
    return this.dht.info();
  }

  @Get('providers/:contentId')
  @ApiOperation({ operationId: 'listProviders', summary: 'Holders of a content, by the word of the DHT' })
  @Problems('peer-unreachable', 'timeout')
  @ApiOkResponse({ type: ProviderListDto })
  async providers(
    @Param() { contentId }: ContentParams,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ProviderList> {
    if (!isCid(contentId)) {
      throw new DfsError('bad-request', 'That is not a content id: expected a CIDv1 such as bafkrei… in lower case.');
    }
    const signal = AbortSignal.any([goneSignal(response), AbortSignal.timeout(LOOK_UP_TIME)]);
    const found = await this.dht.providers(contentId, { signal });
    return {
      contentId,
      providers: found.map(({ peerId, addresses }) => ({ peerId, name: this.peers.nameOf(peerId) ?? null, addresses })),
    };
  }
}
