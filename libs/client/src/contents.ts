import type { Client } from './generated/client/index.js';
import { getContentByPath, getFileContent, postFiles, putFile } from './generated/sdk.gen.js';
import type { FileInfo, UploadResults } from './generated/types.gen.js';
import { toError } from './problem.js';

/**
 * Bytes of a file. A `Blob` knows its size, also one of a file on disk (`openAsBlob` of `node:fs`); a stream is sent in pieces as it
 * comes, and nothing of it is kept in memory.
 */
export type Bytes = Blob | Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Attributes of a file, beside its bytes. */
export interface Told {
  mediaType?: string;
  /** When the file was changed where it comes from. */
  mtime?: Date;
  executable?: boolean;
  /** Pairs of the client’s own: names of a-z, 0-9 and -. */
  meta?: Readonly<Record<string, string>>;
}

/** Conditions of a write on the path. */
export interface Expected {
  /** A content id, or `v:<version>`: the file must have it. */
  ifMatch?: string;
  /** There must be no such file. */
  ifNone?: boolean;
}

/** How a file is put in. */
export interface PutOptions extends Told, Expected {
  /** SHA-256 of the bytes: the node stores nothing else. */
  sha256?: Uint8Array;
  signal?: AbortSignal;
}

/** A file that was put in. */
export interface Stored {
  file: FileInfo;
  /** There was none at the path before. */
  created: boolean;
}

/** Which file, and which of its versions. */
export type Where = ({ path: string } | { fileId: string }) & { version?: string };

/** The part of a content that is read. */
export interface GetOptions {
  /** First byte, and the last one where it is not the last of the file. */
  range?: { first: number; last?: number };
  /** The range only where the content still has this tag. */
  ifRange?: string;
  /** Only a content that has none of this tag. */
  ifNoneMatch?: string;
  signal?: AbortSignal;
}

/** The bytes of a file on their way. */
export interface Content {
  /** Null where the content is the one that `ifNoneMatch` names. */
  body: ReadableStream<Uint8Array> | null;
  /** 200, 206 for a range, or 304. */
  status: number;
  /** Bytes of this answer; undefined where they are not told. */
  length: number | undefined;
  /** Strong, in quotes. */
  etag: string | null;
  version: string | null;
  mediaType: string | null;
  contentRange: string | null;
}

/** `PUT /files/content`. @throws DfsProblem */
export async function put(client: Client, path: string, bytes: Bytes, options: PutOptions): Promise<Stored> {
  const { signal, sha256, mediaType = 'application/octet-stream' } = options;
  const headers = {
    'Content-Type': mediaType,
    ...attributeHeaders(options),
    ...(options.ifMatch === undefined ? {} : { 'If-Match': `"${options.ifMatch.replaceAll('"', '')}"` }),
    ...(options.ifNone ? { 'If-None-Match': '*' } : {}),
    ...(sha256 === undefined ? {} : { 'Repr-Digest': `sha-256=:${base64(sha256)}:` }),
  };
  const { data, response } = await putFile({
    ...{ client, headers, throwOnError: true, query: { path } },
    // The document knows files alone; `fetch` takes any of these.
    body: bodyOf(bytes) as Blob,
    ...streaming,
    ...(signal ? { signal } : {}),
  });
  return { file: data, created: response.status === 201 };
}

/** `POST /files` with many small files, committed together; one result for each. @throws DfsProblem where none was taken */
export async function putMany(
  client: Client,
  files: readonly (Told & { path: string; blob: Blob })[],
  signal?: AbortSignal,
): Promise<UploadResults['results']> {
  const form = new FormData();
  for (const { path, blob, mtime, executable, meta } of files) {
    form.append('path', path);
    if (mtime) form.append('mtime', String(mtime.getTime()));
    if (executable !== undefined) form.append('executable', String(executable));
    if (meta) form.append('meta', JSON.stringify(meta));
    form.append('file', blob, path.slice(path.lastIndexOf('/') + 1));
  }
  const { data, response } = await postFiles({
    ...{ client, throwOnError: true },
    // Fields of a form stand in pairs, for which a document has no words.
    body: form as never,
    bodySerializer: (body: unknown) => body,
    headers: { 'Content-Type': null },
    ...(signal ? { signal } : {}),
  });
  return 'results' in data ? data.results : [{ path: data.path, status: response.status, file: data }];
}

/** `GET …/content` by path or by id. @throws DfsProblem */
export async function get(client: Client, where: Where, options: GetOptions): Promise<Content> {
  const { range, ifRange, ifNoneMatch, signal } = options;
  const headers = {
    ...(range ? { Range: `bytes=${range.first}-${range.last ?? ''}` } : {}),
    ...(ifRange === undefined ? {} : { 'If-Range': ifRange }),
    ...(ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch }),
  };
  const query = where.version === undefined ? {} : { version: where.version };
  const how = { client, headers, parseAs: 'stream' as const, ...(signal ? { signal } : {}) };
  const { data, error, response } =
    'path' in where
      ? await getContentByPath({ ...how, query: { ...query, path: where.path } })
      : await getFileContent({ ...how, query, path: { fileId: where.fileId } });
  if (response?.status !== 304 && (error !== undefined || !response)) throw toError(error, response);
  const told = (name: string): string | null => response.headers.get(name);
  const length = told('Content-Length');
  return {
    body: response.status === 304 ? null : (data as unknown as ReadableStream<Uint8Array>),
    status: response.status,
    length: length === null ? undefined : Number(length),
    etag: told('ETag'),
    version: told('X-DFS-Version'),
    mediaType: told('Content-Type'),
    contentRange: told('Content-Range'),
  };
}

/** Lets `fetch` send a body before it has all of it. */
const streaming = { duplex: 'half' } as object;

function bodyOf(bytes: Bytes): BodyInit {
  if (typeof bytes === 'string' || bytes instanceof Blob || ArrayBuffer.isView(bytes)) return bytes;
  if (bytes instanceof ReadableStream) return bytes;
  const source = bytes[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await source.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await source.return?.();
    },
  });
}

function attributeHeaders({ mtime, executable, meta = {} }: Told): Record<string, string> {
  const pairs = Object.entries(meta).map(([name, value]) => [`X-DFS-Meta-${name}`, encodeURIComponent(value)]);
  return {
    ...(mtime ? { 'X-DFS-Mtime': String(mtime.getTime()) } : {}),
    ...(executable === undefined ? {} : { 'X-DFS-Executable': String(executable) }),
    ...(Object.fromEntries(pairs) as Record<string, string>),
  };
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
