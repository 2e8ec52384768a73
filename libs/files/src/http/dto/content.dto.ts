import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiProduces, ApiResponse } from '@nestjs/swagger';
import { VERSION_HEADER } from '../answer/answer-file.js';

/** Describes an answer that is the bytes of a file: `sendContent` gives it. */
export function Content(): MethodDecorator {
  return applyDecorators(
    ApiProduces('application/octet-stream'),
    ApiHeader({
      name: 'Range',
      required: false,
      description: 'One range of bytes; several are answered by the whole.',
    }),
    ApiHeader({ name: 'If-Match', required: false }),
    ApiHeader({ name: 'If-Unmodified-Since', required: false }),
    ApiHeader({ name: 'If-None-Match', required: false }),
    ApiHeader({ name: 'If-Modified-Since', required: false }),
    ApiHeader({ name: 'If-Range', required: false }),
    ApiOkResponse({
      schema: { type: 'string', format: 'binary' },
      headers: {
        [VERSION_HEADER]: {
          description: 'The version, as If-Match: "v:<it>" names it.',
          schema: { type: 'string' },
        },
      },
    }),
    ApiResponse({ status: 206, description: 'The range.', schema: { type: 'string', format: 'binary' } }),
    ApiResponse({ status: 304, description: 'The content is the one that If-None-Match names.' }),
  );
}
