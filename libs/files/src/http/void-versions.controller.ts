import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type FileInfo, type VoidVersionList } from '@dfs/contracts';
import { ACCEPTED, answerFile, FETCHING } from './answer/answer-file.js';
import { Conditional } from './dto/conditional.dto.js';
import { writePreconditions } from './headers/preconditions.js';
import { FILE_HEADERS } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, PATH_PROBLEMS, Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { NoQuery } from './dto/files.dto.js';
import { VoidVersionParams, VoidVersionsQuery } from './dto/void-versions.dto.js';
import { FileDto, VoidVersionListDto } from './dto/files.schema.dto.js';

/** Versions that members wrote after their removal: listed, and adopted by a person. */
@ApiTags('files')
@Controller(routes.voidVersions)
export class VoidVersionsController {
  constructor(private readonly files: Files) {}

  @Get()
  @ApiOperation({
    operationId: 'listVoidVersions',
    summary: 'Versions that do not count, since their author had been removed',
  })
  @Problems('invalid-cursor')
  @ApiOkResponse({ type: VoidVersionListDto, description: 'Newest first.' })
  list(@Query() query: VoidVersionsQuery): Promise<VoidVersionList> {
    return this.files.voidVersions({ ...query });
  }

  @Post(':version/adopt')
  @HttpCode(200)
  @Conditional()
  @ApiOperation({
    operationId: 'adoptVoidVersion',
    summary: 'Have this node say what a void version said',
    description:
      'It replaces what the void version replaced, and is a conflict with what others have written since. Nothing changes where it is what the path shows.',
  })
  @Problems(...WRITE_PROBLEMS, ...CONTENT_PROBLEMS, ...PATH_PROBLEMS, 'not-found', 'not-an-owner')
  @ApiOkResponse({
    type: FileDto,
    headers: FILE_HEADERS,
    description: 'The file; deleted, when a deletion was adopted.',
  })
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: FETCHING })
  async adopt(
    @Param() { version }: VoidVersionParams,
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const { file, kept } = await this.files.adopt(version, writePreconditions(request.headers));
    return answerFile(response, kept ? 200 : ACCEPTED, file);
  }
}
