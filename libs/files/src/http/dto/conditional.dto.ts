import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { SharedProblems } from '../../describe/problems.dto.js';

/** Of a header of conditions: 32 tags of the longest kind, and commas. */
const MAX_CONDITION_LENGTH = 4096;
const MAX_DATE_LENGTH = 64;
/** Schema of a header that lists entity tags. */
export const TAGS = { type: 'string', maxLength: MAX_CONDITION_LENGTH } as const;
/** Schema of a header that is an HTTP date. */
export const HTTP_DATE = { type: 'string', maxLength: MAX_DATE_LENGTH } as const;

/** Describes the headers of a write that asks for the file as it is: `writePreconditions` reads them. */
export function Conditional(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-Match',
      required: false,
      schema: TAGS,
      description: 'Content ids, or "v:<version>", in quotes: only if the file has one of them.',
    }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      schema: TAGS,
      description: '*: only if there is no such file.',
    }),
    ApiHeader({
      name: 'If-Unmodified-Since',
      required: false,
      schema: HTTP_DATE,
      description: 'An HTTP date, for those who have no tag: only if the file was not changed since.',
    }),
    SharedProblems('precondition-failed'),
  );
}
