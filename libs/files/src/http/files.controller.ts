import { Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import {
  routes,
  type ChunkList,
  type FileInfo,
  type FileList,
  type HolderList,
  type UploadResults,
} from '@dfs/contracts';
import { invalidField } from '@dfs/runtime';
import { callerOf, removalOf } from './caller.js';
import { seenParts } from './seen-parts.js';
import { answerFile } from './answer/answer-file.js';
import { problemOf } from './answer/problem-of.js';
import { Conditional } from './dto/conditional.dto.js';
import { Content } from './dto/content.dto.js';
import { AnnouncedFile } from './dto/announced-file.dto.js';
import { FILE_HEADERS } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, PATH_PROBLEMS, Problems, WRITE_PROBLEMS } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import {
  ContentQuery,
  FileParams,
  ListFilesQuery,
  NoQuery,
  PageQuery,
  RemoveQuery,
  PathQuery,
} from './dto/files.dto.js';
import { ChunkListDto, FileDto, FileListDto, HolderListDto, UploadResultsDto } from './dto/files.schema.dto.js';
import { multipartFiles } from './body/multipart.js';
import { writePreconditions } from './headers/preconditions.js';
import { announcedFile } from './body/announced-file.js';
import { goneSignal, refuseCodings, requestBody } from './body/request-body.js';
import { makeInert } from './answer/send-content.js';
import { sendFile } from './answer/send-file.js';
import { StreamedBody } from './body/streamed-body.js';
import type { PartResult } from '../write/upload-many.js';

/** Routes under `/files` that take files, list them, and name one by its id. */
@ApiTags('files')
@Controller(routes.files)
export class FilesController {
  constructor(private readonly files: Files) {}

  @Put('content')
  @StreamedBody()
  @ApiOperation({
    operationId: 'putFile',
    summary: 'Store a file: the body is its bytes',
    description:
      'Headers X-DFS-Meta-<name> give it pairs of your own: names of a-z, 0-9 and -, values in percent-encoded UTF-8, 3,840 bytes together.',
  })
  @Problems(
    ...WRITE_PROBLEMS,
    ...PATH_PROBLEMS,
    'digest-mismatch',
    'incomplete-body',
    'length-required',
    'unsupported-media-type',
    'request-timeout',
    'disk-failed',
  )
  @ApiConsumes('*/*')
  @ApiBody({
    required: true,
    schema: { type: 'string', format: 'binary' },
    description: 'The bytes; their Content-Type is the media type of the file.',
  })
  @Conditional()
  @AnnouncedFile()
  @ApiCreatedResponse({ type: FileDto, headers: FILE_HEADERS, description: 'A new file.' })
  @ApiOkResponse({
    type: FileDto,
    headers: FILE_HEADERS,
    description:
      'A new version of the file; or the same bytes as before, with the same executable and meta, and nothing changed.',
  })
  async put(
    @Query() query: PathQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const { outcome, file } = await this.files.upload({
      path: query.path,
      ...announcedFile(request),
      body: requestBody(request),
      ...writePreconditions(request.headers),
      signal: goneSignal(response),
    });
    return answerStored(response, outcome === 'created', file);
  }

