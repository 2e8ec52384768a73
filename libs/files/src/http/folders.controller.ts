import { Body, Controller, Delete, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type FolderAct, type FolderInfo } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import { CONTENT_PROBLEMS, PATH_PROBLEMS, Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import type { FolderOutcome, RestoreTo } from '../acts/folder-acts.js';
import { Files } from '../files.js';
import { ACCEPTED } from './answer/answer-file.js';
import { callerOf } from './caller.js';
import { NoQuery } from './dto/files.dto.js';
import { FolderDto } from './dto/files.schema.dto.js';
import { FolderActDto, FolderQuery, MoveFolderBody, RemoveFolderQuery, RestoreFolderBody } from './dto/folders.dto.js';

/** Of an answer 202. */
const GOES_ON =
  'It goes on, over restarts too: the transfer to follow is told. Or what came back is not kept here or by enough members yet.';

/** Empty folders, and everything under a path changed as one act. */
@ApiTags('folders')
@Controller(routes.folders)
export class FoldersController {
  constructor(private readonly files: Files) {}

  @Put()
  @ApiOperation({ operationId: 'makeFolder', summary: 'Make an empty folder' })
  @Problems(...WRITE_PROBLEMS, 'invalid-path', 'path-taken')
  @ApiCreatedResponse({ type: FolderDto })
  @ApiOkResponse({ type: FolderDto, description: 'There is a folder of that name already; nothing changed.' })
  async make(@Query() { path }: FolderQuery, @Res({ passthrough: true }) response: Response): Promise<FolderInfo> {
    const { created, folder } = await this.files.folders.make(path);
    response.status(created ? 201 : 200);
    return folder;
  }

  @Delete()
  @ApiOperation({ operationId: 'deleteFolder', summary: 'Delete a folder with everything in it, as one act' })
  @Problems(...WRITE_PROBLEMS, 'invalid-path', 'not-found', 'mass-deletion')
  @ApiOkResponse({ type: FolderActDto })
  @ApiAcceptedResponse({ type: FolderActDto, description: GOES_ON })
  async remove(
    @Query() { path, confirm }: RemoveFolderQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FolderAct> {
    return answer(response, await this.files.folders.remove(path, confirm === 'true', callerOf(request)));
  }

  @Post('move')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'moveFolder',
    summary: 'Give a folder another path, with everything in it, as one act',
    description: 'Nothing moves where a file is in the way or in conflict: the first 100 such paths are named.',
  })
  @Problems(...WRITE_PROBLEMS, ...PATH_PROBLEMS, 'not-found')
  @ApiOkResponse({ type: FolderActDto })
  @ApiAcceptedResponse({ type: FolderActDto, description: GOES_ON })
  async move(
    @Query() _query: NoQuery,
    @Body() { path, to }: MoveFolderBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FolderAct> {
    return answer(response, await this.files.folders.move(path, to, callerOf(request)));
  }

  @Post('copy')
  @HttpCode(200)
  @ApiOperation({ operationId: 'copyFolder', summary: 'Copy a folder with everything in it, as one act' })
  @Problems(...WRITE_PROBLEMS, ...PATH_PROBLEMS, 'not-found')
  @ApiOkResponse({ type: FolderActDto })
  @ApiAcceptedResponse({ type: FolderActDto, description: GOES_ON })
  async copy(
    @Query() _query: NoQuery,
    @Body() { path, to }: MoveFolderBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FolderAct> {
    return answer(response, await this.files.folders.copy(path, to, callerOf(request)));
  }

  @Post('restore')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'restoreFolder',
    summary: 'Undo an act, or bring a folder back as it was at a time',
    description:
      'Files that were not there then are deleted. Files that others have changed since an act stay, and are named.',
  })
  @Problems(...WRITE_PROBLEMS, ...PATH_PROBLEMS, ...CONTENT_PROBLEMS, 'not-found', 'mass-deletion')
  @ApiOkResponse({ type: FolderActDto })
  @ApiAcceptedResponse({ type: FolderActDto, description: GOES_ON })
  async restore(
    @Query() _query: NoQuery,
    @Body() body: RestoreFolderBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FolderAct> {
    const { path, preview = false, confirm = false } = body;
    const options = { preview, confirm, by: callerOf(request) };
    return answer(response, await this.files.folders.restore(path, restoreTo(body), options));
  }
}

/** @throws DfsError `validation-failed` */
function restoreTo({ act, at }: RestoreFolderBody): RestoreTo {
  if (act !== undefined && at === undefined) return { act: Buffer.from(act, 'hex') };
  if (at !== undefined && act === undefined) return { at: Date.parse(at) };
  throw invalidField(
    act === undefined ? 'act' : 'at',
    'give one of act and at: what to undo, or the time to go back to',
  );
}

function answer(response: Response, { answer: act, kept }: FolderOutcome): FolderAct {
  response.status(kept ? 200 : ACCEPTED);
  return act;
}
