import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import { routes, type ArchiveInfo } from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import type { ArchiveOf } from '../archive/archives.js';
import { answerHeaders } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, Problems } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import { makeInert, sendBytes } from './answer/send-content.js';
import { goneSignal } from './body/request-body.js';
import { LargeJsonBody } from './body/streamed-body.js';
import { callerOf } from './caller.js';
import { ArchiveBody, ArchiveDto, ArchiveParams } from './dto/archive.dto.js';
import { NoQuery } from './dto/files.dto.js';

/** Many files as one zip. */
@ApiTags('files')
@Controller(routes.filesArchive)
export class ArchiveController {
  constructor(private readonly files: Files) {}

  @Post()
  @LargeJsonBody()
  @ApiOperation({
    operationId: 'makeArchive',
    summary: 'A zip of a folder or a selection',
    description: 'The contents are fixed at this moment; their bytes are read when the address is fetched.',
  })
  @Problems('file-not-found', 'not-found', 'payload-too-large', 'too-many-requests')
  @ApiCreatedResponse({ type: ArchiveDto, headers: answerHeaders('Location') })
  async make(
    @Query() _query: NoQuery,
    @Body() body: ArchiveBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ArchiveInfo> {
    const { id, bytes, files } = await this.files.archives.make(archiveOf(body), callerOf(request));
    response.setHeader('Location', routes.archive(id));
    // As it is sent: the application may stand at a path of its own.
    return { url: String(response.getHeader('Location')), bytes, files };
  }
}

/** A zip that was made, once. */
@ApiTags('files')
@Controller(routes.archives)
export class ArchivesController {
  constructor(private readonly files: Files) {}

  @Get(':archiveId')
  @ApiOperation({
    operationId: 'getArchive',
    summary: 'The bytes of a zip, once',
    description:
      'Stored without compression, with its length. A content that cannot be read cuts the connection; a transfer names it.',
  })
  @Problems('not-found', ...CONTENT_PROBLEMS)
  @ApiResponse({
    status: 200,
    content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
    headers: answerHeaders('Content-Disposition'),
  })
  async get(
    @Param() { archiveId }: ArchiveParams,
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    makeInert(response);
    const isHead = request.method === 'HEAD';
    const caller = callerOf(request);
    const { bytes, fileName, read } = this.files.archives.take(archiveId, caller, isHead);
    const head = (): void => {
      response.setHeader('Content-Type', 'application/zip');
      response.setHeader('Content-Length', bytes);
      response.setHeader('Accept-Ranges', 'none');
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Content-Disposition', contentDisposition(fileName));
      response.writeHead(200);
    };
    if (isHead) {
      head();
      response.end();
      return;
    }
    const gone = goneSignal(response);
    const signal = caller.ended ? AbortSignal.any([gone, caller.ended]) : gone;
    await sendBytes(response, read(signal), bytes, head);
  }
}

/** @throws DfsError `validation-failed` */
function archiveOf({ fileIds, prefix }: ArchiveBody): ArchiveOf {
  if (fileIds !== undefined && prefix === undefined) return { fileIds };
  if (prefix !== undefined && fileIds === undefined) return { prefix: prefix.normalize('NFC') };
  throw invalidField(fileIds === undefined ? 'fileIds' : 'prefix', 'give either fileIds or a prefix');
}
