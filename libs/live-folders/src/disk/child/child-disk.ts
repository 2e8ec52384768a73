import { fork, type ChildProcess } from 'node:child_process';
import module from 'node:module';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { RunningTime, second, silentLog, systemTimers, type Log, type Timers, type Unsubscribe } from '@dfs/runtime';
import { DiskError } from '../disk-error.js';
import type { CopiedBlock, Dirty, DiskTraits, Reading, RootDisk, RootTrash, Staged } from '../root-disk.js';
import { IncomingBody, OutgoingBody } from './bodies.js';
import { OutgoingBlocks } from './blocks.js';
import { ByteChannel } from './byte-channel.js';
import { PLAIN_CALLS, PLAIN_TRASH_CALLS } from './disk-server.js';
import {
  BYTES_FD,
  HANGS_AFTER,
  toldError,
  type BodyPart,
  type FromChild,
  type OpenRoot,
  type ToChild,
} from './protocol.js';

/** Program of the child, and flags of Node for it. */
export interface ChildProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A root and how its process is started. */
export interface ChildDiskOptions extends OpenRoot {
  readonly traits?: DiskTraits;
  readonly timers?: Timers;
  readonly log?: Log;
  readonly program?: ChildProgram;
}

/** Small: what a child holds for long is a list of names. */
const PROGRAM: ChildProgram = {
  file: fileURLToPath(new URL('./disk-child.js', import.meta.url)),
  execArgv: ['--max-semi-space-size=4', '--disable-sigusr1'],
};
/** How often it is looked whether a child is silent. */
const LOOK_EVERY = second;
/** A child that was told to end, and does not, is killed. */
const ENDS_WITHIN = 5 * second;

interface Waiting {
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
  /** The answer is what the file system keeps: a process that is started anew is told. */
  probes: boolean;
  /** Of a file that is read. */
  incoming?: IncomingBody;
  /** Of a file that is staged. */
  outgoing?: Outgoing;
}

/** A body, or blocks that are told in place of one. */
type Outgoing = Pick<OutgoingBody, 'failure' | 'taken' | 'stop'>;

/**
 * A root by a process of its own (rule 17). It is started by the first call, and anew by the first one after its end. Where it does not
 * answer for 30 s, all calls fail with `hung` and the process is killed; as long as the system cannot end it, so do further calls at once.
 */
export class ChildDisk {
  readonly #options: ChildDiskOptions;
  readonly #timers: Timers;
  readonly #log: Log;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #bytes: ByteChannel | undefined;
  /** Killed, and not gone yet. */
  #stuck: ChildProcess | undefined;
  #lastId = 0;
  #time: RunningTime;
  /** When the child was last known to get answers from its disk. */
  #heard = 0;
  #callOff: Unsubscribe | undefined;
  #traits: DiskTraits | undefined;
  #onDirty: ((dirty: Dirty) => void) | undefined;
  #isClosed = false;

  constructor(options: ChildDiskOptions) {
    this.#options = options;
    this.#traits = options.traits;
    this.#timers = options.timers ?? systemTimers;
    this.#log = options.log ?? silentLog;
    this.#time = new RunningTime(LOOK_EVERY, () => this.#timers.ticks());
  }

  /** The root as its callers know it. */
  asRootDisk(): RootDisk {
    const plain =
      (call: string) =>
      (...args: unknown[]) =>
        this.#call(call, args);
    const disk = Object.fromEntries(PLAIN_CALLS.map((call) => [call, plain(call)]));
    const trash = Object.fromEntries(PLAIN_TRASH_CALLS.map((call) => [call, plain(`trash.${call}`)]));
    const reading =
      (call: string) =>
      (...args: unknown[]) =>
        this.#call(call, args) as Promise<Reading>;
    return {
      ...disk,
      read: reading('read'),
      stage: (path, ids, body, attributes) =>
        this.#call('stage', [path, ids, attributes], new OutgoingBody(body)) as Promise<Staged>,
      stageCopy: (path, ids, blocks, attributes) => this.#copy([path, ids, attributes], blocks),
      trash: { ...trash, read: reading('trash.read') } as unknown as RootTrash,
      watch: (onDirty) => this.#watch(onDirty),
      close: () => this.#close(),
    } as RootDisk;
  }

