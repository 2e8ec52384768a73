import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dicer } from '@fastify/busboy';
import { DfsError, invalidField } from '@dfs/runtime';
import { MAX_PATH_BYTES } from '@dfs/protocol';
import { ATTRIBUTE_FIELDS, attributesOfFields, type AttributeFields } from '../headers/attribute-headers.js';
import { SMALL_FILE_BYTES, type UploadPart } from '../../write/upload-many.js';
import { FormManifest, type SaidOfFile } from './form-manifest.js';
import { FILE_FIELD, formParser, malformed, MANIFEST_FIELD, type FormListener } from './form-parser.js';
import type { PartHead } from './part-head.js';

/** Files in one request. Their results are kept until the last one is answered. */
export const MAX_FILES_PER_REQUEST = 10_000;
/** Files that have begun and that nobody has taken yet. */
const MAX_WAITING = 16;
const PATH_FIELD = 'path';

/**
 * The files of a `multipart/form-data` body, one after another as they arrive: fields `file`, each optionally preceded
 * by its `path`, `mtime`, `executable` and `meta` (a JSON object); without `path`, the part's own file name is its path. A first
 * field `manifest` says the same, and more, of all of them by their file names. The body of a part must be read to its end before the next is asked for.
 * @throws DfsError `unsupported-media-type`, `bad-request`, `validation-failed`, `payload-too-large`, `incomplete-body`:
 * faults of the form, after which nothing of it follows
 */
