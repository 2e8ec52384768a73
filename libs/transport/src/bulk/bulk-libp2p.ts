import { Server } from 'node:net';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { isRelayed } from '../address.js';
import type { Host } from '../host.js';
import type { ConnectionInfo } from '../transport.js';
import type { BulkPlane } from './bulk-plane.js';
import type { BulkTarget } from './bulk-tls.js';

/** Among the protocols that a node tells of itself (identify), it says that the node takes bulk connections. */
export const BULK_MARK = '/dfs/bulk/1';

/** Has the plane take its part of the connections that come to the ports of a running libp2p, and tells peers so. */
export async function attachBulk(plane: BulkPlane, { libp2p, components }: Host): Promise<void> {
  // The first is missing from the type, the second private to @libp2p/tcp; the listeners of relays have none.
  const { transportManager } = components as unknown as {
    transportManager: { getListeners(): { server?: unknown }[] };
  };
  const servers = transportManager.getListeners().flatMap(({ server }) => (server instanceof Server ? [server] : []));
  const listens = libp2p.getMultiaddrs().some((address) => !isRelayed(address.toString()));
  if (listens && servers.length === 0) throw new TypeError('this libp2p listens in another way');
  plane.attach(servers);
  if (servers.length === 0) return;
  // It is announced and not spoken.
  await libp2p.handle(BULK_MARK, (stream) => stream.abort(new Error('bulk connections are no streams')));
}

/**
 * Where to dial a peer that takes bulk connections, and to which there is a direct connection: the address at which it was
 * dialled for that; else those it has told of, the ones of the host that it came from first.
 */
export async function bulkTargets(
  peerId: string,
  connections: readonly ConnectionInfo[],
  { libp2p }: Host,
): Promise<BulkTarget[]> {
  const direct = connections.filter((each) => each.peerId === peerId && !isRelayed(each.address));
  if (direct.length === 0) return [];
  const known = await libp2p.peerStore.get(peerIdFromString(peerId)).catch(() => undefined);
  if (!known?.protocols.includes(BULK_MARK)) return [];
  const dialled = direct.filter(({ direction }) => direction === 'out').map(({ address }) => address);
  const hosts = direct.flatMap(({ address }) => targetOf(address) ?? []).map(({ host }) => host);
  const told = known.addresses
    .map(({ multiaddr: address }) => address.toString())
    .filter((address) => !isRelayed(address))
    .flatMap((address) => targetOf(address) ?? []);
  const all = [...dialled.flatMap((address) => targetOf(address) ?? []), ...told.sort(firstThoseOf(hosts))];
  return [...new Map(all.map((target) => [`${target.host} ${target.port}`, target])).values()];
}

function firstThoseOf(hosts: readonly string[]): (one: BulkTarget, other: BulkTarget) => number {
  return (one, other) => Number(hosts.includes(other.host)) - Number(hosts.includes(one.host));
}

function targetOf(address: string): BulkTarget | undefined {
  const [host, tcp] = multiaddr(address).getComponents();
  if (!host?.value || tcp?.name !== 'tcp' || !tcp.value) return undefined;
  return { host: host.value, port: Number(tcp.value) };
}
