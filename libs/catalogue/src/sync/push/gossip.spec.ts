import { memberMark, packMarks, packRecords, parseSyncMessage, SYNC_PROTOCOL, unpackRecords } from '@dfs/protocol';
import { minute } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { testNetwork, type SyncedNode, type TestNetwork } from '../../../testing/network.js';
import { content, fileDraft, recordOf, recordsOf } from '../../../testing/nodes.js';

/** Nobody tells of its set, and nobody compares but when two meet: what arrives was pushed. */
const PUSHES_ONLY = { nudgeMs: 10 * minute, settleMs: 10 * minute };

/** Connects by edges alone. Two that meet have compared their (empty) sets before this returns. */
async function connect(network: TestNetwork, edges: readonly (readonly [number, number])[]): Promise<void> {
  const { nodes } = network;
  let compared = 0;
  for (const node of nodes) {
    const open = node.transport.open.bind(node.transport);
    node.transport.open = async (...args) => {
      const channel = await open(...args);
      const end = channel.end.bind(channel);
      channel.end = async () => {
        await end();
        compared++;
      };
      return channel;
    };
  }
  for (const [a, b] of edges) nodes[a]?.peers.meet((nodes[b] as SyncedNode).peers);
  await eventually(() => compared === edges.length, { what: 'those who met to have compared' });
}

/** Records in pushes that were sent, by sender. */
function pushedBy(nodes: readonly SyncedNode[]): { records: number; frames: number }[] {
  return nodes.map((node) => {
    const tally = { records: 0, frames: 0 };
    const open = node.transport.open.bind(node.transport);
    node.transport.open = async (peerId, protocol, ...rest) => {
      const channel = await open(peerId, protocol, ...rest);
      const send = channel.send.bind(channel);
      channel.send = (header, payload) => {
        if (protocol === SYNC_PROTOCOL && parseSyncMessage(header).t === 'records') {
          tally.frames++;
          tally.records += unpackRecords(payload as Uint8Array).length;
        }
        return send(header, payload);
      };
      return channel;
    };
    return tally;
  });
}

describe('a record that was pushed', () => {
  it('is passed on to a member that its author is not connected to, from one to the next', async () => {
    await using network = await testNetwork(4, PUSHES_ONLY);
    const [a, , c, d] = network.nodes as [SyncedNode, SyncedNode, SyncedNode, SyncedNode];
    await connect(network, [
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    await a.write(fileDraft('far', 1));
    await network.converged();
    expect(await c.catalogue.byPath('far')).toMatchObject({ contentId: content(1) });
    await d.write({ kind: 'deletion', path: 'far' });
    await network.converged();
    expect(await a.catalogue.byPath('far')).toMatchObject({ deleted: true });
  });

  it('is not passed on where all are connected to its author', async () => {
    await using network = await testNetwork(4, PUSHES_ONLY);
    const [a] = network.nodes as [SyncedNode];
    await connect(network, [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3],
    ]);
    const pushed = pushedBy(network.nodes);
    await a.write(fileDraft('near', 1));
    await network.converged();
    expect(pushed.map(({ records }) => records)).toEqual([3, 0, 0, 0]);
  });

  it('comes to rest in a circle, and comes no more often than there are neighbours', async () => {
    await using network = await testNetwork(6, PUSHES_ONLY);
    const [a] = network.nodes as [SyncedNode];
    await connect(
      network,
      Array.from({ length: 6 }, (_, n) => [n, (n + 1) % 6] as const),
    );
    const pushed = pushedBy(network.nodes);
    await a.write(fileDraft('round', 1));
    await network.converged();
    // Another that follows on the same streams, and so after whatever the first was still passed on by.
    await a.write(fileDraft('round again', 1));
    await network.converged();
    const sum = pushed.reduce((total, { records }) => total + records, 0);
    expect(sum).toBeGreaterThanOrEqual(10);
    // Each: from its author both ways, from every other member at most one way on.
    expect(sum).toBeLessThanOrEqual(14);
  });

  it('goes alone: nothing is passed on that is forged, or was known', async () => {
    await using network = await testNetwork(3, PUSHES_ONLY);
    const [a, b, c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    await connect(network, [
      [0, 1],
      [1, 2],
    ]);
    const pushed = pushedBy(network.nodes);
    await a.write(fileDraft('known', 1));
    await network.converged();
    const [known] = await recordsOf(a);
    const good = recordOf(a.signer, { path: 'good' });
    const forged = Array.from({ length: 8 }, (_, n) => ({
      ...recordOf(a.signer, { path: `forged/${n}` }),
      signature: new Uint8Array(64),
    }));
    const channel = await a.transport.open(b.peers.peerId, SYNC_PROTOCOL);
    await channel.send({ t: 'push' });
    const reached = packMarks([memberMark(a.peers.peerId)]);
    await channel.send({ t: 'records', reached }, packRecords([known!, ...forged, good]));
    await eventually(async () => (await c.catalogue.byPath('good')) !== undefined);
    // The known one when it was news, and the good one.
    expect(pushed[1]?.records).toBe(2);
    expect(c.catalogue.refused().size).toBe(0);
    await channel.end();
  });

  it('reaches all who hang on one member in the middle', async () => {
    await using network = await testNetwork(8, PUSHES_ONLY);
    const [, leaf] = network.nodes as [SyncedNode, SyncedNode];
    await connect(
      network,
      Array.from({ length: 7 }, (_, n) => [0, n + 1] as const),
    );
    await leaf.write(fileDraft('leaf', 1));
    await network.converged();
  });

  it('goes with others when many small commits follow each other', async () => {
    await using network = await testNetwork(3, PUSHES_ONLY);
    const [a, , c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    await connect(network, [
      [0, 1],
      [1, 2],
    ]);
    const pushed = pushedBy(network.nodes);
    const commits = 300;
    await Promise.all(Array.from({ length: commits }, (_, n) => a.write(fileDraft(`f/${n}`, n))));
    await network.converged();
    expect((await c.catalogue.totals()).count).toBe(commits);
    expect(pushed[0]?.records).toBe(commits);
    expect(pushed[1]?.records).toBe(commits);
    for (const { frames } of pushed) expect(frames).toBeLessThan(commits);
  });
});

describe('a record that did not come by a push', () => {
  it('is told of to members that the one it came from does not reach', async () => {
    await using network = await testNetwork(3);
    const [a, b, c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    await a.write(fileDraft('far', 1));
    b.peers.meet(c.peers);
    a.peers.meet(b.peers);
    await network.converged();
    expect(await c.catalogue.byPath('far')).toMatchObject({ contentId: content(1) });
    expect(b.peers.nudges).toBeGreaterThan(0);
  });
});
