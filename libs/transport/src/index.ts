/**
 * Authenticated, encrypted connections between nodes, and streams of bounded frames over them; beside them, connections
 * for large answers alone.
 * Guarantees: a stranger reaches no protocol but those marked for strangers; no header is decoded before the pre-scan
 * passed it; both directions wait for the slower side; whatever a peer sends, no rejection stays unhandled.
 * Does not: know what the frames mean, retry, or reconnect. Units: bytes, milliseconds, bytes a second.
 */
export type {
  Channel,
  ConnectionInfo,
  ContentRouting,
  DialOptions,
  Frame,
  Gate,
  HandleOptions,
  KeptRecord,
  OpenOptions,
  ProtocolHandler,
  Provider,
  Rates,
  RecordArchive,
  TransferLimits,
  Transport,
} from './transport.js';
export { framesOf, FrameWriter, type FrameBounds } from './channel/frame-writer.js';
export { isRelayed, parseAddress, type Address } from './address.js';
export { loadIdentity, type Identity } from './identity.js';
export { Libp2pTransport, type Libp2pTransportOptions } from './libp2p/libp2p-transport.js';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory/memory-network.js';
export { MemoryTransport } from './memory/memory-transport.js';
export { ask, firstFrame, request, type RequestOptions } from './request.js';
