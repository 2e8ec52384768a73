import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import type { Libp2p } from 'libp2p';
import {
  decode,
  encode,
  signerFromRaw,
  STATUS_PROTOCOL,
  StatusLine,
  statusMessage,
  type Signer,
  type StatusMessage,
  type WireValue,
} from '@dfs/protocol';
import type { Engine } from '@dfs/testing';
import { bareHost } from './bare-host.js';
import { at } from './steps.js';

/** One frame, as PROTOCOL.md has it: two lengths of 4 bytes each, a header in msgpack, a payload. */
export interface Frame {
  header: WireValue;
  payload: Uint8Array;
}

const PREFIX_BYTES = 8;
/** Later than any that the engine of the same key has sent. */
const FIRST_BEAT = 2 ** 45;
const MAX_STREAMS = 1000;

/** A stream to an engine: frames as they should be, or bytes as they should not. */
export class Talk {
  readonly #parts: AsyncIterator<{ subarray(): Uint8Array }>;
  #unread: Buffer = Buffer.alloc(0);

  constructor(readonly stream: Stream) {
    this.#parts = stream[Symbol.asyncIterator]();
  }

  /** @throws Error when the other side has ended the stream or the connection */
  async send(header: WireValue, payload: Uint8Array = new Uint8Array(0)): Promise<void> {
    if (this.stream.status !== 'open') throw new Error(`the stream is ${this.stream.status}`);
    const body = encode(header);
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(body.length);
    prefix.writeUInt32BE(payload.length, 4);
    if (!this.stream.send(Buffer.concat([prefix, body, payload]))) await drained(this.stream);
    // Messages of the other side, the end of the stream among them, are noted in between.
    await setImmediate();
  }

  /** @returns undefined at the end of the stream */
  async next(): Promise<(Frame & { headerBytes: number }) | undefined> {
    const prefix = await this.#take(PREFIX_BYTES);
    if (!prefix) return undefined;
    const headerBytes = prefix.readUInt32BE();
    const header = await this.#take(headerBytes);
    const payload = await this.#take(prefix.readUInt32BE(4));
    return header && payload && { header: decode(header), payload, headerBytes };
  }

  /** One question and its answer. @throws Error when there is none */
  async ask(header: WireValue, payload?: Uint8Array): Promise<Frame> {
    await this.send(header, payload);
    const answer = await this.next();
    if (!answer) throw new Error('the other side has ended the stream');
    return answer;
  }

  async #take(bytes: number): Promise<Buffer | undefined> {
    while (this.#unread.length < bytes) {
      const part = await this.#parts.next();
      if (part.done) return undefined;
      this.#unread = Buffer.concat([this.#unread, part.value.subarray()]);
    }
    const taken = this.#unread.subarray(0, bytes);
    this.#unread = this.#unread.subarray(bytes);
    return taken;
  }
}

/**
 * A member that does not keep to the rules: the key of an engine that has joined and was stopped, and bare libp2p. It answers
 * what others ask of its status as an engine would, so that it counts as one that is here.
 */
export class HostileMember {
  /** Sections of its status, in the order in which they were set. */
  readonly sections = new Map<string, WireValue>();
  /** Statuses of others to it, with the bytes that they took. */
  readonly heard: { status: StatusMessage; bytes: number }[] = [];
  readonly #boot = Date.now();
  #beat = FIRST_BEAT;

  private constructor(
    readonly signer: Signer,
    private readonly libp2p: Libp2p,
  ) {}

  /** @param engine is stopped, and a member */
  static async of({ dataDir }: Engine): Promise<HostileMember> {
    const seed = await readFile(join(dataDir, 'identity.key'));
    const signer = signerFromRaw(seed);
    const publicKey = peerIdFromString(signer.peerId).publicKey?.raw ?? new Uint8Array();
    const libp2p = await bareHost({ privateKey: privateKeyFromRaw(Buffer.concat([seed, publicKey])) });
    const member = new HostileMember(signer, libp2p);
    await member.handle(STATUS_PROTOCOL, (talk) => member.answerStatus(talk));
    return member;
  }

