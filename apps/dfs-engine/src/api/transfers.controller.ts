import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { routes, type TransferList } from '@dfs/contracts';
import { FIELD, NoQuery, Problems } from '@dfs/files';
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
  @ApiOperation({ operationId: 'listTransfers', summary: 'Running and recent transfers' })
  @Problems()
  @ApiOkResponse({ type: TransferListDto })
  list(@Query() _query: NoQuery): TransferList {
    return { items: this.placement.transfers.list() };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'cancelTransfer', summary: 'Cancel a running transfer' })
  @Problems('transfer-not-found')
  @ApiNoContentResponse()
  cancel(@Param() { id }: TransferParams, @Query() _query: NoQuery): void {
    this.placement.transfers.cancel(id);
  }
}
