import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { answerHeaders, type AnswerHeader } from '../../describe/headers.dto.js';
import { CONTENT_PROBLEMS, Problems } from '../../describe/problems.dto.js';
import { HTTP_DATE, TAGS } from './conditional.dto.js';

const MAX_RANGE_LENGTH = 4096;
const TOLD: AnswerHeader[] = [
  'Accept-Ranges',
  'ETag',
  'Last-Modified',
  'Content-Disposition',
  'X-DFS-Version',
  'Repr-Digest',
];

/** Describes an answer that is the bytes of a file: `sendContent` gives it. */
export function Content(): MethodDecorator {
  const header = (name: string, schema: typeof TAGS | typeof HTTP_DATE, description: string): MethodDecorator =>
    ApiHeader({ name, required: false, schema, description });
  return applyDecorators(
    ApiHeader({
      name: 'Range',
      required: false,
      schema: { type: 'string', maxLength: MAX_RANGE_LENGTH },
      description: 'One range of bytes, such as bytes=0-99; several are answered by the whole.',
    }),
    ApiHeader({
      name: 'Want-Repr-Digest',
      required: false,
      schema: { type: 'string', maxLength: 256 },
      description: 'RFC 9530: sha-256=0 leaves Repr-Digest out, which is sent otherwise where it is known.',
    }),
    header('If-Match', TAGS, 'Only if the content has one of these tags.'),
    header('If-Unmodified-Since', HTTP_DATE, 'Only if the version was not written since.'),
    header('If-None-Match', TAGS, 'Only if the content has none of these tags: 304 otherwise.'),
    header('If-Modified-Since', HTTP_DATE, 'Only if the version was written since: 304 otherwise.'),
    header('If-Range', TAGS, 'A tag or an HTTP date: the range only if the content is still that one.'),
    ApiResponse({
      status: 200,
      description: 'All of the bytes.',
      content: anyBytes(),
      headers: answerHeaders(...TOLD),
    }),
    ApiResponse({
      status: 206,
      description: 'The range.',
      content: anyBytes(),
      headers: answerHeaders(...TOLD, 'Content-Range'),
    }),
    ApiResponse({
      status: 304,
      description: 'The content is the one that If-None-Match names, or was not modified.',
      headers: answerHeaders(...TOLD),
    }),
    Problems(
      ...([
        'file-not-found',
        'version-not-found',
        'precondition-failed',
        'range-not-satisfiable',
        'forbidden',
      ] as const),
      ...CONTENT_PROBLEMS,
    ),
  );
}

/** Bytes of any media type: that of the file. */
function anyBytes(): { '*/*': { schema: { type: 'string'; format: 'binary' } } } {
  return { '*/*': { schema: { type: 'string', format: 'binary' } } };
}
