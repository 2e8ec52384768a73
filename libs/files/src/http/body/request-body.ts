import type { IncomingMessage, ServerResponse } from 'node:http';
import { DfsError, KiB, minute } from '@dfs/runtime';

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
export async function* requestBody(request: IncomingMessage, slowest: Pace = SLOWEST): AsyncGenerator<Uint8Array> {
  letBodyCome(request);
  const pace = new PaceKeeper(slowest);
  const source = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array, undefined>;
  try {
    for (;;) {
      const next = await pace.next(source);
      if (next.done) break;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof DfsError) throw error;
    throw new DfsError('incomplete-body', 'The connection ended before the whole body had come.', { cause: error });
  } finally {
    pace.stop();
    // Behind a read that is still under way it ends with the connection.
    source.return?.().catch(() => undefined);
  }
  if (!request.complete) throw new DfsError('incomplete-body', 'The connection ended before the whole body had come.');
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
  private giveUp: ((error: DfsError) => void) | undefined;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly slowest: Pace) {
    this.timer = setInterval(() => this.check(), slowest.windowMs / 4);
    this.timer.unref();
  }

  /** @throws DfsError `request-timeout` */
  async next(source: AsyncIterator<Uint8Array, undefined>): Promise<IteratorResult<Uint8Array, undefined>> {
    const since = (this.since = performance.now());
    const next = await new Promise<IteratorResult<Uint8Array, undefined>>((resolve, reject) => {
      this.giveUp = reject;
      source.next().then(resolve, reject);
    });
    this.since = undefined;
    if (!next.done) this.arrived(next.value.length, performance.now() - since);
    return next;
  }

  stop(): void {
    this.since = undefined;
    clearInterval(this.timer);
  }

  private arrived(bytes: number, waited: number): void {
    this.waited += waited;
    this.bytes += bytes;
    if (this.waited < this.slowest.windowMs) return;
    if (this.bytes < this.slowest.bytes) throw tooSlow();
    this.waited = 0;
    this.bytes = 0;
  }

  /** For a client that sends nothing more, or just enough to keep the socket awake, such as chunk extensions. */
  private check(): void {
    if (this.since === undefined || performance.now() - this.since < this.slowest.windowMs) return;
    this.giveUp?.(tooSlow());
  }
}

function tooSlow(): DfsError {
  return new DfsError(
    'request-timeout',
    'The body came too slowly, or stopped. The node stored nothing: send the file again.',
  );
}
