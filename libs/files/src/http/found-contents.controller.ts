import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { routes, type FileInfo, type FoundContentList } from '@dfs/contracts';
import { FILE_HEADERS } from '../describe/headers.dto.js';
import { PATH_PROBLEMS, Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { answerFile } from './answer/answer-file.js';
import { MoveBody, NoQuery, PageQuery } from './dto/files.dto.js';
import { contentOf, FoundContentParams } from './dto/found-contents.dto.js';
import { FileDto, FoundContentListDto } from './dto/files.schema.dto.js';

/** Bytes on this disk whose names were lost with a database: listed, and given a path or let go by a person. */
@ApiTags('files')
@Controller(routes.foundContents)
export class FoundContentsController {
  constructor(private readonly files: Files) {}

  @Get()
  @ApiOperation({
    operationId: 'listFoundContents',
    summary: 'Contents on this node that no record names',
    description:
      'They lay in packs that were found by a database that did not know them, and take room. None is reclaimed before it is let go here, or its retention of 30 days has passed. The first answer may take a while.',
  })
  @Problems('invalid-cursor')
  @ApiOkResponse({ type: FoundContentListDto })
  list(@Query() query: PageQuery): Promise<FoundContentList> {
    return this.files.foundContents({ ...query });
  }

  @Post(':contentId/adopt')
  @ApiOperation({ operationId: 'adoptFoundContent', summary: 'Make a file of a found content' })
  @Problems(...WRITE_PROBLEMS, ...PATH_PROBLEMS, 'not-found', 'content-unavailable')
  @ApiCreatedResponse({ type: FileDto, headers: FILE_HEADERS })
  async adopt(
    @Param() params: FoundContentParams,
    @Query() _query: NoQuery,
    @Body() { path }: MoveBody,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    return answerFile(response, 201, await this.files.adoptFound(contentOf(params), path));
  }

  @Delete(':contentId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'dropFoundContent',
    summary: 'Let a found content go',
    description: 'Its room is free once everything found in the same packs has a path or was let go.',
  })
  @Problems('not-found')
  @ApiNoContentResponse()
  drop(@Param() params: FoundContentParams, @Query() _query: NoQuery): Promise<void> {
    return this.files.dropFound(contentOf(params));
  }
}
