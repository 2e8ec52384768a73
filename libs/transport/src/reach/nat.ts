import { networkInterfaces } from 'node:os';
import { autoNAT, type AutoNATComponents } from '@libp2p/autonat';
import type { IdentifyResult } from '@libp2p/interface';
import { uPnPNAT, type UPnPNATComponents } from '@libp2p/upnp-nat';
import { GATEWAY_SEARCH_INTERVAL, MAX_SEEN_ADDRESSES } from '../constants.js';
import { isLoopback, isPublicIPv4 } from './ip-ranges.js';

type AddressManager = AutoNATComponents['addressManager'];
type ConnectionManager = AutoNATComponents['connectionManager'];
type NodeAddress = ReturnType<AddressManager['getAddressesWithMetadata']>[number];

/** A public address stays believed for this long without having been tried; then members are asked to try it. */
const BELIEVED_FOR = 1;

/** The port of this node, opened at the gateway of the local network; what the gateway says is believed. */
export function portMapping(gateways?: string[]): (components: UPnPNATComponents) => unknown {
  return uPnPNAT({
    // A node that is alone in its network has nobody to ask, and needs the address for the first invite.
    autoConfirmAddress: true,
    portMappingDescription: 'DFS',
    initialGatewaySearchInterval: GATEWAY_SEARCH_INTERVAL,
    ...(gateways && { gateways }),
  });
}

/**
 * Members try the public addresses of each other. As it comes, libp2p's service answers with the connection that asks,
 * and closes that one; and looks for strangers to ask.
 */
export function reachability(): (components: AutoNATComponents) => unknown {
  return (components) => {
    const { connectionManager, registrar, addressManager, transportManager, peerId, logger, events, peerStore } =
      components;
    const dialAnew = new Proxy(connectionManager, {
      get(target, name) {
        if (name === 'openConnection') {
          return ((to, options) =>
            target.openConnection(to, { ...options, force: true })) satisfies ConnectionManager['openConnection'];
        }
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    // Members are connected already.
    const randomWalk = { walk: async function* () {} };
    const parts = { registrar, addressManager, transportManager, peerId, logger, events, peerStore };
    return autoNAT({ protocolPrefix: 'dfs' })({ ...parts, connectionManager: dialAnew, randomWalk });
  };
}

/**
 * Public addresses of this machine itself count until they are found wrong. libp2p keeps them back until they are
 * verified, and a node that is alone has nobody to verify them.
 */
export function believeOwnAddresses(addressManager: AddressManager): void {
  for (const { multiaddr, type, verified, expires } of addressManager.getAddressesWithMetadata()) {
    const isUntried = type === 'transport' && !verified && expires === 0;
    if (isUntried) addressManager.confirmObservedAddr(multiaddr, { type: 'transport', ttl: BELIEVED_FOR });
  }
}

/**
 * A member sees this node at a public IP address that none of its interfaces has: its gateway's, which may pass the
 * same port on, if a person has set it up so. Kept as a guess, announced once a member has reached it there.
 */
export class SeenAddresses {
  readonly #seen = new Set<string>();

  constructor(private readonly addressManager: AddressManager) {}

  /** For the event of libp2p that tells what a peer has said of itself and of us. */
  note({ observedAddr, connection }: IdentifyResult): void {
    const seen = observedAddr?.getComponents()[0]?.value ?? '';
    if (!connection.direct || !isPublicIPv4(seen) || ownAddresses().has(seen)) return;
    if (this.#seen.has(seen) || this.#seen.size >= MAX_SEEN_ADDRESSES) return;
    this.#seen.add(seen);
    for (const { ip, port } of listening(this.addressManager.getAddressesWithMetadata())) {
      this.addressManager.addPublicAddressMapping(ip, port, seen, port, 'tcp');
    }
  }
}

function ownAddresses(): Set<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)));
}

/** Private IPv4 sockets that this node listens at. */
function listening(addresses: readonly NodeAddress[]): { ip: string; port: number }[] {
  return addresses.flatMap(({ multiaddr, type }) => {
    const [host, tcp] = multiaddr.getComponents();
    if (type !== 'transport' || host?.name !== 'ip4' || tcp?.name !== 'tcp' || !host.value || !tcp.value) return [];
    return isLoopback(host.value) || isPublicIPv4(host.value) ? [] : [{ ip: host.value, port: Number(tcp.value) }];
  });
}
