import type { PeerInfo, PeerState, StorageInfo } from '@dfs/contracts';
import { second } from '@dfs/runtime';
import { shape } from '@dfs/protocol';
import { isRelayed, type ConnectionInfo, type Rates } from '@dfs/transport';
import type { Member } from '../membership/roster.js';
import { StatusSection } from '../status/status-section.js';
import type { Session } from './session.js';

/** The status section in which a node says how much it holds; contributed by the layer that holds it. */
export const storageSection = new StatusSection<StorageInfo>(
  'storage',
  shape.struct({
    chunks: shape.int(),
    bytes: shape.int(),
    quotaBytes: shape.int(),
    freeBytes: shape.int(),
  }),
);

/** All that this node knows of one member, to be told in one shape. Times are milliseconds since 1970. */
export interface PeerFacts {
  member: Member;
  state: PeerState;
  name: string | undefined;
  /** Without `/p2p/…`, or whole. */
  addresses: readonly string[];
  session: Session | undefined;
  lastSeen: number | undefined;
  rates: Rates;
  now: number;
}

/** A member as `GET /peers` shows it. */
export function peerInfo({ member, state, name, addresses, session, lastSeen, rates, now }: PeerFacts): PeerInfo {
  const { peerId, role } = member;
  return {
    peerId,
    name: name ?? peerId.slice(-8),
    role,
    state,
    addresses: addresses.map((address) => (address.endsWith(`/p2p/${peerId}`) ? address : `${address}/p2p/${peerId}`)),
    latencyMs: session?.latencyMs ?? null,
    lastSeenAt: lastSeen === undefined ? null : new Date(lastSeen).toISOString(),
    uptimeSeconds: session && session.boot > 0 ? Math.max(0, Math.floor((now - session.bootedAt) / second)) : null,
    storage: storageSection.read(session?.sections.get(storageSection.name)) ?? null,
    rates: { receive: Math.round(rates.receive), send: Math.round(rates.send) },
  };
}

/** Known addresses of a member; first the one through another member while it is reached by nothing else. */
export function reachedBy(
  peerId: string,
  connections: readonly ConnectionInfo[],
  known: readonly string[],
): readonly string[] {
  const own = connections.flatMap((connection) => (connection.peerId === peerId ? [connection.address] : []));
  const [through] = own;
  if (through === undefined || !own.every(isRelayed)) return known;
  const relay = /\/p2p\/([^/]+)\/p2p-circuit/.exec(through)?.[1] ?? '';
  const address = `/p2p/${relay}/p2p-circuit`;
  return [address, ...known.filter((other) => !other.startsWith(address))];
}
