import type { Duplex } from 'node:stream';

/** Before each frame: the id of its call, and the bytes that follow. */
const HEADER_BYTES = 8;

/**
 * Bytes of bodies on their way to the other process, beside the messages: those would be copied several times each. How many may be
 * under way is for the bodies to say.
 */
export class ByteChannel {
  #header = Buffer.alloc(0);
  #id = 0;
  #left = 0;

  /** @param onBytes some bytes of a frame; `isLast`: and its last ones */
  constructor(
    private readonly stream: Duplex,
    private readonly onBytes: (id: number, bytes: Uint8Array, isLast: boolean) => void,
  ) {
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    // The end of the other process is told by the process itself.
    stream.on('error', () => undefined);
  }

  /** Resolves when the system has taken the bytes, or there is nobody to send them to: until then they stay as they are. */
  async send(id: number, bytes: Uint8Array): Promise<void> {
    if (this.stream.destroyed || !this.stream.writable) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(id, 0);
    header.writeUInt32BE(bytes.length, 4);
    this.stream.cork();
    this.stream.write(header);
    this.stream.write(bytes, () => resolve(undefined));
    this.stream.uncork();
    await promise;
  }

  #take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#left === 0) {
        at = this.#takeHeader(bytes, at);
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      this.#left -= part.length;
      at += part.length;
      this.onBytes(this.#id, part, this.#left === 0);
    }
  }

  #takeHeader(bytes: Buffer, at: number): number {
    const wanted = HEADER_BYTES - this.#header.length;
    this.#header = Buffer.concat([this.#header, bytes.subarray(at, at + wanted)]);
    if (this.#header.length === HEADER_BYTES) {
      this.#id = this.#header.readUInt32BE(0);
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return at + wanted;
  }
}
