import type { Server, Socket } from 'node:net';
import { firstOf } from '@dfs/runtime';
import { MAX_PENDING_CONNECTIONS, UPGRADE_TIMEOUT } from '../constants.js';

/** The first byte of a ClientHello of TLS. Everything libp2p says first is a length in clear, which is never this. */
const TLS_HANDSHAKE = 0x16;

/**
 * Looks at the first byte of every connection that `server` takes: those that begin with TLS go to `secure`, the others to
 * whom the server had before, as if nothing had been read. One that says nothing is closed in time, and earlier where too
 * many say nothing: the one that has said nothing for longest.
 * @returns closes those that have not said anything yet, and leaves the server to whom it had before
 */
export function splitByFirstByte(server: Server, secure: (socket: Socket) => void): () => void {
  const plain = server.listeners('connection') as ((socket: Socket) => void)[];
  const silent = new Set<Socket>();

  const onConnection = (socket: Socket): void => {
    silent.add(socket);
    if (silent.size > MAX_PENDING_CONNECTIONS) for (const oldest of firstOf(silent, 1)) oldest.destroy();
    const timer = setTimeout(() => socket.destroy(), UPGRADE_TIMEOUT).unref();
    const forget = (): void => {
      clearTimeout(timer);
      silent.delete(socket);
      socket.off('close', forget);
      socket.off('data', onFirst);
    };
    const onFirst = (first: Buffer): void => {
      socket.pause();
      forget();
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) return secure(socket);
      for (const listener of plain) listener.call(server, socket);
      socket.off('error', onError);
      socket.resume();
    };
    socket.on('error', onError);
    socket.on('close', forget);
    socket.on('data', onFirst);
  };
  // The event `close` tells of the end of a connection.
  const onError = (): void => {};

  server.removeAllListeners('connection');
  server.on('connection', onConnection);
  return () => {
    server.off('connection', onConnection);
    for (const listener of plain) server.on('connection', listener);
    for (const socket of [...silent]) socket.destroy();
  };
}
