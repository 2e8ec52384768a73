import { Controller, Delete, Get, HttpCode, Param, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { Request } from 'express';
import { routes, type TransferList } from '@dfs/contracts';
import { callerOf, FIELD, NoQuery, Problems } from '@dfs/files';
import { Placement } from '@dfs/placement';
import { TransferListDto } from './api.schema.dto.js';

const TRANSFER_ID = /^[\w-]{1,64}$/;

/** The id of a transfer in the address. */
export class TransferParams {
  @ApiProperty({ ...FIELD.text, pattern: TRANSFER_ID.source, description: 'As GET /transfers tells it.' })
  @Matches(TRANSFER_ID, { message: 'is not the id of a transfer, as GET /transfers tells them' })
  id!: string;
}

/** Routes under `/transfers`. */
@ApiTags('transfers')
@Controller(routes.transfers)
export class TransfersController {
  constructor(private readonly placement: Placement) {}

  @Get()
  @ApiOperation({
    operationId: 'listTransfers',
    summary: 'Running and recent transfers',
    description: 'A key with a prefix sees the acts that it has begun.',
  })
  @Problems()
  @ApiOkResponse({ type: TransferListDto })
  list(@Query() _query: NoQuery, @Req() request: Request): TransferList {
    const { key, prefix } = callerOf(request);
    return { items: this.placement.transfers.list(prefix === '' || key === null ? undefined : key) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'cancelTransfer',
    summary: 'Cancel a running transfer',
    description: 'A key with a prefix, or without the scope admin, cancels the acts that it has begun.',
  })
  @Problems('transfer-not-found')
  @ApiNoContentResponse()
  cancel(@Param() { id }: TransferParams, @Query() _query: NoQuery, @Req() request: Request): Promise<void> {
    const { key, prefix, scope } = callerOf(request);
    const isOfAll = prefix === '' && scope === 'admin';
    return this.placement.transfers.cancel(id, isOfAll || key === null ? undefined : key);
  }
}
