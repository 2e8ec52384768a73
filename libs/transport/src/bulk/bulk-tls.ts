import type { OnReadOpts, Socket } from 'node:net';
import { TLSSocket, connect, type ConnectionOptions } from 'node:tls';
import { DfsError } from '@dfs/runtime';
import { verifyPeerCertificate } from '@libp2p/tls/utils';
import type { Certificate } from '../libp2p/certificate.js';
import { tlsTerms } from '../libp2p/tls-encrypter.js';
import { BULK_ALPN } from './bulk-message.js';

/** Where a bulk connection is dialled: the host and port of libp2p's own. */
export interface BulkTarget {
  readonly host: string;
  readonly port: number;
}

/** Memory that comes bytes are put into, without an object for each piece of them. */
export interface DirectReads {
  room(): Uint8Array;
  /** So many bytes are in the room that was given last. @returns false to have nothing more read, until `resume` */
  filled(bytes: number): boolean;
}

/** The answering end of a bulk connection, over a socket whose first byte has been read and put back. */
export function answerTls(socket: Socket, certificate: Certificate): TLSSocket {
  return new TLSSocket(socket, {
    ...tlsTerms(certificate),
    isServer: true,
    requestCert: true,
    // Any other name ends the handshake.
    ALPNCallback: ({ protocols }) => (protocols.includes(BULK_ALPN) ? BULK_ALPN : undefined),
  });
}

/** The asking end: what comes goes straight into the memory of `reads`. */
export function askTls({ host, port }: BulkTarget, certificate: Certificate, reads: DirectReads): TLSSocket {
  // Its type lacks `onread`, which it hands on to the socket.
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    ...tlsTerms(certificate),
    host,
    port,
    // No name is sent in clear.
    servername: '',
    ALPNProtocols: [BULK_ALPN],
    onread: { buffer: () => reads.room(), callback: (bytes) => reads.filled(bytes) },
  };
  const socket = connect(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

/**
 * Waits for the handshake, and for the proof of who is at the other end. The socket is destroyed where that fails.
 * @throws DfsError `peer-unreachable`, `peer-misbehaved`, and the reason of the signal
 */
export async function peerOf(socket: TLSSocket, signal: AbortSignal): Promise<string> {
  try {
    await secured(socket, signal);
    // `secure` is told from within OpenSSL: what comes next may close the connection, and must not do so in there.
    await new Promise((resolve) => setImmediate(resolve));
    if (socket.alpnProtocol !== BULK_ALPN) throw new DfsError('peer-misbehaved', 'The peer speaks another protocol.');
    // Without a certificate Node answers with an empty object, whatever its type says.
    const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
    if (!raw) throw new DfsError('peer-misbehaved', 'The peer showed no certificate.');
    const peerId = await verifyPeerCertificate(raw);
    signal.throwIfAborted();
    if (socket.destroyed) throw closed();
    return peerId.toString();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function secured(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off('secure', onSecure);
      socket.off('error', onError);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const end = (settle: () => void) => (): void => {
      stop();
      settle();
    };
    const onSecure = end(resolve);
    const onClose = end(() => reject(closed()));
    const onAbort = end(() => reject(signal.reason as Error));
    const onError = (cause: Error): void => end(() => reject(closed(cause)))();
    socket.on('secure', onSecure);
    socket.on('error', onError);
    socket.on('close', onClose);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else if (socket.destroyed) onClose();
  });
}

function closed(cause?: Error): DfsError {
  return new DfsError('peer-unreachable', 'The connection to the peer was lost.', { cause });
}
