import {
  Body,
  Controller,
  Delete,
  Get,
  Head,
  HttpCode,
  Options,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes, type FileInfo, type UploadInfo } from '@dfs/contracts';
import {
  announcedLength,
  answerFile,
  callerOf,
  Conditional,
  FILE_HEADERS,
  FileDto,
  hasBody,
  NoQuery,
  OptionalBody,
  PATH_PROBLEMS,
  Problems,
  refuseCodings,
  requestBody,
  StreamedBody,
  WRITE_PROBLEMS,
  writePreconditions,
} from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import type { Appended } from '../append.js';
import { Uploads } from '../uploads.js';
import type { TusUpload } from '../tus-upload.js';
import {
  bytesOf,
  checksumOf,
  TUS_ALGORITHMS,
  TUS_BODY,
  TUS_EXTENSIONS,
  TUS_VERSION,
  uploadBegin,
} from './tus-headers.js';
import { TusGuard } from './tus.guard.js';
import {
  Checksummed,
  FinishUploadBody,
  LENGTH_HEADERS,
  OFFSET_HEADERS,
  Tus,
  UploadDto,
  UploadParams,
} from './uploads.dto.js';

/** Of the header `Upload-Metadata`: the path three times over, and what else there is to say. */
const MAX_METADATA_LENGTH = 12_288;
const BYTES = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const FOUND_PROBLEMS = ['unsupported-tus', 'upload-not-found', 'upload-expired', 'upload-locked'] as const;
const BODY_PROBLEMS = [
  ...(['unsupported-tus', 'checksum-mismatch', 'incomplete-body', 'request-timeout'] as const),
  ...(['payload-too-large', 'unsupported-media-type', 'chunk-unreadable'] as const),
];

/** Uploads that come in parts and go on after a break, by tus 1.0. */
@ApiTags('uploads')
@Controller(routes.uploads)
export class UploadsController {
  constructor(private readonly uploads: Uploads) {}

  @Options()
  @HttpCode(204)
  @ApiOperation({ operationId: 'describeUploads', summary: 'The version and extensions of tus that this node speaks' })
  @Problems()
  @ApiNoContentResponse()
  describe(@Query() _query: NoQuery, @Res({ passthrough: true }) response: Response): void {
    response.setHeader('Tus-Resumable', TUS_VERSION);
    response.setHeader('Tus-Version', TUS_VERSION);
    response.setHeader('Tus-Extension', TUS_EXTENSIONS);
    response.setHeader('Tus-Checksum-Algorithm', TUS_ALGORITHMS);
  }