  async stop(): Promise<void> {
    await this.libp2p.stop();
  }

  /** Ends all its connections, whatever state they are in. */
  hangUp(): void {
    for (const connection of this.libp2p.getConnections()) connection.abort(new Error('hung up'));
  }

  /** Takes the place of the handler before. An end of a stream ends its handler, and harms nobody. */
  async handle(protocol: string, handler: (talk: Talk) => Promise<void>): Promise<void> {
    await this.libp2p.unhandle(protocol);
    await this.libp2p.handle(
      protocol,
      (stream) => void handler(new Talk(stream)).catch(() => stream.abort(new Error('it was cut off'))),
      { maxInboundStreams: MAX_STREAMS },
    );
  }

  /** The connection that there is, or another one. */
  async dial(engine: Engine): Promise<Connection> {
    const address = at((await engine.node()).addresses, 0);
    return this.libp2p.dial(multiaddr(address), { signal: AbortSignal.timeout(60_000) });
  }

  async open(engine: Engine, protocol: string): Promise<Talk> {
    const connection = await this.dial(engine);
    return new Talk(await connection.newStream(protocol, { signal: AbortSignal.timeout(60_000) }));
  }

  /** Connects, and tells what it says of itself now. Gives the stream, on which more can be said, and how. */
  async greet(engine: Engine): Promise<{ talk: Talk; tell: () => Promise<StatusMessage> }> {
    const talk = await this.open(engine, STATUS_PROTOCOL);
    const [told, heard] = [new StatusLine(), new StatusLine()];
    let fingerprint = new Uint8Array(32);
    const tell = async (): Promise<StatusMessage> => {
      const { header } = await talk.ask(told.tell(this.status(fingerprint)));
      const status = heard.hear(header);
      fingerprint = new Uint8Array(status.membership);
      return status;
    };
    await tell();
    // Now it is known what the other side knows of the members, and this side says that it knows the same.
    await tell();
    return { talk, tell };
  }

  private status(fingerprint: Uint8Array): StatusMessage {
    const beat = ++this.#beat;
    const form = { method: 'status', boot: this.#boot, revision: beat, beat, synced: true, membership: fingerprint };
    const sections = [...this.sections].map(([name, value]) => ({ name, value }));
    return { ...statusMessage.parse(form, 'status'), sections };
  }

  private async answerStatus(talk: Talk): Promise<void> {
    const [told, heard] = [new StatusLine(), new StatusLine()];
    for (let frame = await talk.next(); frame; frame = await talk.next()) {
      const status = heard.hear(frame.header);
      this.heard.push({ status, bytes: frame.headerBytes });
      await talk.send(told.tell(this.status(status.membership)));
    }
  }
}

/**
 * Sends bytes past the streams of a connection, as the muxer itself does.
 * @throws Error when the other side has cut the connection
 */
export async function sendRaw(connection: Connection, bytes: Uint8Array): Promise<void> {
  // Both are private to libp2p.
  const { muxer } = connection as unknown as { muxer: { maConn: Pick<Stream, 'send' | 'onDrain' | 'status'> } };
  const { maConn } = muxer;
  if (maConn.status !== 'open') throw new Error(`the connection is ${maConn.status}`);
  if (!maConn.send(bytes)) await drained(maConn);
  await setImmediate();
}

/** Runs `act`. @returns bytes by which what was resident at most exceeds what was before */
export async function memoryTaken({ pid }: Engine, act: () => Promise<void>): Promise<number> {
  const read = async (field: string): Promise<number> => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? NaN) * 1024;
  };
  // The most that was ever resident is counted from now on.
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const before = await read('VmRSS');
  await act();
  return (await read('VmHWM')) - before;
}

function drained(to: Pick<Stream, 'onDrain'>): Promise<void> {
  return to.onDrain({ signal: AbortSignal.timeout(60_000) });
}
