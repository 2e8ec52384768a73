import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { routes } from '@dfs/contracts';
import { answerHeaders } from '../describe/headers.dto.js';
import { CONTENT_PROBLEMS, Problems } from '../describe/problems.dto.js';
import { Files } from '../files.js';
import type { Edge } from '../thumbnails/thumbnails.js';
import { sendPicture } from './answer/send-picture.js';
import { goneSignal } from './body/request-body.js';
import { TAGS } from './dto/conditional.dto.js';
import { FileParams, ThumbnailQuery } from './dto/files.dto.js';

/** Small pictures of images. */
@ApiTags('files')
@Controller(routes.files)
export class ThumbnailController {
  constructor(private readonly files: Files) {}

  @Get(':fileId/thumbnail')
  @ApiOperation({
    operationId: 'getFileThumbnail',
    summary: 'A small picture of an image',
    description:
      'Of PNG, JPEG, GIF, WebP, AVIF and TIFF, by their bytes, up to 50 MiB and 100 megapixels; without what the image tells of itself, such as a place. It is made once, in a process with limits of memory and time, and kept.',
  })
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    schema: TAGS,
    description: 'Only if the picture has none of these tags: 304 otherwise.',
  })
  @Problems('file-not-found', 'version-not-found', 'forbidden', 'too-many-requests', ...CONTENT_PROBLEMS)
  @ApiResponse({
    status: 200,
    description: 'The picture.',
    content: { 'image/webp': { schema: { type: 'string', format: 'binary' } } },
    headers: answerHeaders('ETag'),
  })
  @ApiResponse({
    status: 204,
    description:
      'There is none: the file is no such image, is damaged, is not whole on this node and remote was not asked for, or this node makes none since the optional package sharp is not installed.',
  })
  @ApiResponse({ status: 304, description: 'The client has it.', headers: answerHeaders('ETag') })
  async thumbnail(
    @Param() { fileId }: FileParams,
    @Query() { version, size, remote }: ThumbnailQuery,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const edge = Number(size ?? '256') as Edge;
    await sendPicture(request, response, async () => {
      const content = await this.files.open(fileId, version);
      return {
        tag: `${content.contentId}-${edge}`,
        read: () => this.files.thumbnails.of(content, edge, remote === '1', goneSignal(response)),
      };
    });
  }
}