  @Post()
  @StreamedBody()
  @UseGuards(TusGuard)
  @ApiOperation({
    operationId: 'beginUpload',
    summary: 'Begin an upload that may come in parts',
    description:
      'Upload-Metadata tells path, and may tell mediaType, mtime, executable and meta, each in base64. The conditions are judged now, and again when the last byte has come.',
  })
  @Problems(...WRITE_PROBLEMS, ...PATH_PROBLEMS, ...BODY_PROBLEMS, 'too-many-requests')
  @Tus()
  @Conditional()
  @Checksummed()
  @ApiHeader({ name: 'Upload-Length', required: true, description: 'Bytes of the file.', schema: BYTES })
  @ApiHeader({
    name: 'Upload-Metadata',
    required: true,
    description: 'Pairs of a name and a value in base64.',
    schema: { type: 'string', maxLength: MAX_METADATA_LENGTH },
  })
  @ApiConsumes(TUS_BODY)
  @ApiBody({ required: false, schema: { type: 'string', format: 'binary' }, description: 'The first bytes, or none.' })
  @OptionalBody('201')
  @ApiCreatedResponse({
    type: FileDto,
    headers: { ...FILE_HEADERS, ...OFFSET_HEADERS },
    description: 'Begun at Location; with all its bytes in this request, the file.',
  })
  async begin(
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo | undefined> {
    refuseCodings(request);
    const checksum = checksumOf(request.headers);
    const caller = callerOf(request);
    const wanted = { ...uploadBegin(request.headers), ...writePreconditions(request.headers) };
    if (hasBody(request)) requireTusBody(request);
    const upload = await this.uploads.begin(caller, wanted);
    let appended: Appended | undefined;
    if (hasBody(request) || upload.size === 0) {
      try {
        const [body, length] = [requestBody(request), announcedLength(request)];
        appended = await this.uploads.append(caller, upload.id, { offset: 0, body, length, checksum });
      } catch (error) {
        // Its address was told to nobody.
        await this.uploads.remove(caller, upload.id).catch(() => undefined);
        throw error;
      }
    }
    const file = this.answer(response, upload, appended);
    response.status(201);
    response.setHeader('Location', routes.upload(upload.id));
    return file;
  }

  @Head(':uploadId')
  @UseGuards(TusGuard)
  @ApiOperation({ operationId: 'getUploadOffset', summary: 'How many bytes of an upload are here for good' })
  @Tus()
  @ApiOkResponse({ headers: LENGTH_HEADERS, description: 'It goes on at Upload-Offset.' })
  @Problems(...FOUND_PROBLEMS, 'precondition-failed', 'path-taken', 'conflict', 'read-only-member')
  async head(
    @Param() { uploadId }: UploadParams,
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    const upload = await this.uploads.find(callerOf(request), uploadId);
    // A client that is told of all its bytes believes that there is a file.
    if (upload.refusal) throw new DfsError(upload.refusal.code, upload.refusal.detail);
    this.tell(response, upload, upload.offset);
    response.setHeader('Upload-Length', upload.size);
    if (upload.metadata !== '') response.setHeader('Upload-Metadata', upload.metadata);
  }

  @Patch(':uploadId')
  @StreamedBody()
  @UseGuards(TusGuard)
  @ApiOperation({ operationId: 'appendToUpload', summary: 'Send bytes of an upload' })
  @Problems(
    ...FOUND_PROBLEMS,
    ...WRITE_PROBLEMS,
    ...PATH_PROBLEMS,
    ...BODY_PROBLEMS,
    'offset-mismatch',
    'precondition-failed',
  )
  @Tus()
  @Checksummed()
  @ApiHeader({
    name: 'Upload-Offset',
    required: true,
    description: 'Where these bytes begin: as HEAD tells it.',
    schema: BYTES,
  })
  @ApiConsumes(TUS_BODY)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiOkResponse({
    type: FileDto,
    headers: { ...FILE_HEADERS, ...OFFSET_HEADERS },
    description: 'All bytes are here: the file.',
  })
  @ApiNoContentResponse({
    headers: OFFSET_HEADERS,
    description: 'These bytes are here for good, and more are to come.',
  })
  async append(
    @Param() { uploadId }: UploadParams,
    @Query() _query: NoQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo | undefined> {
    refuseCodings(request);
    requireTusBody(request);
    const offset = bytesOf(request.headers, 'Upload-Offset');
    const checksum = checksumOf(request.headers);
    const caller = callerOf(request);
    const [body, length] = [requestBody(request), announcedLength(request)];
    const appended = await this.uploads.append(caller, uploadId, { offset, body, length, checksum });
    return this.answer(response, await this.uploads.find(caller, uploadId), appended);
  }

  @Get(':uploadId')
  @ApiOperation({ operationId: 'getUpload', summary: 'One upload; of a finished one the file, for 24 hours' })
  @Problems('upload-not-found', 'upload-expired')
  @ApiOkResponse({ type: UploadDto })
  get(@Param() { uploadId }: UploadParams, @Query() _query: NoQuery, @Req() request: Request): Promise<UploadInfo> {
    return this.uploads.info(callerOf(request), uploadId);
  }

  @Post(':uploadId/finish')
  @ApiOperation({
    operationId: 'finishUpload',
    summary: 'Make a file of an upload that was refused when all its bytes were here',
  })
  @Problems(
    ...WRITE_PROBLEMS,
    ...PATH_PROBLEMS,
    'upload-not-found',
    'upload-expired',
    'upload-locked',
    'precondition-failed',
  )
  @ApiCreatedResponse({ type: FileDto, headers: FILE_HEADERS, description: 'A new file.' })
  @ApiOkResponse({
    type: FileDto,
    headers: FILE_HEADERS,
    description: 'A new version of the file, or what the upload became before.',
  })
  async finish(
    @Param() { uploadId }: UploadParams,
    @Query() _query: NoQuery,
    @Body() { path, conditions = {} }: FinishUploadBody,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<FileInfo> {
    const want = writePreconditions({
      ...(conditions.ifMatch === undefined ? {} : { 'if-match': conditions.ifMatch }),
      ...(conditions.ifNoneMatch === undefined ? {} : { 'if-none-match': conditions.ifNoneMatch }),
      ...(conditions.ifUnmodifiedSince === undefined ? {} : { 'if-unmodified-since': conditions.ifUnmodifiedSince }),
    });
    const done = await this.uploads.finish(callerOf(request), uploadId, {
      ...(path === undefined ? {} : { path }),
      ...want,
    });
    return answerFile(response, done.outcome === 'created' ? 201 : 200, done.file);
  }

  @Delete(':uploadId')
  @HttpCode(204)
  @UseGuards(TusGuard)
  @ApiOperation({ operationId: 'endUpload', summary: 'Give an upload up' })
  @Problems(...FOUND_PROBLEMS)
  @Tus()
  @ApiNoContentResponse()
  remove(@Param() { uploadId }: UploadParams, @Query() _query: NoQuery, @Req() request: Request): Promise<void> {
    return this.uploads.remove(callerOf(request), uploadId);
  }

  private answer(response: Response, upload: TusUpload, appended: Appended | undefined): FileInfo | undefined {
    this.tell(response, upload, appended?.offset ?? 0);
    response.status(204);
    return appended?.done && answerFile(response, 200, appended.done.file);
  }

  private tell(response: Response, upload: TusUpload, offset: number): void {
    response.setHeader('Upload-Offset', offset);
    response.setHeader('Upload-Expires', new Date(upload.expiresAt).toUTCString());
  }
}

/** @throws DfsError `unsupported-media-type` */
function requireTusBody({ headers }: Request): void {
  if (headers['content-type']?.trim().toLowerCase() === TUS_BODY) return;
  throw new DfsError('unsupported-media-type', `Send the bytes with Content-Type ${TUS_BODY}.`);
}
