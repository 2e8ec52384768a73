import { Controller, Delete, Get, HttpCode, Query, Req, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes } from '@dfs/contracts';
import { Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { callerOf, removalOf } from './caller.js';
import { Conditional } from './dto/conditional.dto.js';
import { Content } from './dto/content.dto.js';
import { ContentByPathQuery, RemoveByPathQuery } from './dto/files.dto.js';
import { writePreconditions } from './headers/preconditions.js';
import { makeInert } from './answer/send-content.js';
import { sendFile } from './answer/send-file.js';

/** Files by their paths, as they are by their ids: for clients that know no ids. */
@ApiTags('files')
@Controller(routes.filesContent)
export class PathsController {
  constructor(private readonly files: Files) {}

  @Get()
  @Content()
  @ApiOperation({ operationId: 'getContentByPath', summary: 'The bytes of the file at a path, whole or a range' })
  @Problems('invalid-path')
  async content(
    @Query() { path, ...query }: ContentByPathQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    makeInert(response);
    await sendFile(this.files, await this.files.idOf(path), query, request, response);
  }

  @Delete()
  @HttpCode(204)
  @Conditional()
  @ApiOperation({ operationId: 'deleteByPath', summary: 'Delete the file at a path everywhere' })
  @Problems(...WRITE_PROBLEMS, 'invalid-path', 'file-not-found', 'mass-deletion', 'not-an-owner')
  @ApiNoContentResponse()
  async remove(@Query() { path, ...query }: RemoveByPathQuery, @Req() request: Request): Promise<void> {
    const options = removalOf(query, callerOf(request));
    await this.files.remove(await this.files.idOf(path), { ...options, ...writePreconditions(request.headers) });
  }
}
