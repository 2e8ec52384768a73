import { DfsError } from '@dfs/runtime';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { peerIdFromString } from '@libp2p/peer-id';
import { MAX_ADDRESS_LENGTH, MAX_DIAL_ADDRESSES } from './constants.js';

/** An address of a node, checked. */
export interface Address {
  /** With `/p2p/…` if that was given. */
  readonly multiaddr: Multiaddr;
  /** Undefined when the address does not say who is there. */
  readonly peerId: string | undefined;
  /** The relay of the address; undefined for one that leads to the node itself. */
  readonly relay: string | undefined;
}

const HOSTS = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6']);
const CIRCUIT = '/p2p-circuit';
const EXAMPLE = '/ip4/192.168.1.20/tcp/4001';

/** Whether an address leads through another node. */
export function isRelayed(address: string): boolean {
  return address.includes(CIRCUIT);
}

/**
 * A multiaddr that this node can dial: IP address or name, TCP port, and perhaps the peer id; or
 * `[address]/p2p/<relay>/p2p-circuit/p2p/<peer id>`.
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
  return isRelayed(text) ? relayedAddress(text.trim(), parsed) : directAddress(parsed);
}

function relayedAddress(text: string, whole: Multiaddr): Address {
  const [before = '', after = '', ...more] = text.split(CIRCUIT);
  const [, target] = /^\/p2p\/([^/]+)$/.exec(after) ?? [];
  const [, place = '', relay] = /^(.*)\/p2p\/([^/]+)$/.exec(before) ?? [];
  if (!target || !relay || more.length > 0) throw invalid('it must name the relay, and the node behind it');
  if (place !== '') directAddress(multiaddr(place));
  return { multiaddr: whole, peerId: peerIdOf(target), relay: peerIdOf(relay) };
}

function directAddress(parsed: Multiaddr): Address {
  const [host, tcp, p2p, ...rest] = parsed.getComponents();
  if (!host || !HOSTS.has(host.name)) throw invalid('it must start with /ip4, /ip6 or /dns');
  if (!host.value) throw invalid('it names no host');
  if (tcp?.name !== 'tcp') throw invalid('it needs a TCP port');
  const port = Number(tcp.value);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw invalid('its port must be between 1 and 65535');
  if (rest.length > 0 || (p2p && p2p.name !== 'p2p')) throw invalid('only /p2p/<peer id> may follow the port');
  return { multiaddr: parsed, peerId: p2p && peerIdOf(p2p.value), relay: undefined };
}

/** The address of `peerId` at `text`; undefined for an address that is none, or names someone else. */
export function addressOf(text: string, peerId: string): Multiaddr | undefined {
  try {
    const address = parseAddress(text.endsWith(CIRCUIT) ? `${text}/p2p/${peerId}` : text);
    if (address.peerId === undefined) return address.multiaddr.encapsulate(`/p2p/${peerId}`);
    return address.peerId === peerId ? address.multiaddr : undefined;
  } catch {
    return undefined;
  }
}

/** Where to dial a peer itself: what is given before what is known, each once, as many as are tried. */
export function directTargets(peerId: string, given: readonly string[], known: readonly string[]): Multiaddr[] {
  const direct = [...given, ...known].filter((text) => !isRelayed(text));
  const all = direct.flatMap((text) => addressOf(text, peerId) ?? []);
  return [...new Map(all.map((address) => [address.toString(), address])).values()].slice(0, MAX_DIAL_ADDRESSES);
}

/** The ways to a peer through others for whom `isRelay` holds, wherever those are. */
export function relayedTargets(
  peerId: string,
  addresses: readonly string[],
  isRelay: (peerId: string) => boolean,
): Multiaddr[] {
  const relays = new Set(addresses.flatMap((text) => /\/p2p\/([^/]+)\/p2p-circuit/.exec(text)?.[1] ?? []));
  return [...relays].filter(isRelay).flatMap((relay) => addressOf(`/p2p/${relay}${CIRCUIT}`, peerId) ?? []);
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
