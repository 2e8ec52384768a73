import { DfsError } from '@dfs/protocol';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { peerIdFromString } from '@libp2p/peer-id';
import { MAX_ADDRESS_LENGTH } from './constants.js';

/** An address of a node, checked. */
export interface Address {
  /** With `/p2p/…` if that was given. */
  readonly multiaddr: Multiaddr;
  /** Undefined when the address does not say who is there. */
  readonly peerId: string | undefined;
}

const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);
const EXAMPLE = '/ip4/192.168.1.20/tcp/4001';

/**
 * A multiaddr that this node can dial: IP address or name, TCP port, and perhaps the peer id.
 * @throws DfsError `invalid-address` saying what one looks like.
 */
export function parseAddress(text: string): Address {
  if (text.length > MAX_ADDRESS_LENGTH) throw invalid('it is too long');
  if (text.trim() === '') throw invalid('it is empty');
  let parsed: Multiaddr;
  try {
    parsed = multiaddr(text.trim());
  } catch (cause) {
    throw invalid('it is not a multiaddr', cause);
  }
  const [host, tcp, p2p, ...rest] = parsed.getComponents();
  if (!host || !HOSTS.has(host.name)) throw invalid('it must start with /ip4, /ip6 or /dns');
  if (!host.value) throw invalid('it names no host');
  if (tcp?.name !== 'tcp') throw invalid('it needs a TCP port');
  const port = Number(tcp.value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw invalid('its port must be between 1 and 65535');
  if (rest.length > 0 || (p2p && p2p.name !== 'p2p')) throw invalid('only /p2p/<peer id> may follow the port');
  return { multiaddr: parsed, peerId: p2p && peerIdOf(p2p.value) };
}

/** The address of `peerId` at `text`; undefined for an address that is none, or names someone else. */
export function addressOf(text: string, peerId: string): Multiaddr | undefined {
  try {
    const address = parseAddress(text);
    if (address.peerId === undefined) return address.multiaddr.encapsulate(`/p2p/${peerId}`);
    return address.peerId === peerId ? address.multiaddr : undefined;
  } catch {
    return undefined;
  }
}

function peerIdOf(value: string | undefined): string {
  try {
    return peerIdFromString(value ?? '').toString();
  } catch (cause) {
    throw invalid('its peer id is not one', cause);
  }
}

function invalid(why: string, cause?: unknown): DfsError {
  const detail = `That address cannot be dialled: ${why}. An address looks like ${EXAMPLE}, with or without /p2p/<peer id> after it.`;
  return new DfsError('invalid-address', detail, { cause, errors: [{ field: 'address', detail }] });
}
