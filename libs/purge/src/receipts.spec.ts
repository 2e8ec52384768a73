import { parseReceipt, sha256, signReceipt, type Signer } from '@dfs/protocol';
import { silentLog } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { ReceiptStore, type StoredReceipt } from './receipt-store.js';
import { Receipts } from './receipts.js';
import { signerOf, World, type WorldNode } from './testing/world.js';

const NETWORK = '0e'.repeat(32);
const START = Date.UTC(2026, 0, 1);
const id = (number: number): string => Buffer.from(sha256(Buffer.from(`deletion ${number}`))).toString('hex');
const ids = (count: number): string[] => Array.from({ length: count }, (_, number) => id(number));

interface Party {
  node: WorldNode;
  signer: Signer;
  store: ReceiptStore;
  receipts: Receipts;
  /** Lines that were logged. */
  notes: string[];
  write(purged: readonly string[], kept?: readonly string[]): Promise<void>;
  /** Members that have told of a deletion, by their numbers in the world. */
  said(deletion: string): Promise<Record<string, boolean>>;
}

async function partyOf(world: World, node: WorldNode): Promise<Party> {
  const number = world.nodes.indexOf(node);
  const signer = signerOf(number);
  const store = await ReceiptStore.open(node.db);
  const notes: string[] = [];
  const note = (fields: { err?: unknown }): void =>
    void notes.push(fields.err instanceof Error ? fields.err.message : '');
  const receipts = new Receipts({
    ...{ db: node.db, store, transport: node.transport, signer, clock: fakeClock(START) },
    membership: { networkId: NETWORK, isMember: (peerId) => world.members.has(peerId) },
    peers: {
      contribute: (section, value) => node.status.contribute(section, value),
      onStatus: (section, fn) => node.status.onStatus(section, fn),
      nudge: () => setImmediate(() => node.tellStatus()),
    },
    log: { ...silentLog, info: note, debug: note },
  });
  return {
    ...{ node, signer, store, receipts, notes },
    write: (purged, kept = []) => node.db.write((tx) => receipts.write(tx, purged, kept)),
    said: async (deletion) => {
      const statements = (await store.statements([deletion])).get(deletion)!;
      const numberOf = (peerId: string): number => world.nodes.findIndex((one) => one.peerId === peerId);
      return Object.fromEntries([...statements].map(([peerId, { kept }]) => [numberOf(peerId), kept]));
    },
  };
}

async function partiesOf(world: World): Promise<Party[]> {
  return Promise.all(world.nodes.map((node) => partyOf(world, node)));
}
const hears = (party: Party, deletion: string, expected: Record<string, boolean>): Promise<unknown> =>
  eventually(async () => {
    expect(await party.said(deletion)).toEqual(expected);
    return true;
  });
/** As one who stores what it is told without looking. */
async function slipIn(
  party: Party,
  by: string,
  receipt: Parameters<typeof signReceipt>[1],
  key: Signer,
): Promise<void> {
  const signed = signReceipt({ ...key, peerId: by }, receipt);
  const stored: StoredReceipt = { receipt: parseReceipt(signed.body), signed };
  await party.node.db.write((tx) => party.store.add(tx, [stored]));
  party.node.tellStatus();
}

