import type { CreateStreamOptions, StreamMuxer } from '@libp2p/interface';
import { DfsError } from '@dfs/runtime';

/**
 * multistream-select without waiting: whoever opens a stream says what it wants to speak and then speaks, in the same
 * packet; what the other side answers to the first is taken off its answer to the second. On the wire it is what
 * libp2p does by itself, in half the round trips.
 */
const EARLY = Symbol('early negotiation');

/** Options for `newStream`: its protocol counts as agreed, and an `EarlyNegotiation` has to see to it that it was. */
export function early<T extends object>(options: T): T {
  return { ...options, [EARLY]: true };
}

/** Makes `muxer` understand those options. */
export function allowEarly(muxer: StreamMuxer): void {
  const create = muxer.createStream.bind(muxer);
  muxer.createStream = async (options?: CreateStreamOptions) => {
    const stream = await create(options);
    if (options?.protocol && EARLY in options) stream.protocol = options.protocol;
    return stream;
  };
}

/** The first bytes of one side, and the first answer that the other must give. */
export class EarlyNegotiation {
  readonly proposal: Uint8Array;
  /** The rest of the answer: the same bytes. */
  #awaited: Uint8Array;

  constructor(private readonly protocol: string) {
    this.proposal = Buffer.concat([line('/multistream/1.0.0'), line(protocol)]);
    this.#awaited = this.proposal;
  }

  get isMade(): boolean {
    return this.#awaited.length === 0;
  }

  /**
   * Takes the answer off the bytes that come.
   * @throws DfsError `peer-misbehaved` when it is another one
   */
  takeOff(bytes: Uint8Array): Uint8Array {
    const length = Math.min(bytes.length, this.#awaited.length);
    if (Buffer.compare(bytes.subarray(0, length), this.#awaited.subarray(0, length)) !== 0) {
      throw new DfsError(
        'peer-misbehaved',
        `The peer does not speak ${this.protocol}: it may run another version of DFS.`,
      );
    }
    this.#awaited = this.#awaited.subarray(length);
    return bytes.subarray(length);
  }
}

/** Length, text and newline, as multistream-select has it; names of protocols are short. */
function line(text: string): Uint8Array {
  const bytes = Buffer.from(`${text}\n`);
  if (bytes.length > 127) throw new TypeError('the name of the protocol is too long');
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}
