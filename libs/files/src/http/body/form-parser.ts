import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Dicer } from '@fastify/busboy';
import { DfsError, KiB, MiB, invalidField } from '@dfs/runtime';
import { MAX_PATH_BYTES } from '@dfs/protocol';
import { partHead, type PartHead } from './part-head.js';

/** Larger values are cut: no field is that long. */
const MAX_VALUE_BYTES = 4 * MAX_PATH_BYTES;
const MAX_HEADERS = { maxHeaderPairs: 32, maxHeaderSize: 16 * KiB };
/** RFC 2046 §5.1.1. */
const MAX_BOUNDARY_LENGTH = 70;
/** The field by which a form says something of its files; before the first of them. */
export const MANIFEST_FIELD = 'manifest';
/** Bytes of its JSON: a hundred for each of as many files as a form may have. */
const MAX_MANIFEST_BYTES = MiB;
/** The field that files come by. */
export const FILE_FIELD = 'file';
const FORM = /^multipart\/form-data\s*;/i;
const BOUNDARY = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i;

/** Listener for the parts of a form, in their order. */
export interface FormListener {
  /** A value that has come whole, or as far as it is kept. */
  field(name: string, value: string, isCut: boolean): void;
  /** A file that begins: `body` must be read to its end before there are more. */
  file(head: PartHead & { name: string }, body: Readable): void;
  /** All of a file has come, though perhaps not been read. */
  whole(body: Readable): void;
  /** The form is over, in good order. */
  end(): void;
  /** It is not; nothing follows. */
  fail(error: DfsError): void;
}

/**
 * Cuts a `multipart/form-data` body into its parts. A part without a name is a fault of the form: nothing is passed over.
 * @throws DfsError `unsupported-media-type`, `bad-request` for a Content-Type that is no form's
 */
export function formParser(headers: IncomingHttpHeaders, listener: FormListener): Dicer {
  const config = { boundary: boundaryOf(headers['content-type']), ...MAX_HEADERS };
  const parser = new Dicer(config);
  /** Of the part at hand: tells what is left to tell of it once it is over. */
  let conclude = (): void => undefined;
  parser.on('part', (part) => {
    conclude();
    conclude = () => listener.fail(nameless());
    part.on('error', () => undefined);
    part.once('header', (header) => {
      const head = partHead(header as Record<string, string[]>);
      conclude = take(head, part, listener);
    });
  });
  parser.on('error', (error) => listener.fail(malformed(error)));
  parser.on('finish', () => {
    conclude();
    listener.end();
  });
  return parser;
}

/** The error for a body that is no form, or not all of one. */
export function malformed(error: unknown): DfsError {
  if (error instanceof DfsError) return error;
  return new DfsError('bad-request', 'The multipart body is malformed, or ends in the middle of a part.', {
    cause: error,
  });
}

function boundaryOf(type: string | undefined): string {
  if (type === undefined || !FORM.test(type)) {
    throw new DfsError(
      'unsupported-media-type',
      'Expected multipart/form-data with fields named file. A single file is easier by PUT /files/content?path=….',
    );
  }
  const [, quoted, token] = BOUNDARY.exec(type) ?? [];
  const boundary = quoted ?? token ?? '';
  if (boundary !== '' && boundary.length <= MAX_BOUNDARY_LENGTH) return boundary;
  throw new DfsError('bad-request', 'The Content-Type has no usable boundary.');
}

/** @returns tells what is left to tell once the part is over */
function take(head: PartHead, part: Readable, listener: FormListener): () => void {
  const { name, fileName, refused } = head;
  const nothing = (): void => undefined;
  if (name === undefined) {
    listener.fail(nameless());
    return nothing;
  }
  if (fileName !== undefined || name === FILE_FIELD) {
    listener.file({ ...head, name }, part);
    return () => listener.whole(part);
  }
  if (refused) {
    listener.fail(invalidField(name.slice(0, 100), refused.message));
    return nothing;
  }
  const value = new Value(part, name === MANIFEST_FIELD ? MAX_MANIFEST_BYTES : MAX_VALUE_BYTES);
  return () => listener.field(name, value.text(), value.isCut);
}

function nameless(): DfsError {
  return new DfsError('bad-request', 'A part of the form has no Content-Disposition: form-data with a name.');
}

/** The bytes of a field, as far as they are kept. Those that came with the next part are read when that begins. */
class Value {
  isCut = false;
  private readonly bytes: Buffer[] = [];
  private size = 0;

  constructor(
    private readonly part: Readable,
    private readonly limit: number,
  ) {
    part.on('readable', () => this.read());
  }

  text(): string {
    this.read();
    return Buffer.concat(this.bytes).toString('utf8');
  }

  private read(): void {
    for (let next = this.part.read() as Buffer | null; next !== null; next = this.part.read() as Buffer | null) {
      const kept = next.subarray(0, this.limit - this.size);
      this.isCut ||= kept.length < next.length;
      this.size += kept.length;
      this.bytes.push(kept);
    }
  }
}
