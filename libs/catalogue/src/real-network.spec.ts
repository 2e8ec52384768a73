import { eventually } from '@dfs/testing';
import { content, fileDraft } from '../testing/nodes.js';
import { RealNetwork, type RealNode } from '../testing/real-network.js';

const paths = async ({ catalogue }: RealNode): Promise<string[]> =>
  (await catalogue.list({ limit: 1000 })).items.map((item) => item.path);

async function agree(nodes: readonly RealNode[], wanted: readonly string[]): Promise<void> {
  for (const node of nodes) {
    await eventually(async () => JSON.stringify(await paths(node)) === JSON.stringify(wanted), {
      what: `${node.name} lists ${wanted.length} files`,
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

    const start = await network.stop(b);
    await a.write(fileDraft('while-away', 3), { kind: 'deletion', path: 'from-b' });
    const back = await start();
    await agree([a, back, c], ['from-a', 'while-away']);
  });
});

describe('a network of real members', () => {
  it('takes a newcomer’s files in: what is there already adds nothing, what differs is a conflict below it', async () => {
    await using network = new RealNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    await a.write(fileDraft('same', 1), fileDraft('differs', 2), fileDraft('deleted', 3), fileDraft('theirs', 4));
    await a.write({ kind: 'deletion', path: 'deleted' });
    await b.write(fileDraft('same', 1), fileDraft('differs', 5), fileDraft('deleted', 3), fileDraft('mine', 6));
    await b.write({ kind: 'deletion', path: 'mine' }, fileDraft('mine', 7));
    const written = (await b.catalogue.byPath('mine'))?.modifiedAt;
    await b.peers.join((await a.peers.invite({})).ticket);
    // The join is answered when they are there.
    expect(await b.catalogue.imports.count()).toBe(0);
    await agree([a, b], ['deleted', 'differs', 'mine', 'same', 'theirs']);
    expect(a.catalogue.records.root().count).toBe(5 + 3);
    for (const { catalogue } of [a, b]) {
      const differs = await catalogue.byPath('differs');
      expect(differs).toMatchObject({ contentId: content(2), conflict: true });
      const { items } = await catalogue.versions(differs!.fileId, { limit: 10 });
      const sides = items.map(({ contentId, shown, imported }) => ({ contentId, shown, imported }));
      expect(sides).toHaveLength(2);
      expect(sides).toContainEqual({ contentId: content(2), shown: true, imported: false });
      expect(sides).toContainEqual({ contentId: content(5), shown: false, imported: true });
      const same = await catalogue.byPath('same');
      expect(same).toMatchObject({ conflict: false, author: a.signer.peerId });
      expect((await catalogue.versions(same!.fileId, { limit: 10 })).items).toHaveLength(1);
      expect(await catalogue.byPath('deleted')).toMatchObject({
        contentId: content(3),
        deleted: false,
        conflict: false,
      });
      expect(await catalogue.byPath('mine')).toMatchObject({ contentId: content(7), modifiedAt: written });
    }
  });

  it('leaves a newcomer with files as it was where it may not write; the ticket is still good', async () => {
    await using network = new RealNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    await b.write(fileDraft('mine', 1));
    const own = b.membership.networkId;
    const { ticket } = await a.peers.invite({ role: 'storage' });
    await expect(b.peers.join(ticket)).rejects.toMatchObject({ code: 'has-files', facts: { files: 1 } });
    expect(b.membership.networkId).toBe(own);
    expect(await paths(b)).toEqual(['mine']);
    expect(a.membership.members()).toHaveLength(1);
    await b.write({ kind: 'deletion', path: 'mine' });
    await b.peers.join(ticket);
    expect(b.membership.self().role).toBe('storage');
  });

  it('goes on with the import after a stop in its middle', async () => {
    await using network = new RealNetwork();
    const [a, b] = [await network.node('a'), await network.node('b')];
    const names = Array.from({ length: 2_500 }, (_, n) => `f${String(n).padStart(4, '0')}`);
    await b.write(...names.map((name, n) => fileDraft(name, n)));
    await a.write(fileDraft('f0000', 9_999));
    const joining = b.peers.join((await a.peers.invite({})).ticket);
    await eventually(async () => (await b.catalogue.imports.count()) === 1_500, { poll: 1 });
    const start = await network.stop(b);
    await joining.catch(() => undefined);
    const back = await start();
    await eventually(async () => (await back.catalogue.totals()).count === 2_500);
    await eventually(() => a.catalogue.records.root().count === 2_501);
    await agree([a, back], names.slice(0, 1000));
    expect((await a.catalogue.byPath('f0000'))?.contentId).toBe(content(9_999));
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
    // Where they were written they can still be read.
    await eventually(() => b.membership.isRemoved);
    await b.catalogue.judgeNow();
    expect(await paths(b)).toEqual(['before', 'behind-their-back']);
    await expect(b.write(fileDraft('later', 4))).rejects.toMatchObject({ code: 'read-only-member' });
    // Records beyond the one that the removal names do not count, whoever brings them.
    const late = [];
    for await (const record of b.catalogue.records.inRanges([{ bits: 0, index: 0 }])) late.push(record);
    await c.catalogue.receive(late, a.signer.peerId);
    await c.catalogue.judgeNow();
    await agree([a, c], ['after', 'before']);
  });
});
