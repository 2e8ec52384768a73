import { fileIdOf, SYNC_PROTOCOL, type WireValue } from '@dfs/protocol';
import { isDfsError, minute, second } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { testNetwork, type SyncedNode, type TestNetwork } from '../../testing/network.js';
import { content, dump, fileDraft, NETWORK, recordOf, START, testSigner } from '../../testing/nodes.js';
import type { Change } from '../ports.js';

/** The facts that must be equal: all but how many were counted for an author along the way. */
async function world(node: SyncedNode): Promise<unknown> {
  return dump(node);
}

async function equal(network: TestNetwork): Promise<void> {
  const [first, ...others] = network.nodes;
  const wanted = await world(first!);
  for (const other of others) expect(await world(other)).toEqual(wanted);
}

async function eventTypes(node: SyncedNode): Promise<string[]> {
  return (await node.events.since(0, 1000)).items.map((event) => event.type);
}

describe('sync', () => {
  it('brings two nodes that meet to the same set, both ways', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await a.write(...Array.from({ length: 300 }, (_, n) => fileDraft(`a/${n}`, n)));
    await b.write(...Array.from({ length: 200 }, (_, n) => fileDraft(`b/${n}`, n)), fileDraft('a/7', 99));
    network.groups([a, b]);
    await network.converged();
    await equal(network);
    expect(await b.catalogue.totals()).toMatchObject({ count: 500 });
    expect((await b.catalogue.byPath('a/7'))?.conflict).toBe(true);
    await eventually(async () => (await eventTypes(a)).includes('sync.finished'));
    await eventually(async () => (await eventTypes(b)).includes('sync.finished'));
    const told = (await a.events.since(0, 100)).items.flatMap((event) =>
      event.type === 'sync.finished' ? [event.data] : [],
    );
    expect(told).toEqual([{ peerId: b.signer.peerId, received: 201, sent: 300 }]);
    expect(await eventTypes(b)).toEqual(expect.arrayContaining(['file.uploaded', 'file.conflict']));
  });

  it('gives a newcomer everything in bulk', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await a.write(...Array.from({ length: 3000 }, (_, n) => fileDraft(`f/${n}`, n)));
    network.groups([a, b]);
    await network.converged();
    expect((await b.catalogue.totals()).count).toBe(3000);
  });

  it('pushes new records at once, and tells listeners there', async () => {
    // However long a push takes here, no set is compared meanwhile; each pair has met before.
    await using network = await testNetwork(3, { settleMs: 10 * minute });
    const [a, b, c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    network.groups([a, b, c]);
    const knows = (node: SyncedNode): boolean =>
      network.nodes.every(({ peers, sync }) => sync === node.sync || node.sync.comparedWithin(peers.peerId, minute));
    await eventually(() => network.nodes.every(knows));
    const heard: Change[] = [];
    b.catalogue.onChange((changes) => heard.push(...changes));
    await a.write(fileDraft('new', 1));
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([
      {
        fileId: fileIdOf(NETWORK, 'new'),
        path: 'new',
        contentId: content(1),
        size: 1001,
        author: a.signer.peerId,
        deleted: false,
      },
    ]);
    await b.write({ kind: 'deletion', path: 'new' });
    await network.converged();
    expect((await c.catalogue.byPath('new'))?.deleted).toBe(true);
    for (const node of network.nodes) expect(await eventTypes(node)).not.toContain('sync.started');
  });

  it('stops at once while a member keeps its stream of new records open', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    network.groups([a, b]);
    await network.converged();
    await a.write(fileDraft('new', 1));
    await network.converged();
    // It waits for no end of that stream, which does not come.
    await b.sync.stop();
  });

  it('carries a burst of writes to all, in the order in which they were made', async () => {
    await using network = await testNetwork(3);
    const [a, b, c] = network.nodes as [SyncedNode, SyncedNode, SyncedNode];
    network.groups([a, b, c]);
    for (let n = 0; n < 60; n++) await (n % 2 ? a : b).write(fileDraft(`f/${n % 7}`, n));
    network.heartbeat();
    await network.converged();
    await equal(network);
  });

  it('heals a partition in which both sides wrote and deleted', async () => {
    await using network = await testNetwork(4);
    const [a, b, c, d] = network.nodes as [SyncedNode, SyncedNode, SyncedNode, SyncedNode];
    network.groups([a, b, c, d]);
    await a.write(...['same', 'edited', 'deleted', 'both'].map((path, n) => fileDraft(path, n)));
    await network.converged();
    network.groups([a, b], [c, d]);
    await a.write(fileDraft('edited', 10), { kind: 'deletion', path: 'both' }, fileDraft('only/left', 1));
    await c.write({ kind: 'deletion', path: 'edited' }, { kind: 'deletion', path: 'both' });
    await d.write({ kind: 'deletion', path: 'deleted' }, fileDraft('only/right', 2));
    await network.converged([a, b]);
    await network.converged([c, d]);
    network.groups([a, b, c, d]);
    await network.converged();
    await equal(network);
    expect(await d.catalogue.byPath('edited')).toMatchObject({
      contentId: content(10),
      deleted: false,
      conflict: true,
    });
    expect(await a.catalogue.byPath('deleted')).toMatchObject({ deleted: true });
    expect(await a.catalogue.byPath('both')).toMatchObject({ deleted: true, conflict: false });
    const current = (await b.catalogue.list({ limit: 10 })).items.map((item) => item.path);
    expect(current).toEqual(['edited', 'only/left', 'only/right', 'same']);
  });

  it('tries again after a connection is lost in the middle, and leaves nothing stuck', async () => {
    await using network = await testNetwork(2, { patienceMs: 2000 });
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await a.write(...Array.from({ length: 2500 }, (_, n) => fileDraft(`f/${n}`, n)));
    let cuts = 0;
    const stop = b.catalogue.onChange(() => {
      if (cuts++ < 2) void a.transport.hangUp(b.signer.peerId);
    });
    network.groups([a, b]);
    await network.converged();
    stop();
    expect(cuts).toBeGreaterThan(1);
    const types = await eventually(async () => {
      const all = await eventTypes(b);
      const count = (type: string): number => all.filter((each) => each === type).length;
      return count('sync.started') === count('sync.finished') && all;
    });
    expect(types.filter((type) => type === 'sync.started').length).toBeGreaterThan(1);
  });

  it('gives up on a peer that says nothing, and asks it again', async () => {
    await using network = await testNetwork(1, { patienceMs: 50 });
    const [a] = network.nodes as [SyncedNode];
    const mute = network.network.node(testSigner(7));
    mute.setGate({ isMember: () => true, acceptsStrangers: () => false });
    let opened = 0;
    mute.handle(SYNC_PROTOCOL, async (channel) => {
      opened++;
      await new Promise((resolve) => channel.signal.addEventListener('abort', resolve, { once: true }));
    });
    await mute.start();
    await a.transport.dialPeer(mute.peerId, mute.addresses());
    a.peers.meet({ ...a.peers, peerId: mute.peerId, others: new Set(), ready: new Set() } as never);
    await eventually(() => opened >= 3);
  });

  it('compares again when a record that was pushed did not arrive', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    network.groups([a, b]);
    await a.write(fileDraft('first', 1));
    await network.converged();
    // The stream breaks without either side hearing of a lost connection.
    const stop = b.catalogue.onChange(() => undefined);
    await a.transport.hangUp(b.signer.peerId);
    await a.write(fileDraft('second', 2));
    stop();
    await network.converged();
    expect(await b.catalogue.byPath('second')).toBeDefined();
  });

  it('costs little when the sets are the same or nearly so', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await a.write(...Array.from({ length: 4000 }, (_, n) => fileDraft(`f/${n}`, n)));
    network.groups([a, b]);
    await network.converged();
    network.groups([a], [b]);
    await a.write(...Array.from({ length: 5 }, (_, n) => fileDraft(`new/${n}`, n)));
    let bytes = 0;
    const open = a.transport.open.bind(a.transport);
    const count = (header: WireValue, payload?: Uint8Array): void => {
      bytes += JSON.stringify(header).length + (payload?.length ?? 0);
    };
    for (const node of [a, b]) {
      const opening = node === a ? open : b.transport.open.bind(b.transport);
      node.transport.open = async (...args) => {
        const channel = await opening(...args);
        const send = channel.send.bind(channel);
        const frames = channel.frames.bind(channel);
        channel.send = (header, payload) => {
          count(header, payload as Uint8Array);
          return send(header, payload);
        };
        channel.frames = async function* () {
          for await (const frame of frames()) {
            count(frame.header, frame.payload);
            yield frame;
          }
        };
        return channel;
      };
    }
    network.groups([a, b]);
    await network.converged();
    // 4,005 records of some 300 bytes; five of them, and the fingerprints of the ranges they fall into.
    expect(bytes).toBeLessThan(24_000);
  });

  it('does not try for ever to agree with one who will not have a record', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    const stranger = testSigner(8);
    a.members.admit(stranger.peerId);
    await a.catalogue.receive([recordOf(stranger)], a.signer.peerId);
    let opened = 0;
    for (const node of [a, b]) {
      const open = node.transport.open.bind(node.transport);
      node.transport.open = (...args) => {
        opened++;
        return open(...args);
      };
    }
    network.groups([a, b]);
    await eventually(async () => (await b.db.query('SELECT 1 FROM catalogue_record')).length === 1);
    for (let n = 0; n < 10; n++) {
      network.heartbeat();
      await eventually(() => true, { poll: 1 });
    }
    b.members.admit(stranger.peerId);
    await network.converged();
    expect(opened).toBeLessThan(12);
    expect(await b.catalogue.byPath('a')).toMatchObject({ contentId: content(1) });
  });

  it('hears nothing wrong from a malformed message', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await b.write(fileDraft('b', 1));
    const wrong: [WireValue, Uint8Array?][] = [
      [{ t: 'nonsense' }],
      [{ t: 'turn' }],
      [{ t: 'push' }, Buffer.from('x')],
      [{ t: 'hello', count: -1 }],
    ];
    for (const [header, payload] of wrong) {
      const channel = await a.transport.open(b.signer.peerId, SYNC_PROTOCOL);
      await channel.send(header, payload);
      await channel.send({ t: 'records' }, Buffer.from('garbage')).catch(() => undefined);
      const failure = await (async () => {
        try {
          for await (const frame of channel.frames()) void frame;
          return undefined;
        } catch (error) {
          return error;
        }
      })();
      expect(isDfsError(failure)).toBe(true);
    }
    network.groups([a, b]);
    await network.converged();
  });
});

