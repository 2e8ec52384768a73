import { SYNC_PROTOCOL } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { testNetwork, type SyncedNode } from '../../../testing/network.js';
import { fileDraft } from '../../../testing/nodes.js';

const runsOf = ({ sync }: SyncedNode): number =>
  sync.work().find(({ name }) => name.startsWith('begin to compare the catalogue'))!.runs;

describe('a member that is sending its news', () => {
  it('is not asked for them meanwhile', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    network.groups([a, b]);
    await a.write(fileDraft('before', 1));
    await network.converged();

    const opened: string[] = [];
    const open = b.transport.open.bind(b.transport);
    b.transport.open = (peerId, protocol, ...rest) => {
      opened.push(protocol);
      return open(peerId, protocol, ...rest);
    };
    const stored = Promise.withResolvers<undefined>();
    using held = { [Symbol.dispose]: () => stored.resolve(undefined) };
    let came = 0;
    const receive = b.catalogue.receive.bind(b.catalogue);
    b.catalogue.receive = async (...args) => {
      came++;
      await stored.promise;
      return receive(...args);
    };
    await a.write(fileDraft('during', 2));
    await eventually(() => came === 1);
    // It hears of a set that it has never had, and looks again and again whether it has to ask for that.
    const before = runsOf(b);
    a.peers.tellStatus();
    await eventually(() => runsOf(b) >= before + 3);
    expect(opened).not.toContain(SYNC_PROTOCOL);
    held[Symbol.dispose]();
    await network.converged();
    expect(await b.catalogue.byPath('during')).toBeDefined();
  });

  it('is asked for what did not come with them', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    network.groups([a, b]);
    await a.write(fileDraft('before', 1));
    await network.converged();
    // Of the push nothing is kept: the sets differ when it is over.
    const receive = b.catalogue.receive.bind(b.catalogue);
    let lost = 0;
    b.catalogue.receive = (records, from, options) => {
      if (options?.news === undefined) return receive(records, from, options);
      lost += records.length;
      return receive([], from, options);
    };
    await a.write(fileDraft('lost', 2));
    await eventually(() => lost === 1);
    a.peers.tellStatus();
    await eventually(async () => (await b.catalogue.byPath('lost')) !== undefined);
  });
});
