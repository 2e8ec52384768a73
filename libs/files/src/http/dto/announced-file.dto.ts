import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';

const MAX_DIGEST_LENGTH = 1024;
const MAX_TIME_LENGTH = 40;

/** Describes the headers by which an upload tells of its file: `announcedDigests` and `announcedAttributes` read them. */
export function AnnouncedFile(): MethodDecorator {
  const digest = { type: 'string', maxLength: MAX_DIGEST_LENGTH } as const;
  return applyDecorators(
    ApiHeader({
      name: 'Repr-Digest',
      required: false,
      schema: digest,
      description: 'RFC 9530, sha-256 or sha-512: what the bytes must hash to.',
    }),
    ApiHeader({
      name: 'Content-Digest',
      required: false,
      schema: digest,
      description: 'The same, since there is no content coding.',
    }),
    ApiHeader({
      name: 'X-DFS-Mtime',
      required: false,
      schema: { type: 'string', maxLength: MAX_TIME_LENGTH },
      description: 'When the file was changed: milliseconds since 1970, or ISO 8601 with a zone.',
    }),
    ApiHeader({
      name: 'X-DFS-Executable',
      required: false,
      schema: { type: 'string', enum: ['true', 'false'] },
      description: 'Whether it is a program.',
    }),
  );
}
