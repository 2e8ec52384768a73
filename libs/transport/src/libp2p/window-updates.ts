import type { StreamMuxer } from '@libp2p/interface';

/** The part of yamux's stream that is looked at here; its own declaration keeps it private. */
interface WindowedStream {
  state: number;
  recvWindow: number;
  recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/** The part of a window that is used up before the other side is told that there is room again. */
const WORTH_TELLING = 1 / 4;
/** yamux's number of the state in which an update says nothing but that; in others it opens the stream or accepts it. */
const ESTABLISHED = 3;

/**
 * yamux tells the other side of room after every piece of data, in a packet of its own where they are few: as much traffic
 * as the short messages themselves. From here on it waits until there is something to tell; the sender has most of its
 * window left until then.
 */
export function saveWindowUpdates(muxer: StreamMuxer): void {
  const inner = muxer as unknown as { _newStream?(...args: unknown[]): WindowedStream };
  const create = inner._newStream?.bind(muxer);
  if (!create) throw new TypeError('this yamux makes its streams in another way');
  inner._newStream = (...args) => {
    const stream = create(...args);
    const update = stream.sendWindowUpdate.bind(stream);
    stream.sendWindowUpdate = () => {
      const used = stream.recvWindow - stream.recvWindowCapacity;
      if (stream.state !== ESTABLISHED || used >= stream.recvWindow * WORTH_TELLING) update();
    };
    return stream;
  };
}
