import type { ApiResponseOptions } from '@nestjs/swagger';

type Headers = NonNullable<ApiResponseOptions['headers']>;

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;

/** Headers of answers. The document keeps each once, under `components.headers`. */
export const ANSWER_HEADERS = {
  'Accept-Ranges': { description: 'bytes: ranges can be asked for.', schema: { ...text, enum: ['bytes'] } },
  Allow: { description: 'Methods that this address takes.', schema: text },
  'Content-Disposition': {
    description: 'attachment, or inline where it is shown; with the file’s name.',
    schema: text,
  },
  'Content-Range': {
    description: 'Which bytes these are, of how many: bytes 0-9/100; of a 416, how many there are: bytes */100.',
    schema: { ...text, pattern: '^bytes (\\d+-\\d+|\\*)/\\d+$' },
  },
  ETag: { description: 'Strong: the content id in quotes.', schema: { ...text, pattern: '^"[^"]*"$' } },
  'Last-Modified': { description: 'When the version was written, as an HTTP date.', schema: text },
  Location: { description: 'Address of what was made.', schema: { ...text, format: 'uri-reference' } },
  'Repr-Digest': { description: 'RFC 9530: the SHA-256 of the whole file, where it is known.', schema: text },
  'Retry-After': { description: 'Seconds after which to try again.', schema: count },
  'Set-Cookie': { description: 'The session of the console.', schema: text },
  'WWW-Authenticate': { description: 'Bearer: the token of the node, or a key.', schema: text },
  'X-DFS-Version': {
    description: 'The version, as If-Match: "v:<it>" names it.',
    schema: { ...text, pattern: '^[0-9a-f]{64}$' },
  },
  'X-Request-Id': { description: 'Names the request in the node’s log.', schema: text },
} as const satisfies Headers;

/** Names of the headers that answers may carry, as the API document describes them. */
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** For `headers` of an answer: `@ApiOkResponse({ type: FileDto, headers: answerHeaders('ETag', 'Location') })`. */
export function answerHeaders(...names: AnswerHeader[]): Headers {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Of an answer that is a file as JSON: `answerFile` sends them. */
export const FILE_HEADERS: Headers = answerHeaders('ETag', 'Location', 'X-DFS-Version');
