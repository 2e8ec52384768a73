import { eventually } from '@dfs/testing';
import { fileDraft } from '../../testing/nodes.js';
import { RealNetwork, type RealNode } from '../../testing/real-network.js';

const paths = async ({ catalogue }: RealNode): Promise<string> =>
  (await catalogue.list({ limit: 100 })).items.map(({ path }) => path).join();

describe('a node that lost its database', () => {
  it('gets the catalogue back, and goes on with its own chain of records', async () => {
    await using network = new RealNetwork();
    const [a, b] = (await network.joined('a', 'b')) as [RealNode, RealNode];
    await b.write(fileDraft('one', 1), fileDraft('two', 2));
    await eventually(async () => (await paths(a)) === 'one,two', { what: 'a has both' });
    const last = await a.catalogue.lastRecord(b.signer.peerId);
    const again = await (await network.lose(b))();
    // Until then it refuses a write rather than let it wait.
    await again.peers.isBack();
    await again.catalogue.writable();
    expect(again.membership.mustSync).toBe(false);
    expect(await paths(again)).toBe('one,two');
    expect(await again.catalogue.lastRecord(b.signer.peerId)).toBe(last);
    await again.write(fileDraft('three', 3));
    await eventually(async () => (await paths(a)) === 'one,three,two', { what: 'a has all' });
    for (const { catalogue } of [a, again]) expect(await catalogue.forks()).toBe(0);
  });

  it('writes nothing, over restarts too, before it has compared with a member', async () => {
    await using network = new RealNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [RealNode, RealNode, RealNode];
    await b.write(fileDraft('one', 1));
    await eventually(async () => (await paths(a)) === 'one', { what: 'a has it' });
    const start = await network.lose(b);
    await network.stop(c);
    // Membership comes from a, and nothing else: its catalogue is not compared with.
    await a.sync.stop();
    let again = await start();
    await again.peers.isBack();
    await expect(again.write(fileDraft('two', 2))).rejects.toMatchObject({ code: 'not-ready' });
    again = await network.restart(again);
    expect(again.membership.mustSync).toBe(true);
    await expect(again.write(fileDraft('two', 2))).rejects.toMatchObject({ code: 'not-ready' });
  });
});