  @Post()
  @StreamedBody()
  @ApiOperation({ operationId: 'postFiles', summary: 'Store one file or many by a form' })
  @Problems(
    ...WRITE_PROBLEMS,
    ...PATH_PROBLEMS,
    'digest-mismatch',
    'incomplete-body',
    'payload-too-large',
    'unsupported-media-type',
    'request-timeout',
  )
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      properties: {
        manifest: {
          type: 'string',
          maxLength: 1_048_576,
          description:
            'First: a JSON object, by the file names of the parts, of {path, mtime, executable, meta, digest, ifMatch, ifNoneMatch}; digest as Repr-Digest has it, ifMatch and ifNoneMatch as the headers of those names.',
        },
        path: { type: 'string', description: 'Path of the file that follows; its file name when left out.' },
        mtime: { type: 'string', description: 'As X-DFS-Mtime has it, of the file that follows.' },
        executable: { type: 'string', enum: ['true', 'false'], description: 'Of the file that follows.' },
        meta: { type: 'string', description: 'A JSON object of texts: your own pairs for the file that follows.' },
        file: { type: 'array', items: { type: 'string', format: 'binary' } },
      },
      required: ['file'],
    },
  })
  @Conditional()
  @ApiCreatedResponse({ type: FileDto, headers: FILE_HEADERS, description: 'One new file.' })
  @ApiOkResponse({ type: FileDto, headers: FILE_HEADERS, description: 'One file, known before.' })
  @ApiResponse({ status: 207, type: UploadResultsDto, description: 'Many files: a result for each.' })
  async post(
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo | UploadResults> {
    refuseCodings(request);
    const parts = seenParts(callerOf(request), multipartFiles(request.headers, requestBody(request)));
    const results = await this.files.uploadMany(parts, {
      ...writePreconditions(request.headers),
      signal: goneSignal(response),
    });
    const [only, ...others] = results;
    if (!only) throw invalidField('file', 'the form has no file');
    if (others.length > 0) return answerMany(request, response, results);
    if (!('done' in only)) throw only.error;
    return answerStored(response, only.done.outcome === 'created', only.done.file);
  }

  @Get()
  @ApiOperation({ operationId: 'listFiles', summary: 'List files, a page at a time' })
  @Problems('invalid-cursor', 'invalid-path')
  @ApiOkResponse({ type: FileListDto })
  list(@Query() query: ListFilesQuery): Promise<FileList> {
    return this.files.list(query);
  }

  @Get(':fileId')
  @ApiOperation({ operationId: 'getFile', summary: 'One file' })
  @Problems('file-not-found')
  @ApiOkResponse({ type: FileDto, headers: FILE_HEADERS })
  get(@Param() { fileId }: FileParams, @Query() _query: NoQuery): Promise<FileInfo> {
    return this.files.get(fileId);
  }

  @Get(':fileId/content')
  @ApiOperation({ operationId: 'getFileContent', summary: 'The bytes of a file, whole or a range' })
  @Content()
  async content(
    @Param() { fileId }: FileParams,
    @Query() query: ContentQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    makeInert(response);
    await sendFile(this.files, fileId, query, request, response);
  }

  @Delete(':fileId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteFile', summary: 'Delete a file everywhere' })
  @Problems(...WRITE_PROBLEMS, 'file-not-found', 'mass-deletion', 'not-an-owner')
  @Conditional()
  @ApiNoContentResponse()
  remove(@Param() { fileId }: FileParams, @Query() query: RemoveQuery, @Req() request: Request): Promise<void> {
    const options = removalOf(query, callerOf(request));
    return this.files.remove(fileId, { ...options, ...writePreconditions(request.headers) });
  }

  @Get(':fileId/chunks')
  @ApiOperation({ operationId: 'listFileChunks', summary: 'The chunks of a file, and which are here' })
  @Problems(...CONTENT_PROBLEMS, 'file-not-found', 'invalid-cursor')
  @ApiOkResponse({ type: ChunkListDto })
  chunks(@Param() { fileId }: FileParams, @Query() query: PageQuery): Promise<ChunkList> {
    return this.files.chunks(fileId, query);
  }

  @Get(':fileId/holders')
  @ApiOperation({ operationId: 'listFileHolders', summary: 'Holders of a file, part by part' })
  @Problems(...CONTENT_PROBLEMS, 'file-not-found')
  @ApiOkResponse({ type: HolderListDto })
  holders(@Param() { fileId }: FileParams, @Query() _query: NoQuery): Promise<HolderList> {
    return this.files.holders(fileId);
  }
}

function answerStored(response: Response, created: boolean, file: FileInfo): FileInfo {
  return answerFile(response, created ? 201 : 200, file);
}

function answerMany(request: Request, response: Response, results: PartResult[]): UploadResults {
  response.status(207);
  return {
    results: results.map((result) => {
      if ('done' in result) {
        return { path: result.path, status: result.done.outcome === 'created' ? 201 : 200, file: result.done.file };
      }
      const problem = problemOf(result.error, request, response);
      if (result.path === null) {
        return { path: null, status: problem.status, code: problem.code, detail: problem.detail };
      }
      return { path: result.path.slice(0, 1024), status: problem.status, problem };
    }),
  };
}
