import type { IncomingHttpHeaders } from 'node:http';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { DfsError, KiB, MAX_PATH_BYTES, invalidField } from '@dfs/protocol';
import type { UploadPart } from '../write/upload-many.js';

/** Files in one request. Their results are kept until the last one is answered. */
export const MAX_FILES_PER_REQUEST = 10_000;
/** Files that have begun and that nobody has taken yet. */
const MAX_WAITING = 16;
const FILE_FIELD = 'file';
const PATH_FIELD = 'path';
const LIMITS = {
  fieldNameSize: 100,
  fieldSize: 4 * MAX_PATH_BYTES,
  // One more than may be: the one too many is refused by name rather than dropped.
  files: MAX_FILES_PER_REQUEST + 1,
  fields: MAX_FILES_PER_REQUEST + 1,
  parts: 2 * MAX_FILES_PER_REQUEST + 2,
  headerPairs: 32,
  headerSize: 16 * KiB,
};

/**
 * The files of a `multipart/form-data` body, one after another as they arrive: fields `file`, each optionally preceded
 * by its `path`; without one, the part's own file name is its path. The body of a part must be read to its end before
 * the next is asked for.
 * @throws DfsError `unsupported-media-type`, `bad-request`, `validation-failed`, `payload-too-large`, `incomplete-body`
 */
export async function* multipartFiles(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<UploadPart> {
  const parser = parserFor(headers);
  const inbox = new Inbox();
  parser.on('file', (name, file, fileName, _encoding, mediaType) => inbox.file(name, file, fileName, mediaType));
  parser.on('field', (name, value, _nameCut, valueCut) => inbox.field(name, value, valueCut));
  parser.on('error', (error) => inbox.fail(malformed(error)));
  parser.on('finish', () => inbox.end());
  void feed(parser, body, inbox);
  try {
    for (let part = await inbox.next(); part; part = await inbox.next()) yield part;
  } finally {
    inbox.fail(new DfsError('aborted', 'The upload was given up.'));
  }
}

/** Gives the parser no more than has been asked for: it would run ahead by thousands of small files. Never rejects. */
async function feed(parser: BusboyInstance, body: AsyncIterable<Uint8Array>, inbox: Inbox): Promise<void> {
  try {
    for await (const bytes of body) {
      await inbox.wait((done) => parser.write(bytes, () => done()));
      await inbox.room();
    }
    parser.end();
  } catch (error) {
    inbox.fail(malformed(error));
  }
}

function parserFor(headers: IncomingHttpHeaders): BusboyInstance {
  const type = headers['content-type'];
  if (type === undefined || !/^multipart\/form-data\s*;/i.test(type)) {
    throw new DfsError(
      'unsupported-media-type',
      'Expected multipart/form-data with fields named file. A single file is easier by PUT /files/content?path=….',
    );
  }
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': type },
      limits: LIMITS,
      preservePath: true,
      isPartAFile: (name, _type, fileName) => name === FILE_FIELD || fileName !== undefined,
    });
  } catch (cause) {
    throw new DfsError('bad-request', 'The Content-Type has no usable boundary.', { cause });
  }
}

function malformed(error: unknown): DfsError {
  if (error instanceof DfsError) return error;
  return new DfsError('bad-request', 'The multipart body is malformed, or it ends in the middle of a part.', {
    cause: error,
  });
}

/** What the parser has found and nobody has taken yet. */
class Inbox {
  private readonly parts: UploadPart[] = [];
  private readonly streams = new Set<BusboyFileStream>();
  private path: string | undefined;
  private count = 0;
  private over = false;
  private failure: DfsError | undefined;
  private wakeReader: (() => void) | undefined;
  private wakeFeeder: (() => void) | undefined;
  private failFeeder: ((error: DfsError) => void) | undefined;

  field(name: string, value: string, cut: boolean): void {
    if (name !== PATH_FIELD) return this.fail(unknownField(name));
    if (this.path !== undefined) return this.fail(invalidField(PATH_FIELD, 'stands twice before one file'));
    // Too long a path is that file's own fault: it is kept too long, and refused with its file.
    this.path = cut ? value.padEnd(MAX_PATH_BYTES + 1, '.') : value;
  }

  file(name: string | undefined, file: BusboyFileStream, fileName: string | undefined, mediaType: string): void {
    this.streams.add(file);
    file.once('close', () => this.streams.delete(file));
    file.on('error', () => undefined);
    if (name !== FILE_FIELD) this.fail(unknownField(name ?? ''));
    else if (++this.count > MAX_FILES_PER_REQUEST) {
      this.fail(new DfsError('payload-too-large', `More than ${MAX_FILES_PER_REQUEST} files in one request.`));
    }
    if (this.failure) return void file.destroy(this.failure);
    const path = this.path ?? fileName ?? '';
    this.path = undefined;
    this.parts.push({ path, mediaType, body: this.bodyOf(file) });
    this.wakeReader?.();
  }

  end(): void {
    if (this.path !== undefined) this.fail(invalidField(PATH_FIELD, 'is not followed by a file'));
    this.over = true;
    this.wakeReader?.();
  }

  /** The first failure is the one that is told; nothing moves after it. */
  fail(error: DfsError): void {
    this.failure ??= error;
    for (const stream of this.streams) stream.destroy(this.failure);
    this.failFeeder?.(this.failure);
    this.wakeReader?.();
  }

  async next(): Promise<UploadPart | undefined> {
    for (;;) {
      if (this.failure) throw this.failure;
      const part = this.parts.shift();
      this.wakeFeeder?.();
      if (part || this.over) return part;
      await new Promise<void>((resolve) => (this.wakeReader = resolve));
      this.wakeReader = undefined;
    }
  }

  /** Resolves when the reader has caught up. @throws the failure */
  async room(): Promise<void> {
    while (this.parts.length > MAX_WAITING) await this.wait((done) => (this.wakeFeeder = done));
  }

  /** Waits for what the feeder has begun, and no longer than until a failure. */
  wait(begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.failFeeder = reject;
      begin(resolve);
    });
  }

  private async *bodyOf(file: BusboyFileStream): AsyncGenerator<Uint8Array> {
    try {
      yield* file as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.failure ?? malformed(error);
    }
  }
}

function unknownField(name: string): DfsError {
  return invalidField(
    name.slice(0, 100) || '(no name)',
    'is not a field of this form: it takes file, and path before it',
  );
}
