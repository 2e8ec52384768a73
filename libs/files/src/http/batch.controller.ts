import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type BatchResults, type LookupResults, type Problem } from '@dfs/contracts';
import { toProblem } from '@dfs/runtime';
import { Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { BatchBody, BatchResultsDto, LookupBody, LookupResultsDto } from './dto/batch.dto.js';
import { NoQuery } from './dto/files.dto.js';
import { LargeJsonBody } from './body/streamed-body.js';

/** One act over many files, and many paths looked up. */
@ApiTags('files')
@Controller(routes.files)
export class BatchController {
  constructor(private readonly files: Files) {}

  @Post('batch')
  @HttpCode(207)
  @LargeJsonBody()
  @ApiOperation({ operationId: 'changeFiles', summary: 'Delete many files as one act' })
  @Problems(...WRITE_PROBLEMS, 'mass-deletion')
  @ApiResponse({ status: 207, type: BatchResultsDto, description: 'A result for each item, in their order.' })
  async batch(
    @Query() _query: NoQuery,
    @Body() { items, confirm }: BatchBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BatchResults> {
    const outcomes = await this.files.removeMany(items, { confirm: confirm === true });
    return {
      results: outcomes.map((outcome) => {
        if (!('error' in outcome)) return { ...outcome, status: 204 };
        const problem = problemOf(outcome.error, request, response);
        return { id: outcome.id, path: outcome.path, status: problem.status, problem };
      }),
    };
  }

  @Post('lookup')
  @HttpCode(200)
  @LargeJsonBody()
  @ApiOperation({ operationId: 'lookUpFiles', summary: 'Which of many paths there are' })
  @Problems()
  @ApiOkResponse({ type: LookupResultsDto, description: 'A result for each path, in their order.' })
  async lookup(
    @Query() _query: NoQuery,
    @Body() { paths }: LookupBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<LookupResults> {
    const found = await this.files.lookUp(paths);
    return {
      results: found.map((one) =>
        'error' in one ? { path: one.path, file: null, problem: problemOf(one.error, request, response) } : one,
      ),
    };
  }
}

function problemOf(error: unknown, request: Request, response: Response): Problem {
  const requestId = String(response.getHeader('X-Request-Id') ?? '');
  return toProblem(error, { requestId, instance: request.path });
}
