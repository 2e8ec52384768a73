import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type FileInfo, type MovedFile, type ReleasedVersions, type VersionList } from '@dfs/contracts';
import { ACCEPTED, answerFile, FETCHING } from './answer/answer-file.js';
import { Conditional } from './dto/conditional.dto.js';
import { writePreconditions } from './headers/preconditions.js';
import { FILE_HEADERS } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, PATH_PROBLEMS, Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { callerOf } from './caller.js';
import {
  CopyBody,
  FileParams,
  MoveBody,
  NoQuery,
  PageQuery,
  ReleaseVersionsQuery,
  RestoreBody,
} from './dto/files.dto.js';
import { ChooseBody } from './dto/choose.dto.js';
import { FileDto, MovedFileDto, ReleasedVersionsDto, VersionListDto } from './dto/files.schema.dto.js';

/** Versions and acts on them: history, restore, choose, copy, move. */
@ApiTags('files')
@Controller(routes.files)
export class VersionsController {
  constructor(private readonly files: Files) {}

  @Get(':fileId/versions')
  @ApiOperation({ operationId: 'listFileVersions', summary: 'All known versions of a file, deleted ones too' })
  @Problems('file-not-found', 'invalid-cursor')
  @ApiOkResponse({ type: VersionListDto, description: 'Newest first.' })
  versions(@Param() { fileId }: FileParams, @Query() query: PageQuery): Promise<VersionList> {
    return this.files.versions(fileId, query);
  }

  @Delete(':fileId/versions')
  @ApiOperation({
    operationId: 'releaseFileVersions',
    summary: 'Let go of earlier versions on this node alone',
    description:
      'Versions that are shown somewhere stay, and so does what others were promised. A version that no other node has is gone with this.',
  })
  @Problems('file-not-found')
  @ApiOkResponse({ type: ReleasedVersionsDto })
  release(@Param() { fileId }: FileParams, @Query() { before }: ReleaseVersionsQuery): Promise<ReleasedVersions> {
    return this.files.releaseVersions(fileId, before === undefined ? undefined : Date.parse(before));
  }

  @Post(':fileId/restore')
  @HttpCode(200)
  @Conditional()
  @ApiOperation({ operationId: 'restoreFile', summary: 'Bring back a version, or a deleted file' })
  @Problems(...WRITE_PROBLEMS, ...CONTENT_PROBLEMS, 'path-taken', 'file-not-found', 'version-not-found')
  @ApiOkResponse({ type: FileDto, headers: FILE_HEADERS })
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: FETCHING })
  async restore(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Body() { version }: RestoreBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const { file, kept } = await this.files.restore(fileId, version, writePreconditions(request.headers));
    return answerFile(response, kept ? 200 : ACCEPTED, file);
  }

  @Post(':fileId/choose')
  @HttpCode(200)
  @Conditional()
  @ApiOperation({ operationId: 'chooseFileVersion', summary: 'End a conflict by the version to keep' })
  @Problems(
    ...WRITE_PROBLEMS,
    ...CONTENT_PROBLEMS,
    ...PATH_PROBLEMS,
    'file-not-found',
    'version-not-found',
    'mass-deletion',
  )
  @ApiOkResponse({
    type: FileDto,
    headers: FILE_HEADERS,
    description: 'The file; deleted, when the deletion was chosen.',
  })
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: FETCHING })
  async choose(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Body() { version, others, confirm = false }: ChooseBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const { file, kept } = await this.files.choose(fileId, version, {
      ...{ ...writePreconditions(request.headers), confirm, by: callerOf(request) },
      ...(others === undefined ? {} : { others }),
    });
    return answerFile(response, kept ? 200 : ACCEPTED, file);
  }

  @Post(':fileId/copy')
  @Conditional()
  @ApiOperation({ operationId: 'copyFile', summary: 'Copy a file, or a version of it, without moving a byte' })
  @Problems(...CONTENT_PROBLEMS, ...PATH_PROBLEMS, ...WRITE_PROBLEMS, 'file-not-found', 'version-not-found')
  @ApiCreatedResponse({
    type: FileDto,
    headers: FILE_HEADERS,
    description: 'The copy, with what was said of the file.',
  })
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: FETCHING })
  async copy(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Body() { path, version }: CopyBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const { file, kept } = await this.files.copy(fileId, path, {
      ...writePreconditions(request.headers),
      ...(version === undefined ? {} : { version }),
    });
    return answerFile(response, kept ? 201 : ACCEPTED, file);
  }

  @Post(':fileId/move')
  @Conditional()
  @ApiOperation({ operationId: 'moveFile', summary: 'Give a file another path, without moving a byte' })
  @Problems(...WRITE_PROBLEMS, ...CONTENT_PROBLEMS, ...PATH_PROBLEMS, 'file-not-found')
  @ApiCreatedResponse({
    type: MovedFileDto,
    headers: FILE_HEADERS,
    description: 'The file at its new path, under a new id.',
  })
  @ApiAcceptedResponse({ type: MovedFileDto, headers: FILE_HEADERS, description: FETCHING })
  async move(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Body() { path }: MoveBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<MovedFile> {
    const { file, kept } = await this.files.move(fileId, path, writePreconditions(request.headers));
    return answerFile(response, kept ? 201 : ACCEPTED, file);
  }
}
