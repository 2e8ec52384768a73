import { eventually } from '@dfs/testing';
import { fileDraft } from '../testing/nodes.js';
import { RealNetwork, type RealNode } from '../testing/real-network.js';

const paths = async ({ catalogue }: RealNode): Promise<string[]> =>
  (await catalogue.list({ limit: 1000 })).items.map((item) => item.path);

async function agree(nodes: readonly RealNode[], wanted: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await eventually(async () => JSON.stringify(await paths(node)) === JSON.stringify(wanted), {
      what: `${node.name} lists ${wanted.length} files`,
      deadline: 20_000,
    });
  }
  const prints = nodes.map((node) => Buffer.from(node.catalogue.records.root().print).toString('hex'));
  expect(new Set(prints).size).toBe(1);
}

describe.each(['memory', 'libp2p'] as const)('the catalogue of real members over %s', (kind) => {
  it('is the same everywhere, for those who came later and those who were away', async () => {
    await using network = new RealNetwork(kind);
    const [a, b] = (await network.joined('a', 'b')) as [RealNode, RealNode];
    await a.write(fileDraft('from-a', 1), fileDraft('both', 1));
    await agree([a, b], ['both', 'from-a']);
    await b.write(fileDraft('from-b', 2), { kind: 'deletion', path: 'both' });
    await agree([a, b], ['from-a', 'from-b']);

    const c = await network.node('c');
    await c.peers.join((await a.peers.invite({})).ticket);
    await agree([a, b, c], ['from-a', 'from-b']);

    await network.stop(b);
    await a.write(fileDraft('while-away', 3), { kind: 'deletion', path: 'from-b' });
    const back = await network.start(b);
    await agree([a, back, c], ['from-a', 'while-away']);
  });
});

describe('a network of real members', () => {
  it('refuses a newcomer with files of its own, and takes it without', async () => {
    await using network = new RealNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    await b.write(fileDraft('mine', 1));
    const { ticket } = await a.peers.invite({});
    await expect(b.peers.join(ticket)).rejects.toMatchObject({ code: 'has-files' });
    await b.write({ kind: 'deletion', path: 'mine' });
    await a.write(fileDraft('theirs', 2));
    await b.peers.join(ticket);
    await agree([a, b], ['theirs']);
    expect(b.catalogue.records.root().count).toBe(1);
  });

  it('lets a member that only holds data write nothing', async () => {
    await using network = new RealNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    await b.peers.join((await a.peers.invite({ role: 'storage' })).ticket);
    await network.meshed([a, b]);
    await a.write(fileDraft('a', 1));
    await agree([a, b], ['a']);
    await expect(b.write(fileDraft('b', 1))).rejects.toMatchObject({ code: 'read-only-member' });
  });

  it('keeps what a removed member wrote until then, and nothing of what it writes after', async () => {
    await using network = new RealNetwork();
    const [a, b, c] = (await network.joined('a', 'b', 'c')) as [RealNode, RealNode, RealNode];
    await b.write(fileDraft('before', 1));
    await agree([a, b, c], ['before']);
    network.memory.partition([[a.transport, c.transport], [b.transport]]);
    await b.write(fileDraft('behind-their-back', 2));
    await a.peers.remove(b.signer.peerId, { confirm: true });
    await eventually(() => c.membership.removed(b.signer.peerId) !== undefined);
    network.memory.heal();
    await a.write(fileDraft('after', 3));
    await agree([a, c], ['after', 'before']);
    // Whoever brings them: records beyond the one that the removal names do not count.
    const late = [];
    for await (const record of b.catalogue.records.inRanges([{ bits: 0, index: 0 }])) late.push(record);
    await c.catalogue.receive(late, a.signer.peerId);
    await c.catalogue.judgeNow();
    await agree([a, c], ['after', 'before']);
  });
});
