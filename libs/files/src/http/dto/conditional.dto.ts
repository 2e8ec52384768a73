import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';

/** Describes the headers of a write that asks for the file as it is: `writePreconditions` reads them. */
export function Conditional(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'If-Match',
      required: false,
      description: 'Content ids, or "v:<version>", in quotes: only if the file has one of them.',
    }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      description: '*: only if there is no such file.',
    }),
    ApiHeader({
      name: 'If-Unmodified-Since',
      required: false,
      description: 'An HTTP date, for those who have no tag: only if the file was not changed since.',
    }),
  );
}
