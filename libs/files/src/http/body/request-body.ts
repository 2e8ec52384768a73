import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { PushedBytes, TakePiece } from '@dfs/chunks';
import { abortError, DfsError, KiB, minute } from '@dfs/runtime';
import { bufferDied } from './dead-buffers.js';

/** How slow a client may be. Time that the node itself holds the body up does not count. */
export interface Pace {
  /** Time spent waiting for the client over which its bytes are counted. */
  windowMs: number;
  /** Bytes that must have come in that time. */
  bytes: number;
}

/**
 * A client slower than this is holding a place rather than sending a file: 1 KiB/s is a tenth of a telephone line. A laptop
 * that was closed, or a person who answers a dialog, may take minutes.
 */
const SLOWEST: Pace = { windowMs: 5 * minute, bytes: 300 * KiB };

/**
 * The body of a request as a stream that ends well only when all of it has come. Long uploads may take what they need;
 * only time spent waiting for the client counts against its pace, not our own back-pressure. After an error the connection
 * still takes the answer.
 * @throws DfsError `incomplete-body`, `request-timeout`
 */
export function requestBody(request: IncomingMessage, slowest: Pace = SLOWEST): PushedBytes {
  return {
    [Symbol.asyncIterator]: () => pull(request, slowest),
    pushTo: async (take, signal) => {
      if (signal?.aborted) throw abortError(signal);
      await new Push(request, slowest, take).run(signal);
    },
  };
}

async function* pull(request: IncomingMessage, slowest: Pace): AsyncGenerator<Uint8Array, undefined> {
  letBodyCome(request);
  let giveUp: ((error: DfsError) => void) | undefined;
  const pace = new PaceKeeper(slowest, (error) => giveUp?.(error));
  const source = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, undefined>;
  try {
    for (;;) {
      pace.waits();
      const next = await new Promise<IteratorResult<Uint8Array, undefined>>((resolve, reject) => {
        giveUp = reject;
        source.next().then(resolve, reject);
      });
      if (next.done) break;
      pace.came(next.value.length);
      yield next.value;
    }
  } catch (error) {
    throw error instanceof DfsError ? error : cutShort(error);
  } finally {
    pace.stop();
    // Behind a read that is still under way it ends with the connection.
    source.return?.().catch(() => undefined);
  }
  if (!request.complete) throw cutShort();
}

/** The same body, taken as it comes: the request is paused while one that takes it waits. */
class Push {
  readonly #pace: PaceKeeper;
  readonly #over = Promise.withResolvers<undefined>();
  #isOver = false;

  constructor(
    private readonly request: IncomingMessage,
    slowest: Pace,
    private readonly take: TakePiece,
  ) {
    this.#pace = new PaceKeeper(slowest, (error) => this.#end(error));
  }

  async run(signal: AbortSignal | undefined): Promise<void> {
    const { request } = this;
    const onAbort = (): void => this.#end(abortError(signal as AbortSignal));
    signal?.addEventListener('abort', onAbort, { once: true });
    // Stays: an error without a listener would end the process.
    request.on('error', () => {});
    const leave = finished(request, { writable: false }, (error) =>
      this.#end(error || !request.complete ? cutShort(error ?? undefined) : undefined),
    );
    letBodyCome(request);
    this.#pace.waits();
    request.on('data', this.#onData);
    try {
      await this.#over.promise;
    } finally {
      leave();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  readonly #onData = (piece: Uint8Array): void => {
    try {
      this.#pace.came(piece.length);
      const taking = this.take(piece);
      bufferDied(piece.length);
      if (!taking) return this.#pace.waits();
      this.request.pause();
      taking.then(
        () => this.#goOn(),
        (error: unknown) => this.#end(error),
      );
    } catch (error) {
      this.#end(error);
    }
  };

  #goOn(): void {
    if (this.#isOver) return;
    this.#pace.waits();
    this.request.resume();
  }

  /** @param error undefined where all of it has come */
  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pace.stop();
    // Paused first: what still comes would run through it unread.
    if (error !== undefined) this.request.pause();
    this.request.off('data', this.#onData);
    if (error === undefined) this.#over.resolve(undefined);
    else this.#over.reject(error);
  }
}

function cutShort(cause?: unknown): DfsError {
  return new DfsError('incomplete-body', 'The connection ended before the whole body had come.', { cause });
}

/**
 * Tells a client that waits with its body (`Expect: 100-continue`) to send it. Not before something reads it: a client whose
 * request is refused has then sent nothing in vain.
 */
function letBodyCome(request: IncomingMessage & { res?: ServerResponse }): void {
  if (/^100-continue$/i.test(request.headers.expect ?? '')) request.res?.writeContinue();
}

/** Aborts when the client has gone away before it was answered. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const gone = (): void => {
    if (response.writableFinished) return;
    controller.abort(new DfsError('aborted', 'The client closed the connection.'));
  };
  if (response.closed) gone();
  else response.once('close', gone);
  return controller.signal;
}

/** Whether a request has a body that is not empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Bytes the client announces; undefined when it sends in pieces of unknown number. */
export function announcedLength(request: IncomingMessage): number | undefined {
  const header = request.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

/**
 * Refuses a body of which nobody can tell whether there is one: an empty file says so by `Content-Length: 0`.
 * @throws DfsError `length-required`
 */
export function requireLength({ headers }: IncomingMessage): void {
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return;
  throw new DfsError(
    'length-required',
    'Send the size of the file as Content-Length, also for an empty file, or send the file with Transfer-Encoding: chunked.',
  );
}

/** @throws DfsError `unsupported-media-type`: what is stored must be what is meant. */
export function refuseCodings(request: IncomingMessage): void {
  const coding = request.headers['content-encoding']?.trim().toLowerCase();
  if (coding !== undefined && coding !== '' && coding !== 'identity') {
    throw new DfsError(
      'unsupported-media-type',
      `Content-Encoding ${coding.slice(0, 40)} is not undone here: send the bytes as they are.`,
    );
  }
  if (request.headers['content-range'] !== undefined) {
    throw new DfsError(
      'bad-request',
      'A part of a file cannot be replaced: leave out Content-Range and send all of it.',
    );
  }
}

class PaceKeeper {
  private waited = 0;
  private bytes = 0;
  private since: number | undefined;
  private readonly timer: NodeJS.Timeout;

  /** @param giveUp told of a client that sends nothing more, or just enough to keep the socket awake, such as chunk extensions */
  constructor(
    private readonly slowest: Pace,
    private readonly giveUp: (error: DfsError) => void,
  ) {
    this.timer = setInterval(() => this.check(), slowest.windowMs / 4);
    this.timer.unref();
  }

  /** From now on it is the client that is waited for. */
  waits(): void {
    this.since = performance.now();
  }

  /** So many bytes have come. @throws DfsError `request-timeout` */
  came(bytes: number): void {
    this.waited += this.since === undefined ? 0 : performance.now() - this.since;
    this.since = undefined;
    this.bytes += bytes;
    if (this.waited < this.slowest.windowMs) return;
    if (this.bytes < this.slowest.bytes) throw tooSlow();
    this.waited = 0;
    this.bytes = 0;
  }

  stop(): void {
    this.since = undefined;
    clearInterval(this.timer);
  }

  private check(): void {
    if (this.since === undefined || performance.now() - this.since < this.slowest.windowMs) return;
    this.giveUp(tooSlow());
  }
}

function tooSlow(): DfsError {
  return new DfsError(
    'request-timeout',
    'The body came too slowly, or stopped. The node stored nothing: send the file again.',
  );
}
