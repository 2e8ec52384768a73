import { randomUUID } from 'node:crypto';
import type { PeerInfo } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { MAX_DIAL_ADDRESSES, MDNS_INTERVAL } from '../constants.js';
import type { Host } from '../host.js';

/**
 * mDNS, outside libp2p's own discovery, which would keep every address that anyone on the LAN announces.
 * @param heard of a node, and addresses it may have
 */
export async function listenForOthers(
  { components, libp2p }: Host,
  heard: (peerId: string, addresses: string[]) => void,
): Promise<{ stop(): Promise<void> }> {
  const service = mdns({ serviceTag: '_dfs._udp.local', interval: MDNS_INTERVAL, peerName: randomUUID() })(components);
  service.addEventListener('peer', ({ detail }: CustomEvent<PeerInfo>) => {
    const peerId = detail.id.toString();
    if (peerId === libp2p.peerId.toString()) return;
    heard(
      peerId,
      detail.multiaddrs.slice(0, MAX_DIAL_ADDRESSES).map((address) => address.toString()),
    );
  });
  const startable = service as unknown as { start(): Promise<void>; stop(): Promise<void> };
  await startable.start();
  return startable;
}
