import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';
import {
  KEEPALIVE_AFTER,
  KEEPALIVE_TICK,
  KEEPALIVE_TIMEOUT,
  MAX_INBOUND_STREAMS,
  STREAM_BUFFER_MAX,
  STREAM_WINDOW_INITIAL,
  STREAM_WINDOW_MAX,
} from './constants.js';
import { allowEarly } from './early-negotiation.js';

/** A muxer that can ask the other side for a sign of life. */
export interface PingableMuxer {
  /** Milliseconds there and back. Never settles when the connection is lost: always give a signal. */
  ping(options: { signal: AbortSignal }): Promise<number>;
}

/**
 * yamux with our windows, and a watch on silent connections: its own keep-alive asks for a sign of life but draws no
 * conclusion when none comes, and asks even while data flows.
 */
export function watchedYamux(): () => StreamMuxerFactory {
  return () => {
    const factory = yamux({
      enableKeepAlive: false,
      maxInboundStreams: MAX_INBOUND_STREAMS,
      maxOutboundStreams: MAX_INBOUND_STREAMS,
      streamOptions: {
        initialStreamWindowSize: STREAM_WINDOW_INITIAL,
        maxStreamWindowSize: STREAM_WINDOW_MAX,
        maxReadBufferLength: STREAM_BUFFER_MAX,
      },
    })();
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      allowEarly(muxer);
      watch(muxer, connection);
      return muxer;
    };
    return factory;
  };
}

function watch(muxer: StreamMuxer & Partial<PingableMuxer>, connection: MessageStream): void {
  let heard = Date.now();
  let asked = 0;
  connection.addEventListener('message', () => {
    heard = Date.now();
  });
  const timer = setInterval(() => {
    const now = Date.now();
    if (asked > heard) {
      if (now - asked >= KEEPALIVE_TIMEOUT) connection.abort(new Error('the peer gives no sign of life'));
    } else if (now - heard >= KEEPALIVE_AFTER) {
      asked = now;
      // The answer shows as a message; what this promise says is the same, later.
      muxer.ping?.({ signal: AbortSignal.timeout(KEEPALIVE_TIMEOUT) }).catch(() => {});
    }
  }, KEEPALIVE_TICK);
  timer.unref();
  connection.addEventListener('close', () => clearInterval(timer), { once: true });
}
