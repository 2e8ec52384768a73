import { Controller, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { routes, type FileInfo, type VerifyResult } from '@dfs/contracts';
import { FILE_HEADERS } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, Problems } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { ACCEPTED, answerFile } from './answer/answer-file.js';
import { goneSignal } from './body/request-body.js';
import { FileParams, NoQuery } from './dto/files.dto.js';
import { FileDto, VerifyResultDto } from './dto/files.schema.dto.js';

/** A person's acts on the copies of one file: verify, repair, keep, free. */
@ApiTags('files')
@Controller(routes.files)
export class UpkeepController {
  constructor(private readonly files: Files) {}

  @Post(':fileId/verify')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'verifyFile',
    summary: 'Read all of a file that is on this node, and say whether it is undamaged',
    description:
      'The answer comes when everything was read; it ends where the client goes. Damaged chunks are fetched anew.',
  })
  @Problems(...CONTENT_PROBLEMS, 'file-not-found')
  @ApiOkResponse({ type: VerifyResultDto })
  verify(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<VerifyResult> {
    return this.files.verify(fileId, goneSignal(response));
  }

  @Post(':fileId/repair')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'repairFile',
    summary: 'Have this node do now what it can do for the copies of a file',
    description:
      'It gets what it should hold, heals what is damaged, and promises again what is still here where copies are lacking. Nodes do so by themselves; file.replication tells of it.',
  })
  @Problems('file-not-found')
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: 'The file as it is now.' })
  async repair(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    return answerFile(response, ACCEPTED, await this.files.repair(fileId));
  }

  @Post(':fileId/keep')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'keepFile',
    summary: 'Keep a file on this node, whatever placement gives to it',
    description:
      'The node gets the file where it lacks it, and never lets go of it: "local" tells how far that is. New versions at the path are kept too, until the file is freed.',
  })
  @Problems('file-not-found')
  @ApiAcceptedResponse({ type: FileDto, headers: FILE_HEADERS, description: 'The file as it is now.' })
  async keep(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    return answerFile(response, ACCEPTED, await this.files.keep(fileId));
  }

  @Post(':fileId/free')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'freeFile',
    summary: 'Free the room that a file takes on this node beyond what the node keeps for the network',
    description:
      'The wish to keep the file here is taken back, and what is here as cache goes at once. Bytes that others do not hold yet stay until they do. 409 where this node is one of those that keep the file for the network: then nothing else keeps it here any more.',
  })
  @Problems('file-not-found', 'placed-here')
  @ApiOkResponse({ type: FileDto, headers: FILE_HEADERS, description: 'The file as it is now.' })
  async free(
    @Param() { fileId }: FileParams,
    @Query() _query: NoQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    return answerFile(response, 200, await this.files.free(fileId));
  }
}
