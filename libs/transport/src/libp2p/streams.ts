import { Deadline, Slots } from '@dfs/runtime';
import type { Connection, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { FrameChannel, type ChannelContext, type FrameChannelOptions } from '../channel/channel.js';
import type { Handlers } from '../channel/handlers.js';
import { CHANNEL_IDLE_TIMEOUT, MAX_INBOUND_STREAMS, MAX_PEER_CHANNELS, OPEN_TIMEOUT } from '../constants.js';
import { mapError } from '../errors.js';
import type { Host } from '../host.js';
import type { Channel, OpenOptions } from '../transport.js';
import { EarlyNegotiation, early } from './early-negotiation.js';
import { Libp2pStream } from './libp2p-stream.js';

/** The parts of a transport that its streams work with. */
export interface StreamsComponents {
  readonly handlers: Handlers;
  readonly context: ChannelContext;
  /** A peer has sent what is no frame, over this connection where that is known. */
  onOffence(peerId: string, connection?: Connection): void;
}

/** Channels over streams of libp2p: those that this node opens, and those that peers do. */
export class Streams {
  readonly #places = new Slots(MAX_PEER_CHANNELS);

  constructor(private readonly components: StreamsComponents) {}

  /** As `Transport.open`, for a peer that the gate lets through. */
  async open({ libp2p }: Host, peerId: string, protocol: string, options: OpenOptions): Promise<Channel> {
    const idleMs = options.timeoutMs ?? CHANNEL_IDLE_TIMEOUT;
    using limit = new Deadline(options.timeoutMs ?? OPEN_TIMEOUT, options.signal);
    try {
      const onDone = await this.#places.take(peerId, { signal: limit.signal });
      try {
        const connection = await libp2p.dial(peerIdFromString(peerId), { signal: limit.signal });
        const terms = early({ signal: limit.signal, maxOutboundStreams: MAX_INBOUND_STREAMS });
        const stream = await connection.newStream(protocol, terms);
        const { signal, allocate } = options;
        const limited = this.components.handlers.isLimited(protocol);
        return this.#channel(stream, peerId, { idleMs, signal, allocate, onDone, limited }, { agree: protocol });
      } catch (error) {
        onDone();
        throw error;
      }
    } catch (error) {
      throw mapError(error, limit.signal);
    }
  }

  /** Has the streams that peers open for `protocol` answered by its handler. */
  async register({ libp2p }: Host, protocol: string): Promise<void> {
    const { handlers } = this.components;
    const answer = (stream: Stream, connection: Connection): void => {
      const peerId = connection.remotePeer.toString();
      const terms = { idleMs: handlers.idleMs(protocol), limited: handlers.isLimited(protocol) };
      void handlers.serve(protocol, this.#channel(stream, peerId, terms, { connection }));
    };
    await libp2p.handle(protocol, answer, {
      maxInboundStreams: MAX_INBOUND_STREAMS,
      maxOutboundStreams: MAX_INBOUND_STREAMS,
    });
  }

  #channel(
    stream: Stream,
    peerId: string,
    limits: Pick<FrameChannelOptions, 'idleMs' | 'signal' | 'allocate' | 'onDone' | 'limited'>,
    { connection, agree }: { connection?: Connection; agree?: string },
  ): FrameChannel {
    const { context } = this.components;
    const onOffence = (): void => this.components.onOffence(peerId, connection);
    const agreement = agree === undefined ? undefined : new EarlyNegotiation(agree);
    const bytes = new Libp2pStream(stream, peerId, context.receiveBudget, agreement);
    return new FrameChannel(bytes, context, { peerId, onOffence, ...limits });
  }
}
