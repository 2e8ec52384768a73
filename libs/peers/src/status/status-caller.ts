import { DfsError, isDfsError } from '@dfs/runtime';
import { STATUS_PROTOCOL, StatusLine, type StatusMessage } from '@dfs/protocol';
import type { Channel, Transport } from '@dfs/transport';
import { STATUS_TIME } from '../constants.js';

interface Line {
  readonly channel: Channel;
  readonly told: StatusLine;
  readonly heard: StatusLine;
}

/** Tells one member this node's status and is told its own, time and again over the same stream. */
export class StatusCaller {
  #line: Line | undefined;

  constructor(
    private readonly transport: Pick<Transport, 'open'>,
    private readonly peerId: string,
    /** Aborted when there is nothing more to say: the stream goes with it. */
    private readonly ended: AbortSignal,
  ) {}

  /**
   * One exchange at a time. A stream that was lost since the last one, with its connection, is replaced by another.
   * @throws DfsError as `open` and `frames` of the transport; `bad-request` when the answer is no status
   */
  async exchange(status: StatusMessage): Promise<StatusMessage> {
    const isOld = this.#line !== undefined;
    try {
      return await this.#exchange(status);
    } catch (error) {
      this.#line?.channel.abort(error as Error);
      this.#line = undefined;
      if (!isOld || this.ended.aborted || !isDfsError(error) || error.code !== 'peer-unreachable') throw error;
      return await this.#exchange(status);
    }
  }

  async #exchange(status: StatusMessage): Promise<StatusMessage> {
    const { channel, told, heard } = (this.#line ??= await this.#open());
    const tooLate = new DfsError('timeout', 'The peer did not answer in time.');
    const timer = setTimeout(() => channel.abort(tooLate), STATUS_TIME);
    try {
      await channel.send(told.tell(status));
      for await (const { header } of channel.frames()) return heard.hear(header);
      throw new DfsError('peer-unreachable', 'The peer has ended the exchange.');
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(): Promise<Line> {
    const options = { signal: this.ended, timeoutMs: STATUS_TIME };
    const channel = await this.transport.open(this.peerId, STATUS_PROTOCOL, options);
    return { channel, told: new StatusLine(), heard: new StatusLine() };
  }
}
