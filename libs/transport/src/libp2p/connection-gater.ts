import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import { isRelayed } from '../address.js';
import type { Connections } from './connections.js';
import type { Gatekeeper } from '../gatekeeper.js';

/** Questions of libp2p before it makes or takes a connection. */
export function connectionGater(keeper: Gatekeeper, connections: Connections): ConnectionGater {
  const admits = (peerId: PeerId, { remoteAddr }: MultiaddrConnection): boolean =>
    connections.admits(peerId.toString()) &&
    // A node that is no member has to come without a relay.
    (!isRelayed(remoteAddr.toString()) || keeper.isMember(peerId.toString()));
  return {
    denyDialPeer: (peerId) => !keeper.admitsOutbound(peerId.toString()),
    denyOutboundEncryptedConnection: (peerId, connection) =>
      !keeper.admitsOutbound(peerId.toString(), connection.remoteAddr.toString()),
    denyInboundEncryptedConnection: (peerId, connection) => !admits(peerId, connection),
    denyInboundUpgradedConnection: (peerId, connection) => !admits(peerId, connection),
    denyInboundRelayedConnection: (relay, peerId) => ![relay, peerId].every((each) => keeper.isMember(each.toString())),
  };
}
