import { Socket } from 'node:net';
import { TLSSocket, connect } from 'node:tls';
import {
  InvalidCryptoExchangeError,
  serviceCapabilities,
  type ConnectionEncrypter,
  type MessageStream,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
} from '@libp2p/interface';
import { tls, type TLSComponents } from '@libp2p/tls';
import { toMessageStream, verifyPeerCertificate } from '@libp2p/tls/utils';
import { makeCertificate, type Certificate } from './certificate.js';
import { SOCKET_BUFFER_BYTES } from '../constants.js';

/** `/tls/1.0.0` as libp2p specifies it, at the speed of bare `node:tls` over a plain socket. */
export function socketTls(): (components: TLSComponents) => ConnectionEncrypter {
  return (components) => new SocketTls(components);
}

/** AES-128 before AES-256: as safe as P-256 and SHA-256 around it, and a seventh faster. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
/** Terms of every TLS connection between nodes, at both ends. */
export function tlsTerms(certificate: Certificate) {
  return {
    ...certificate,
    ciphers: CIPHERS,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    highWaterMark: SOCKET_BUFFER_BYTES,
    // Certificates are self-signed; what counts is the peer id in them, which is checked after the handshake.
    rejectUnauthorized: false,
  } as const;
}

/** In ALPN: the muxer is negotiated afterwards. */
const NO_EARLY_MUXER = 'libp2p';

/**
 * The stock encrypter of libp2p hands `node:tls` a JavaScript stream around the connection, and every byte then passes
 * through JavaScript twice. This one hands it the connection's own TCP socket, which Node encrypts natively. The bytes
 * on the wire are the same, so either side may use either; what is no plain socket goes the stock way.
 */
class SocketTls implements ConnectionEncrypter {
  readonly protocol: string;
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption'];
  readonly #stock: ConnectionEncrypter;
  /** Made once: the certificate says who we are, and that does not change with the connection. */
  #certificate: Promise<Certificate> | undefined;

  constructor(private readonly components: TLSComponents) {
    this.#stock = tls()(components);
    this.protocol = this.#stock.protocol;
  }

  secureInbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    const socket = plainSocket(connection);
    if (!socket) return this.#stock.secureInbound(connection, options);
    return this.#secure(connection, socket, true, options);
  }

  secureOutbound(connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    const socket = plainSocket(connection);
    if (!socket) return this.#stock.secureOutbound(connection, options);
    return this.#secure(connection, socket, false, options);
  }

  async #secure(
    connection: MessageStream,
    socket: Socket,
    isServer: boolean,
    options: SecureConnectionOptions = {},
  ): Promise<SecuredConnection> {
    // Before anything is awaited: from here on no byte may reach the connection instead of us.
    takeOver(connection, socket);
    try {
      const certificate = await this.#ownCertificate();
      options.signal?.throwIfAborted();
      if (socket.destroyed) throw new InvalidCryptoExchangeError('The connection was closed');
      const secured = this.#wrap(socket, isServer, certificate, options);
      // Stays for the life of the connection: an error without a listener would end the process.
      secured.on('error', (error: Error) => connection.abort(error));
      closeThrough(secured, socket);
      await handshake(secured, connection, options.signal);
      // `secure` is told from within OpenSSL: what comes next may close the connection, and must not do so in there.
      await new Promise((resolve) => setImmediate(resolve));
      // Without a certificate Node answers with an empty object, whatever its type says.
      const { raw } = secured.getPeerCertificate() as { raw?: Buffer };
      if (!raw) throw new InvalidCryptoExchangeError('The peer showed no certificate');
      const remotePeer = await verifyPeerCertificate(raw, options.remotePeer);
      options.signal?.throwIfAborted();
      return {
        remotePeer,
        connection: corked(toMessageStream(connection, secured), secured),
        streamMuxer: this.#earlyMuxer(secured, options),
      };
    } catch (error) {
      const reason = error instanceof Error ? error : new InvalidCryptoExchangeError(String(error));
      connection.abort(reason);
      socket.destroy();
      throw reason;
    }
  }

  #wrap(
    socket: Socket,
    isServer: boolean,
    certificate: Certificate,
    { skipStreamMuxerNegotiation }: SecureConnectionOptions,
  ): TLSSocket {
    const muxers = skipStreamMuxerNegotiation ? [] : [...this.components.upgrader.getStreamMuxers().keys()];
    const common = tlsTerms(certificate);
    if (!isServer) return connect({ ...common, socket, ALPNProtocols: [...muxers, NO_EARLY_MUXER] });
    return new TLSSocket(socket, {
      ...common,
      isServer: true,
      requestCert: true,
      ALPNCallback: ({ protocols }) => protocols.find((name) => muxers.includes(name) || name === NO_EARLY_MUXER),
    });
  }

  #earlyMuxer(secured: TLSSocket, options: SecureConnectionOptions): StreamMuxerFactory | undefined {
    const name = secured.alpnProtocol;
    if (options.skipStreamMuxerNegotiation || !name || name === NO_EARLY_MUXER) return undefined;
    const muxer = this.components.upgrader.getStreamMuxers().get(name);
    if (!muxer) throw new InvalidCryptoExchangeError(`The muxer ${name} was chosen, which was not offered`);
    return muxer;
  }

  async #ownCertificate(): Promise<Certificate> {
    this.#certificate ??= makeCertificate(this.components.privateKey);
    try {
      return await this.#certificate;
    } catch (error) {
      this.#certificate = undefined;
      throw error;
    }
  }
}