export async function* multipartFiles(
  headers: IncomingHttpHeaders,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<UploadPart> {
  const inbox = new Inbox();
  const parser = formParser(headers, inbox);
  void feed(parser, body, inbox);
  try {
    for (let part = await inbox.next(); part; part = await inbox.next()) yield part;
  } finally {
    inbox.fail(new DfsError('aborted', 'The upload was given up.'));
  }
}

/** Gives the parser no more than has been asked for: it would run ahead by thousands of small files. Never rejects. */
async function feed(parser: Dicer, body: AsyncIterable<Uint8Array>, inbox: Inbox): Promise<void> {
  try {
    for await (const bytes of body) {
      // An epilogue after the end of the form (RFC 2046) is read, so that the connection can go on.
      if (!parser.writable) continue;
      await inbox.wait((done) => parser.write(bytes, () => done()));
      await inbox.room();
    }
    if (parser.writable) parser.end();
  } catch (error) {
    inbox.fail(malformed(error));
  }
}

/** Parts that the parser has found and nobody has taken yet. */
class Inbox implements FormListener {
  private readonly parts: UploadPart[] = [];
  /** Files that have not come whole yet. */
  private readonly streams = new Set<Readable>();
  private path: string | undefined;
  private said: AttributeFields = {};
  private manifest: FormManifest | undefined;
  private count = 0;
  private over = false;
  private failure: DfsError | undefined;
  private wakeReader: (() => void) | undefined;
  private wakeFeeder: (() => void) | undefined;
  private failFeeder: ((error: DfsError) => void) | undefined;

  field(name: string, value: string, cut: boolean): void {
    if (name === MANIFEST_FIELD) return this.takeManifest(value, cut);
    if (isAttributeField(name)) return this.attribute(name, value, cut);
    if (name !== PATH_FIELD) return this.fail(unknownField(name));
    if (this.path !== undefined) return this.fail(invalidField(PATH_FIELD, 'appears twice before one file'));
    // Too long a path is that file's own fault: it is kept too long, and refused with its file.
    this.path = cut ? value.padEnd(MAX_PATH_BYTES + 1, '.') : value;
  }

  private takeManifest(json: string, cut: boolean): void {
    const isFirst = this.manifest === undefined && this.count === 0;
    if (!isFirst) return this.fail(invalidField(MANIFEST_FIELD, 'must stand once, before the first file'));
    if (cut) return this.fail(invalidField(MANIFEST_FIELD, 'must be 1 MiB of JSON or less'));
    try {
      this.manifest = FormManifest.parse(json);
    } catch (error) {
      this.fail(malformed(error));
    }
  }

  private attribute(name: keyof AttributeFields, value: string, cut: boolean): void {
    if (this.said[name] !== undefined) return this.fail(invalidField(name, 'appears twice before one file'));
    // As with the path, one that is too long is a fault of its file alone: what is cut is no value of any field.
    this.said[name] = cut ? '(cut)' : value;
  }

  file({ name, fileName, mediaType, refused }: PartHead & { name: string }, file: Readable): void {
    this.streams.add(file);
    if (name !== FILE_FIELD) this.fail(unknownField(name));
    else if (++this.count > MAX_FILES_PER_REQUEST) {
      this.fail(
        new DfsError(
          'payload-too-large',
          `More than ${MAX_FILES_PER_REQUEST} files in one request: send the rest in another one.`,
        ),
      );
    }
    if (this.failure) return void file.destroy(this.failure);
    const { path: named, ...listed } = this.manifest?.of(fileName ?? '') ?? {};
    const path = this.path ?? named ?? fileName ?? '';
    const said = withFields(listed, this.said);
    this.path = undefined;
    this.said = {};
    this.parts.push({
      path,
      body: this.bodyOf(file),
      whole: () => (this.streams.has(file) ? undefined : bytesOf(file)),
      ...(mediaType === undefined ? {} : { mediaType }),
      ...said,
      ...(refused === undefined ? {} : { refused }),
    });
    this.wakeReader?.();
  }

  whole(file: Readable): void {
    this.streams.delete(file);
  }

  end(): void {
    const [open] = [...(this.path === undefined ? [] : [PATH_FIELD]), ...Object.keys(this.said)];
    const missed = this.manifest?.missed;
    if (open !== undefined) this.fail(invalidField(open, 'is not followed by a file'));
    else if (missed !== undefined) {
      this.fail(invalidField(MANIFEST_FIELD, `names ${missed.slice(0, 100)}, which is no file of the form`));
    }
    this.over = true;
    this.wakeReader?.();
  }

  /** The first failure is the one that is told, after the files that came whole before it; nothing follows it. */
  fail(error: DfsError): void {
    this.failure ??= error;
    for (const stream of this.streams) stream.destroy(this.failure);
    this.failFeeder?.(this.failure);
    this.wakeReader?.();
  }

  async next(): Promise<UploadPart | undefined> {
    for (;;) {
      const part = this.parts.shift();
      this.wakeFeeder?.();
      if (part) return part;
      if (this.failure) throw this.failure;
      if (this.over) return undefined;
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

  private async *bodyOf(file: Readable): AsyncGenerator<Uint8Array> {
    try {
      yield* file as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw this.failure ?? malformed(error);
    }
  }
}

/** Of a file that has come whole, and of which nothing has been read: a stream of it costs more than all else that a small one needs. */
function bytesOf(file: Readable): Uint8Array | undefined {
  if (file.readableLength > SMALL_FILE_BYTES) return undefined;
  return (file.read() as Buffer | null) ?? new Uint8Array(0);
}

function isAttributeField(name: string): name is keyof AttributeFields {
  return (ATTRIBUTE_FIELDS as readonly string[]).includes(name);
}

/** The fields before a file count first, then the manifest. A fault in the fields is one of their file alone. */
function withFields(listed: SaidOfFile, said: AttributeFields): SaidOfFile {
  if (listed.refused) return listed;
  try {
    return { ...listed, attributes: { ...listed.attributes, ...attributesOfFields(said) } };
  } catch (error) {
    return { refused: malformed(error) };
  }
}

function unknownField(name: string): DfsError {
  return invalidField(
    name.slice(0, 100) || '(an empty name)',
    'is not a field of this form: it takes file, before it path, mtime, executable and meta, and manifest before all',
  );
}
