import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { routes, type TransferList } from '@dfs/contracts';
import { NoQuery } from '@dfs/files';
import { Placement } from '@dfs/placement';
import { TransferListDto } from './api.schema.dto.js';

/** The id of a transfer in the address. */
export class TransferParams {
  @ApiProperty()
  @Matches(/^[\w-]{1,64}$/, { message: 'is not the id of a transfer, as GET /transfers tells them' })
  id!: string;
}

/** Routes under `/transfers`. */
@ApiTags('transfers')
@Controller(routes.transfers)
export class TransfersController {
  constructor(private readonly placement: Placement) {}

  @Get()
  @ApiOperation({ operationId: 'listTransfers', summary: 'Running and recent transfers' })
  @ApiOkResponse({ type: TransferListDto })
  list(@Query() _query: NoQuery): TransferList {
    return { items: this.placement.transfers.list() };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'cancelTransfer', summary: 'Cancel a running transfer' })
  @ApiNoContentResponse()
  cancel(@Param() { id }: TransferParams, @Query() _query: NoQuery): void {
    this.placement.transfers.cancel(id);
  }
}
