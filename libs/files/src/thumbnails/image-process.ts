import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { minute, type Log, type Timers, type Unsubscribe } from '@dfs/runtime';
import { ANSWERED_WITHIN, type FromChild, type ToChild } from './protocol.js';

/** Program of the process, and flags of Node for it. */
export interface ImageProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/** The outcome for an image. `given-up`: the process ended under it. `hung`: no answer came, or none is waited for any more; it may do better another time. */
export type Made = FromChild | { readonly none: 'given-up' | 'hung' };

/** Small: pictures lie outside of its heap. */
const PROGRAM: ImageProgram = {
  file: fileURLToPath(new URL('./thumbnail-child.js', import.meta.url)),
  execArgv: ['--max-old-space-size=64', '--max-semi-space-size=4', '--disable-sigusr1'],
};
/** A process that nobody has needed for so long is ended. */
const IDLE_FOR = minute;

/**
 * Makes pictures of images in a process of its own, which the first image starts and which ends when it is idle. One image at a time: its
 * callers see to that. Where the process ends under an image, or takes too long, that image has none, and the next one a new process.
 */
export class ImageProcess {
  #child: ChildProcess | undefined;
  #answer: PromiseWithResolvers<Made> | undefined;
  #idle: Unsubscribe | undefined;
  #isClosed = false;

  constructor(
    private readonly components: { timers: Timers; log: Log },
    private readonly program: ImageProgram = PROGRAM,
  ) {}

  /** The process, for tests. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * @param bytes at most MAX_IMAGE_BYTES of them
   * @param edge pixels of the longer side of the picture, at most
   * @throws what `bytes` throws
   */
  async make(bytes: AsyncIterable<Uint8Array>, edge: number): Promise<Made> {
    if (this.#isClosed || !existsSync(this.program.file)) return { none: 'no-decoder' };
    this.#idle?.();
    const child = (this.#child ??= this.#start());
    const answer = (this.#answer = Promise.withResolvers<Made>());
    let callOff: Unsubscribe | undefined;
    try {
      await send(child, { edge });
      // A copy: what reads them uses its memory again.
      for await (const piece of bytes) await send(child, { piece: Uint8Array.from(piece) });
      await send(child, { end: true });
      callOff = this.components.timers.after(ANSWERED_WITHIN, () => this.#end(child, 'no answer came', 'hung'));
      return await answer.promise;
    } catch (error) {
      // Half of an image is in it.
      this.#end(child, 'its image could not be read');
      throw error;
    } finally {
      callOff?.();
      this.#answer = undefined;
      this.#idle = this.components.timers.after(IDLE_FOR, () => this.#stop());
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #start(): ChildProcess {
    const { file, execArgv } = this.program;
    const child = fork(file, [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: environment(),
    });
    child.on('message', (message: FromChild) => {
      if (child === this.#child) this.#answer?.resolve(message);
    });
    child.on('error', (error) => this.#end(child, error.message));
    child.on('exit', (code, signal) => this.#end(child, `it has ended: ${code ?? signal}`));
    child.unref();
    child.channel?.unref();
    return child;
  }

  #end(child: ChildProcess, why: string, none: 'given-up' | 'hung' = 'given-up'): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    child.kill('SIGKILL');
    if (!this.#answer) return;
    this.components.log.warn({ why }, 'an image was given up: it has no thumbnail');
    this.#answer.resolve({ none });
  }

  #stop(): void {
    this.#idle?.();
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
    this.#answer?.resolve({ none: 'hung' });
  }
}

/** Resolves when the message is on its way; also to a process that has gone, which tells so by its end. */
function send(child: ChildProcess, message: ToChild): Promise<void> {
  return new Promise((done) => {
    if (child.connected) child.send(message, () => done());
    else done();
  });
}

/** Nothing of the node's own; Windows starts no program without some of it. */
function environment(): NodeJS.ProcessEnv {
  // eslint-disable-next-line no-restricted-properties -- handed on unread
  return process.platform === 'win32' ? process.env : {};
}
