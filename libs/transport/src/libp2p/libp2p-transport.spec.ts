import { Libp2pTransport } from './libp2p-transport.js';
import { transportSuite } from '../testing/transport.suite.js';
import { aheadClock, type TransportForm } from '../testing/suite-context.js';

async function form(): Promise<TransportForm> {
  const nodes: Libp2pTransport[] = [];
  const clock = aheadClock();
  return {
    node: async ({ privateKeyRaw }) => {
      const terms = { host: '127.0.0.1', port: 0, dht: false, bulk: true, clock };
      const node = await Libp2pTransport.create({ privateKeyRaw, ...terms });
      nodes.push(node);
      await node.start();
      return node;
    },
    close: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
    ahead: clock.ahead,
  };
}

transportSuite('Libp2pTransport', form);
