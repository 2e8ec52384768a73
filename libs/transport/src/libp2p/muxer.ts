import type { StreamMuxerFactory } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';
import type { Timers } from '@dfs/runtime';
import { MAX_INBOUND_STREAMS, STREAM_BUFFER_MAX, STREAM_WINDOW_INITIAL, STREAM_WINDOW_MAX } from '../constants.js';
import { allowEarly } from './early-negotiation.js';
import { limitFrames } from './frame-limit.js';
import { KeepAlive } from './keep-alive.js';
import { saveWindowUpdates } from './window-updates.js';

/** yamux with our windows, frames that keep to them, and a watch on silent connections. */
export function watchedYamux(timers?: Timers): () => StreamMuxerFactory {
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
      saveWindowUpdates(muxer);
      limitFrames(muxer);
      KeepAlive.watch(muxer, connection, timers);
      return muxer;
    };
    return factory;
  };
}