describe('receipts', () => {
  it('come to all members, from whoever has them, and to who was away; the later one of an author holds', async () => {
    await using world = await World.of(2);
    const [a, b] = (await partiesOf(world)) as [Party, Party];
    await a.write([id(1)], [id(2)]);
    await b.write([id(1)]);
    for (const party of [a, b]) await hears(party, id(1), { 0: false, 1: false });
    await hears(b, id(2), { 0: true });
    await a.write([id(2)]);
    await hears(b, id(2), { 0: false });
    await a.node.stop();
    const c = await partyOf(world, await world.add());
    expect(c.receipts.isInStep(b.node.peerId)).toBe(false);
    b.node.tellStatus();
    await hears(c, id(1), { 0: false, 1: false });
    await hears(c, id(2), { 0: false });
    await eventually(() => c.receipts.isInStep(b.node.peerId));
  });

  it('of many deletions are several, in more than one frame', async () => {
    await using world = await World.of(2);
    const [a, b] = (await partiesOf(world)) as [Party, Party];
    const many = ids(20_200);
    await a.write(many.slice(0, 20_000), many.slice(20_000));
    await hears(b, many.at(-1)!, { 0: true });
    expect(await b.said(many[0]!)).toEqual({ 0: false });
    const count = 'SELECT count(*) AS count FROM placement_receipt';
    expect(await b.node.db.query(count)).toEqual([{ count: Math.ceil(many.length / 500) }]);
    expect(b.store.newest(a.signer.peerId)).toBe(a.store.newest(a.signer.peerId));
  });

  it('are kept across a restart, and forgotten with the network', async () => {
    await using world = await World.of(1);
    const [a] = (await partiesOf(world)) as [Party];
    await a.write([id(1)]);
    await a.node.restart();
    const again = await partyOf(world, a.node);
    expect(await again.said(id(1))).toEqual({ 0: false });
    await again.write([id(2)]);
    expect(again.store.newest(a.signer.peerId)).toBe(START + 1);
    await a.node.db.write((tx) => again.receipts.clear(tx));
    expect(await again.said(id(1))).toEqual({});
    expect(again.store.marks(() => true)).toEqual([]);
  });

  it.each([
    ['in the name of another', NETWORK, 1, 0, 'wrong signature'],
    ['of another network', '0f'.repeat(32), 0, 0, 'another network'],
  ])('are refused: %s', async (_what, network, author, key, reason) => {
    await using world = await World.of(3);
    const [a, b, c] = (await partiesOf(world)) as [Party, Party, Party];
    await c.write([id(1)]);
    for (const party of [a, b]) await hears(party, id(1), { 2: false });
    await slipIn(a, signerOf(author).peerId, { network, time: START, purged: [id(7)], kept: [] }, signerOf(key));
    await eventually(() => b.notes.some((note) => note.includes(reason)));
    expect(await b.said(id(7))).toEqual({});
  });

  it('by one who is no member are not passed on, and not taken', async () => {
    await using world = await World.of(3);
    const [a, b, c] = (await partiesOf(world)) as [Party, Party, Party];
    const stranger = signerOf(99);
    await slipIn(a, stranger.peerId, { network: NETWORK, time: START, purged: [id(7)], kept: [] }, stranger);
    await c.write([id(1)]);
    await hears(b, id(1), { 2: false });
    expect(b.store.newest(stranger.peerId)).toBe(0);
    // Once it was removed, c's count for nothing new either.
    world.members.delete(c.node.peerId);
    await slipIn(a, c.signer.peerId, { network: NETWORK, time: START + 9, purged: [id(8)], kept: [] }, c.signer);
    await a.write([id(2)]);
    await hears(b, id(2), { 0: false });
    expect(await b.said(id(8))).toEqual({});
  });

  it('of one author are kept up to a ceiling', async () => {
    await using world = await World.of(1);
    const [a] = (await partiesOf(world)) as [Party];
    await a.write([id(1)]);
    await a.write(ids(400).slice(2));
    await a.write([id(2)]);
    const all: StoredReceipt[] = [];
    for await (const signed of a.store.since(a.signer.peerId, 0))
      all.push({ receipt: parseReceipt(signed.body), signed });
    await a.node.db.write((tx) => a.store.clear(tx));
    const narrow = await ReceiptStore.open(a.node.db, 500);
    expect(await a.node.db.write((tx) => narrow.add(tx, all))).toBe(2);
    expect((await narrow.statements([id(5)])).get(id(5))!.size).toBe(0);
    expect((await narrow.statements([id(2)])).get(id(2))!.size).toBe(1);
  });
});
