import { eventually } from '@dfs/testing';
import { fileDraft } from '../../testing/nodes.js';
import { RealNetwork, type RealNode } from '../../testing/real-network.js';

const paths = async (node: RealNode): Promise<string[]> =>
  (await node.catalogue.list({ limit: 100 })).items.map(({ path }) => path);
const roots = (nodes: readonly RealNode[]): Set<string> =>
  new Set(nodes.map(({ catalogue }) => JSON.stringify(catalogue.records.root())));

/** Until these show these files, by one set of records. */
async function agree(nodes: readonly RealNode[], files: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await eventually(async () => (await paths(node)).join() === files.join(), {
      what: `${node.name} shows ${files.join(', ')}`,
    });
  }
  await eventually(() => roots(nodes).size === 1, { what: 'one set' });
}

describe('what a member wrote', () => {
  it('counts nowhere when its admission is void, wherever it was known before; and everywhere when it is admitted anew', async () => {
    await using network = new RealNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [RealNode, RealNode, RealNode];
    await a.peers.makeOwner(b.signer.peerId);
    await eventually(() => c.membership.member(b.signer.peerId)?.role === 'owner');
    await eventually(() => b.membership.self().role === 'owner');
    // Removed by one half, and not knowing of it, the owner admits another to the other half, who writes there.
    network.memory.partition([[a.transport], [b.transport, c.transport]]);
    await eventually(() => a.peers.connected().length === 0 && c.peers.connected().length === 1);
    await a.peers.remove(b.signer.peerId, { confirm: true });
    const x = await network.node('x');
    network.memory.partition([[a.transport], [b.transport, c.transport, x.transport]]);
    await x.peers.join((await b.peers.invite({})).ticket);
    await eventually(() => c.peers.connected().includes(x.signer.peerId));
    await x.write(fileDraft('of-x', 1));
    await c.write(fileDraft('of-c', 2));
    await agree([c, x], ['of-c', 'of-x']);
    network.memory.heal();
    await eventually(() => !c.membership.isMember(x.signer.peerId));
    await agree([a, c], ['of-c']);
    // It is not left to believe that it belongs, and keeps what it has.
    await eventually(() => x.membership.isRemoved, { what: 'x learns of it' });
    expect(await paths(x)).toEqual(['of-c', 'of-x']);
    await x.peers.join((await a.peers.invite({})).ticket);
    await agree([a, c, x], ['of-c', 'of-x']);
  });

  it('counts also when it was removed and has come back as one that only holds data: for those who come later too', async () => {
    await using network = new RealNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [RealNode, RealNode];
    await b.write(fileDraft('of-b', 1));
    await agree([a, b], ['of-b']);
    await a.peers.remove(b.signer.peerId, { confirm: true });
    await eventually(() => b.membership.isRemoved);
    await b.peers.join((await a.peers.invite({ role: 'storage' })).ticket);
    await network.meshed([a, b]);
    const c = await network.node('c');
    await c.peers.join((await a.peers.invite({})).ticket);
    await network.meshed([a, b, c]);
    await a.write(fileDraft('of-a', 2));
    await agree([a, b, c], ['of-a', 'of-b']);
    expect(c.catalogue.refused().size).toBe(0);
  });

  it('counts up to its removal, also where who removes it has just started and not heard of it yet', async () => {
    await using network = new RealNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [RealNode, RealNode, RealNode];
    await b.write(fileDraft('early', 1));
    await agree([a, b, c], ['early']);
    const start = await network.stop(a);
    await b.write(fileDraft('late', 2));
    await agree([b, c], ['early', 'late']);
    const owner = await start();
    await owner.peers.remove(b.signer.peerId, { confirm: true });
    await eventually(() => !c.membership.isMember(b.signer.peerId));
    await c.catalogue.judgeNow();
    await agree([owner, c], ['early', 'late']);
  });
});
