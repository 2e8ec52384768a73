import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type BatchOp, type BatchResults, type LookupResults } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import { Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import type { MatchingOp } from '../write/batch-matching.js';
import { ACCEPTED } from './answer/answer-file.js';
import { problemOf } from './answer/problem-of.js';
import { BatchBody, BatchItemBody, BatchResultsDto, LookupBody, LookupResultsDto } from './dto/batch.dto.js';
import { NoQuery, type FilterBody } from './dto/files.dto.js';
import { callerOf, requireAdmin } from './caller.js';
import { LargeJsonBody } from './body/streamed-body.js';

/** One act over many files, and many paths looked up. */
@ApiTags('files')
@Controller(routes.files)
export class BatchController {
  constructor(private readonly files: Files) {}

  @Post('batch')
  @HttpCode(207)
  @LargeJsonBody()
  @ApiOperation({ operationId: 'changeFiles', summary: 'Change many files as one act' })
  @Problems(...WRITE_PROBLEMS, 'mass-deletion', 'not-an-owner', 'invalid-cursor')
  @ApiResponse({ status: 207, type: BatchResultsDto, description: 'A result for each item, in their order.' })
  @ApiAcceptedResponse({ type: BatchResultsDto, description: 'Very many files match: it goes on as a transfer.' })
  async batch(
    @Query() _query: NoQuery,
    @Body() { op, items, filter, confirm = false }: BatchBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<BatchResults> {
    const by = callerOf(request);
    if (op === 'purge') requireAdmin(by);
    const done = items
      ? await this.files.changeMany(op, only(items, filter), { confirm, by })
      : await this.files.changeMatching(...matching(op, filter), { confirm, by });
    if ('transfer' in done) {
      response.status(ACCEPTED);
      return { act: done.act, results: [], transfer: done.transfer };
    }
    return {
      act: done.act,
      results: done.outcomes.map((outcome) => {
        if (!('error' in outcome)) {
          const { kept, ...told } = outcome;
          return { ...told, status: kept ? STATUS[op] : ACCEPTED };
        }
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

/** Of one that was done. */
const STATUS: Record<BatchOp, number> = { delete: 204, purge: 204, restore: 200, choose: 200, move: 201, copy: 201 };

function only(items: BatchItemBody[], filter: FilterBody | undefined): BatchItemBody[] {
  if (filter === undefined) return items;
  throw invalidField('filter', 'goes without items: name the files, or what they have in common');
}

function matching(op: BatchOp, filter: FilterBody | undefined): [MatchingOp, FilterBody] {
  if (filter === undefined) throw invalidField('items', 'name the files, or give a filter');
  if (op !== 'move' && op !== 'copy') return [op, { ...filter }];
  throw invalidField('filter', `goes not with ${op}: name the files with their new paths, or use /folders/${op}`);
}