describe('a change of network', () => {
  it('is refused with files to one who was removed, or may not write where it goes', async () => {
    await using network = await testNetwork(1);
    const [a] = network.nodes as [SyncedNode];
    const guard = a.peers.joinGuards[0]!;
    const plan = { networkId: 'ff'.repeat(32), role: null, alone: true } as const;
    const refused = { code: 'has-files', facts: { files: 1 } };
    await guard({ ...plan, role: 'storage' });
    await guard({ ...plan, alone: false });
    await a.write(fileDraft('mine', 1));
    await guard(plan);
    await guard({ ...plan, role: 'member' });
    await expect(guard({ ...plan, role: 'storage' })).rejects.toMatchObject(refused);
    await expect(guard({ ...plan, alone: false })).rejects.toMatchObject(refused);
    await guard({ ...plan, networkId: NETWORK, alone: false });
    const changed = a.db.write((tx) => a.peers.networkListeners[0]!(tx, NETWORK, plan.networkId, 'storage'));
    await expect(changed).rejects.toMatchObject(refused);
    expect(await a.catalogue.totals()).toMatchObject({ count: 1 });
    await a.write({ kind: 'deletion', path: 'mine' });
    await guard({ ...plan, role: 'storage' });
    await guard({ ...plan, alone: false });
  });

  it('keeps everything when it comes back to the same one', async () => {
    await using network = await testNetwork(1);
    const [a] = network.nodes as [SyncedNode];
    const [made] = await a.write(fileDraft('mine', 1));
    await a.db.write((tx) => a.peers.networkListeners[0]!(tx, NETWORK, NETWORK, 'member'));
    expect(a.catalogue.records.root().count).toBe(1);
    expect(await a.peers.lastRecordOf(a.signer.peerId)).toBe(made?.entry.recordId);
  });

  it('drops what belonged to the old one, in the same unit of work', async () => {
    await using network = await testNetwork(2);
    const [a, b] = network.nodes as [SyncedNode, SyncedNode];
    await a.write(fileDraft('mine', 1), { kind: 'deletion', path: 'mine' });
    const changed = a.peers.networkListeners[0]!;
    const failing = a.db.write(async (tx) => {
      await changed(tx, NETWORK, 'ff'.repeat(32), 'member');
      throw new Error('not after all');
    });
    await expect(failing).rejects.toThrow();
    expect(a.catalogue.records.root().count).toBe(2);
    await a.db.write((tx) => changed(tx, NETWORK, 'ff'.repeat(32), 'member'));
    expect(a.catalogue.records.root()).toEqual(b.catalogue.records.root());
    expect(await dump(a)).toEqual(await dump(b));
    a.clock.set(START + 5 * second);
    const [made] = await a.write(fileDraft('mine', 1));
    expect(made).toMatchObject({ outcome: 'created', entry: { createdAt: START + 5 * second } });
  });
});
