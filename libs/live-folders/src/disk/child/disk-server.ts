import type { Unsubscribe } from '@dfs/runtime';
import { DiskError } from '../disk-error.js';
import type { DiskPath, TemporaryIds } from '../names.js';
import type { CopiedBlock, FileAttributes, Reading, RootDisk } from '../root-disk.js';
import { IncomingBody, OutgoingBody } from './bodies.js';
import { IncomingBlocks } from './blocks.js';
import { tellError, type BodyPart, type FromChild, type ToChild } from './protocol.js';

/** Calls that are passed on as they are: arguments and answers are plain data. */
export const PLAIN_CALLS = [
  'identity',
  'writeMarker',
  'probe',
  'list',
  'contentOf',
  'readAll',
  'discard',
  'place',
  'writeAll',
  'remove',
  'move',
  'makeDirectory',
  'respell',
  'removeDirectory',
  'setAttributes',
  'settle',
  'recover',
  'room',
  'localRules',
  'estimate',
] as const satisfies readonly (keyof RootDisk)[];

/** Those of the trash. */
export const PLAIN_TRASH_CALLS = [
  'list',
  'restore',
  'empty',
  'changed',
  'known',
] as const satisfies readonly (keyof RootDisk['trash'])[];

/** Does in the child what the engine asks for. */
export class DiskServer {
  readonly #incoming = new Map<number, IncomingBody>();
  readonly #outgoing = new Map<number, OutgoingBody>();
  readonly #copying = new Map<number, IncomingBlocks>();
  #watching: Unsubscribe | undefined;
  #active = 0;
  #lastId = 0;

  constructor(
    private readonly disk: RootDisk,
    private readonly send: (message: FromChild) => void,
    private readonly sendBytes: (id: number, bytes: Uint8Array) => Promise<void>,
  ) {}

  /** Calls that have not been answered. */
  get active(): number {
    return this.#active;
  }

  take(message: ToChild): void {
    if ('open' in message) return;
    if ('watch' in message) return this.#watch(message.watch);
    const { id } = message;
    this.#lastId = Math.max(this.#lastId, id);
    if ('call' in message) void this.#answer(id, message.call, message.args, message.body);
    else if ('body' in message) this.#incoming.get(id)?.finish(message.body);
    else if ('blocks' in message) this.#copying.get(id)?.take(message.blocks);
    else if ('taken' in message) this.#outgoing.get(id)?.taken(message.taken);
    else this.#outgoing.get(id)?.stop();
  }

  /** Bytes of a body, which may come before its call. */
  takeBytes(id: number, bytes: Uint8Array, isLast: boolean): void {
    const incoming = this.#incoming.get(id) ?? (id > this.#lastId ? this.#expect(id) : undefined);
    incoming?.takeBytes(bytes, isLast);
  }

  #expect(id: number): IncomingBody {
    const body = new IncomingBody({ taken: () => this.send({ id, taken: 1 }), stop: () => undefined });
    this.#incoming.set(id, body);
    return body;
  }

  async #answer(id: number, call: string, args: readonly unknown[], body: BodyPart | undefined): Promise<void> {
    this.#active++;
    try {
      if (call === 'read') {
        const [path, options] = args as Parameters<RootDisk['read']>;
        // A piece is sent before the next one is asked for.
        await this.#give(id, await this.disk.read(path, { ...options, reuses: true }));
      } else if (call === 'trash.read') {
        await this.#give(id, await this.disk.trash.read(args[0] as string));
      } else if (call === 'stage') {
        this.send({ id, answer: await this.#stage(id, args, body ?? {}) });
      } else if (call === 'stageCopy') {
        this.send({ id, answer: await this.#copy(id, args) });
      } else this.send({ id, answer: await this.#plain(call, args) });
    } catch (error) {
      this.send({ id, error: tellError(error) });
    } finally {
      this.#active--;
    }
  }

  #plain(call: string, args: readonly unknown[]): Promise<unknown> {
    const { disk } = this;
    const own = PLAIN_CALLS.find((name) => name === call);
    if (own) return (disk[own] as (...args: readonly unknown[]) => Promise<unknown>).call(disk, ...args);
    const ofTrash = PLAIN_TRASH_CALLS.find((name) => `trash.${name}` === call);
    if (!ofTrash) throw new DiskError('ENOSYS');
    return (disk.trash[ofTrash] as (...args: readonly unknown[]) => Promise<unknown>).call(disk.trash, ...args);
  }

  async #give(id: number, { stat, body, end }: Reading): Promise<void> {
    const outgoing = new OutgoingBody(body, () => end);
    const first = await outgoing.first();
    if (!first.ended && !first.failed) this.#outgoing.set(id, outgoing);
    this.send({ id, reading: stat, body: first });
    if (first.ended || first.failed) return;
    await outgoing
      .rest(
        (bytes) => this.sendBytes(id, bytes),
        (part) => this.send({ id, body: part }),
      )
      .finally(() => this.#outgoing.delete(id));
  }

  async #stage(id: number, [path, ids, attributes]: readonly unknown[], first: BodyPart): Promise<unknown> {
    const body = this.#incoming.get(id) ?? this.#expect(id);
    body.begin(first);
    try {
      return await this.disk.stage(path as DiskPath, ids as TemporaryIds, body, attributes as FileAttributes);
    } finally {
      this.#incoming.delete(id);
    }
  }

  async #copy(id: number, [path, ids, attributes, first]: readonly unknown[]): Promise<unknown> {
    const blocks = new IncomingBlocks(first as readonly CopiedBlock[], () => this.send({ id, taken: 1 }));
    this.#copying.set(id, blocks);
    try {
      return await this.disk.stageCopy(path as DiskPath, ids as TemporaryIds, blocks, attributes as FileAttributes);
    } finally {
      this.#copying.delete(id);
    }
  }

  #watch(on: boolean): void {
    this.#watching?.();
    this.#watching = on ? this.disk.watch((dirty) => this.send({ dirty })) : undefined;
  }
}