/** The TCP socket of a connection, while it is in a state to be taken over. */
function plainSocket(connection: MessageStream): Socket | undefined {
  // `socket` and `readBuffer` are private to @libp2p/tcp and @libp2p/utils: without them the stock way is taken.
  const { socket, readBuffer } = connection as Partial<TcpConnection>;
  const plain = socket instanceof Socket && !(socket instanceof TLSSocket);
  return plain && typeof readBuffer?.subarray === 'function' && !socket.destroyed ? socket : undefined;
}

interface TcpConnection {
  socket: unknown;
  readBuffer: { readonly byteLength: number; subarray(): Uint8Array; consume(bytes: number): void };
}

/** From now on the socket's bytes are ours: those still to come, and those the connection has read ahead. */
function takeOver(connection: MessageStream, socket: Socket): void {
  socket.removeAllListeners('data');
  socket.removeAllListeners('drain');
  socket.pause();
  // It would never see traffic again, and end every connection after its inactivity timeout.
  socket.setTimeout(0);
  const { readBuffer } = connection as unknown as TcpConnection;
  if (readBuffer.byteLength > 0) {
    const early = Buffer.from(readBuffer.subarray());
    readBuffer.consume(early.length);
    socket.unshift(early);
  }
}

/**
 * Bytes sent within one turn of the event loop go out together: the header of a muxer's frame with its data, and a
 * whole small request, from the opening of its stream to its end, in one packet rather than six.
 */
function corked(encrypted: MessageStream, secured: TLSSocket): MessageStream {
  const sender = encrypted as MessageStream & { sendData?(data: unknown): unknown };
  const sendData = sender.sendData?.bind(sender);
  if (!sendData) return encrypted;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    secured.uncork();
  };
  sender.sendData = (data) => {
    if (!isCorked) {
      isCorked = true;
      secured.cork();
      setImmediate(uncork);
    }
    return sendData(data);
  };
  return encrypted;
}

/**
 * Closing the TCP socket closes the TLS around it instead, which then closes the socket. The other way round
 * Node 24 frees the TLS state while it may be in use, and crashes; a peer could bring that about.
 */
function closeThrough(secured: TLSSocket, socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    if (secured.destroyed) destroy(error);
    else secured.destroy(error);
    return socket;
  };
  socket.resetAndDestroy = () => socket.destroy();
  // In order: what is still to be encrypted goes first.
  socket.destroySoon = () => secured.destroySoon();
}

function handshake(secured: TLSSocket, connection: MessageStream, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new InvalidCryptoExchangeError('The encryption handshake took too long'));
    const onClose = (): void => reject(new InvalidCryptoExchangeError('The connection was closed'));
    secured.once('secure', resolve);
    secured.once('error', reject);
    secured.once('close', onClose);
    connection.addEventListener('close', onClose);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stop = (): void => {
      secured.off('secure', resolve);
      secured.off('error', reject);
      secured.off('close', onClose);
      connection.removeEventListener('close', onClose);
      signal?.removeEventListener('abort', onAbort);
    };
    secured.once('secure', stop);
    secured.once('close', stop);
  });
}