  /** The process, for tests and for the log. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async #call(call: string, args: readonly unknown[], outgoing?: OutgoingBody): Promise<unknown> {
    this.#refuse();
    const id = ++this.#lastId;
    const body = await outgoing?.first();
    if (body?.failed) throw outgoing?.failure;
    const { child, answer } = this.#ask(id, call, args, outgoing, body);
    if (outgoing && body && !body.ended) {
      const bytes = this.#bytes;
      const rest = outgoing.rest(
        async (piece) => bytes?.send(id, piece),
        (part) => this.#send(child, { id, body: part }),
      );
      void rest.catch(() => undefined);
    }
    return answer;
  }

  /** @throws DiskError `gone`, `hung` */
  #refuse(): void {
    if (this.#isClosed) throw new DiskError('gone');
    if (this.#stuck) throw new DiskError('hung');
  }

  #ask(
    id: number,
    call: string,
    args: readonly unknown[],
    outgoing?: Outgoing,
    body?: BodyPart,
  ): { child: ChildProcess; answer: Promise<unknown> } {
    this.#refuse();
    const child = (this.#child ??= this.#start());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.#waiting.size === 0) this.#heard = this.#time.now();
    const incoming = call === 'read' || call === 'trash.read' ? this.#expect(child, id) : undefined;
    const probes = call === 'probe';
    this.#waiting.set(id, { resolve, reject, probes, ...(outgoing && { outgoing }), ...(incoming && { incoming }) });
    this.#send(child, { id, call, args, ...(body && { body }) });
    return { child, answer: promise };
  }

  /** Blocks are told as they come, and are taken. */
  async #copy(args: readonly unknown[], groups: AsyncIterable<readonly CopiedBlock[]>): Promise<Staged> {
    const blocks = new OutgoingBlocks(groups);
    const first = await blocks.first();
    const id = ++this.#lastId;
    const { child, answer } = this.#ask(id, 'stageCopy', [...args, first], blocks);
    void blocks.rest((told) => this.#send(child, { id, blocks: told }));
    return (await answer) as Staged;
  }

  #watch(onDirty: (dirty: Dirty) => void): Unsubscribe {
    this.#onDirty = onDirty;
    if (this.#child) this.#send(this.#child, { watch: true });
    return () => {
      this.#onDirty = undefined;
      if (this.#child) this.#send(this.#child, { watch: false });
    };
  }

  /** Waits for nobody: what the child has begun it ends by itself. */
  #close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    this.#lost(new DiskError('gone'));
    if (child?.connected) child.disconnect();
    if (child) this.#timers.after(ENDS_WITHIN, () => child.kill('SIGKILL'));
    return Promise.resolve();
  }

  #start(): ChildProcess {
    const { file, execArgv, env } = this.#options.program ?? PROGRAM;
    const cache = module.getCompileCacheDir();
    const child = fork(file, [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
      // eslint-disable-next-line no-restricted-properties -- handed on unread
      env: { ...process.env, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }), ...env },
    });
    child.on('message', (message: FromChild) => this.#take(child, message));
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('exit', (code, signal) => this.#ended(child, `${code ?? signal}`));
    const stream = child.stdio[BYTES_FD] as Socket;
    this.#bytes = new ByteChannel(stream, (id, bytes, isLast) => {
      this.#heard = this.#time.now();
      if (child === this.#child) this.#waiting.get(id)?.incoming?.takeBytes(bytes, isLast);
    });
    child.unref();
    child.channel?.unref();
    stream.unref();
    const { root, reserveBytes } = this.#options;
    const traits = this.#traits;
    const open = { root, ...(traits && { traits }), ...(reserveBytes !== undefined && { reserveBytes }) };
    this.#send(child, { open });
    if (this.#onDirty) this.#send(child, { watch: true });
    this.#time = new RunningTime(LOOK_EVERY, () => this.#timers.ticks());
    this.#heard = 0;
    this.#callOff = this.#timers.every(LOOK_EVERY, () => this.#look());
    return child;
  }

  #send(child: ChildProcess, message: ToChild): void {
    // A child that has gone tells so by its end.
    if (child.connected) child.send(message, () => undefined);
  }

  #take(child: ChildProcess, message: FromChild): void {
    if (child !== this.#child) return;
    if ('beat' in message) {
      if (message.beat >= HANGS_AFTER) return this.#hung(child);
      this.#heard = Math.max(this.#heard, this.#time.now() - message.beat);
      return;
    }
    this.#heard = this.#time.now();
    if ('dirty' in message) return this.#onDirty?.(message.dirty);
    const { id } = message;
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if ('reading' in message) this.#begun(id, waiting, message);
    else if ('body' in message) waiting.incoming?.finish(message.body);
    else if ('taken' in message) waiting.outgoing?.taken(message.taken);
    else {
      this.#waiting.delete(id);
      waiting.outgoing?.stop();
      if ('error' in message) waiting.reject(waiting.outgoing?.failure ?? toldError(message.error));
      else waiting.resolve(message.answer);
      if ('answer' in message && waiting.probes) this.#traits = message.answer as DiskTraits;
    }
  }

  /** A body that is about to come. */
  #expect(child: ChildProcess, id: number): IncomingBody {
    return new IncomingBody({
      taken: () => this.#send(child, { id, taken: 1 }),
      stop: () => {
        this.#waiting.delete(id);
        this.#send(child, { id, stop: true });
      },
    });
  }

  #begun(id: number, waiting: Waiting, { reading: stat, body: first }: Extract<FromChild, { reading: unknown }>): void {
    const body = waiting.incoming!;
    const end = body.end.then((each) => each!);
    const over = (): void => void this.#waiting.delete(id);
    end.then(over, over);
    waiting.resolve({ stat, body, end } satisfies Reading);
    body.begin(first);
  }

  #look(): void {
    this.#time.tick();
    const child = this.#child;
    if (child && this.#waiting.size > 0 && this.#time.now() - this.#heard >= HANGS_AFTER) this.#hung(child);
  }

  #hung(child: ChildProcess): void {
    this.#log.warn({ pid: child.pid }, 'the disk of a live folder does not answer');
    this.#stuck = child;
    this.#lost(new DiskError('hung'));
    child.kill('SIGKILL');
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#stuck === child) this.#stuck = undefined;
    if (this.#child !== child) return;
    if (!this.#isClosed) this.#log.warn({ how }, 'the process of a live folder has ended');
    this.#lost(new DiskError('gone'));
    // Nobody saw the changes that it would have seen.
    this.#onDirty?.({ all: true, reason: 'overflow' });
  }

  /** The child is no longer ours: nothing that waits for it is answered. */
  #lost(error: DiskError): void {
    this.#child = undefined;
    this.#callOff?.();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, incoming, outgoing } of waiting) {
      reject(error);
      incoming?.fail(error);
      outgoing?.stop();
    }
  }
}

/** A root by a process of its own. */
export function openChildDisk(options: ChildDiskOptions): RootDisk {
  return new ChildDisk(options).asRootDisk();
}
