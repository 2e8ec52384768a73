import {
  get,
  put,
  putMany,
  type Bytes,
  type Content,
  type GetOptions,
  type PutOptions,
  type Stored,
  type Told,
  type Where,
} from './contents.js';
import { follow, type Followed, type FollowOptions } from './follow.js';
import { createClient, type Client } from './generated/client/index.js';
import { listEvents, listFiles } from './generated/sdk.gen.js';
import type { AnyEvent, FileInfo, ListFilesData, UploadResults } from './generated/types.gen.js';
import { toError } from './problem.js';

/** Where a node is, and what opens it. */
export interface DfsClientOptions {
  /** Such as `http://127.0.0.1:3000/`; with the base path of the node, where it has one. */
  url: string;
  /** The token of the node, or a key. */
  key: string;
  /** In place of the `fetch` of the platform. */
  fetch?: typeof fetch;
}

/** A page of past events. */
export interface EventsRead {
  events: AnyEvent[];
  /** To go on from. */
  position: { stream: string; seq: number };
  /** Some of what was asked for is gone, or the stream is another: what the client knows is to be read anew. */
  resync: boolean;
}

/**
 * One node. Contents, pages and events have methods here; every other operation is a function that takes `client`:
 * `await moveFile({ client: dfs.client, throwOnError: true, path: { fileId }, body: { path } })`. A call that fails with an
 * answer fails with a `DfsProblem`.
 */
export class DfsClient {
  /** For the functions of the operations. */
  readonly client: Client;

  constructor({ url, key, fetch }: DfsClientOptions) {
    this.client = createClient({
      baseUrl: url.replace(/\/+$/, ''),
      auth: key,
      ...(fetch ? { fetch } : {}),
    });
    this.client.interceptors.error.use((error, response) => toError(error, response));
  }

  /** Puts a file in; it is safe on the node when this resolves. @throws DfsProblem */
  put(path: string, bytes: Bytes, options: PutOptions = {}): Promise<Stored> {
    return put(this.client, path, bytes, options);
  }

  /** Puts many small files in with one request. @throws DfsProblem where none was taken */
  putMany(
    files: readonly (Told & { path: string; blob: Blob })[],
    options: { signal?: AbortSignal } = {},
  ): Promise<UploadResults['results']> {
    return putMany(this.client, files, options.signal);
  }

  /** Reads a file, whole or a range, as a stream. @throws DfsProblem */
  get(where: Where, options: GetOptions = {}): Promise<Content> {
    return get(this.client, where, options);
  }

  /** Every file that matches, a page at a time as they are asked for. @throws DfsProblem */
  async *list(query: Omit<NonNullable<ListFilesData['query']>, 'cursor'> = {}): AsyncGenerator<FileInfo> {
    let cursor: string | null | undefined;
    do {
      const page = { ...query, ...(cursor ? { cursor } : {}) };
      const { data } = await listFiles({ client: this.client, throwOnError: true, query: page });
      yield* data.items;
      cursor = data.nextCursor;
    } while (cursor);
  }

  /**
   * Events as they come, by server-sent events, over every loss of the connection: each numbered one once and in order.
   * @throws DfsProblem a refusal that will not pass; whatever keeps the first connection from being made
   */
  follow(options: FollowOptions = {}): AsyncGenerator<Followed> {
    return follow(this.client, options);
  }

  /**
   * Past events after a position, or from the oldest that is kept. The node tells the events it has; another stream than the
   * one of the position begins anew. @throws DfsProblem
   */
  async events(position?: { stream: string; seq: number }): Promise<EventsRead> {
    const ask = async (after: number) =>
      (await listEvents({ client: this.client, throwOnError: true, query: { after } })).data;
    const first = await ask(position?.seq ?? 0);
    const isOther = position !== undefined && first.stream !== position.stream;
    const { stream, items, resync, lastSeq } = isOther ? await ask(0) : first;
    const events = items;
    return { events, resync: resync || isOther, position: { stream, seq: events.at(-1)?.seq ?? lastSeq } };
  }
}
