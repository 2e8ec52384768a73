import { hour, second } from '@dfs/runtime';
import { parseRecord, type SignedRecord, type WireValue, decode, encode, sha256 } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import type { AnyEvent } from '@dfs/contracts';
import { content, dump, NETWORK, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

const author = testSigner(1);
const stranger = testSigner(2);
const from = author.peerId;

function node(): Promise<TestNode> {
  return testNode({ members: [author] });
}

async function warnings(of: TestNode): Promise<{ code: string; active: boolean }[]> {
  const { items } = await of.events.since(0, 1000);
  return items.flatMap((event: AnyEvent) =>
    event.type === 'node.warning' ? [{ code: event.data.code, active: event.data.active }] : [],
  );
}

/** A body signed as a record is, whatever it says. */
function signed(value: WireValue): SignedRecord {
  const body = encode(value);
  return { body, signature: author.sign(Buffer.concat([Buffer.from('dfs-record:'), body])) };
}

const good = recordOf(author, { path: 'good' });
const form = decode(good.body) as WireValue[];

describe('records of others', () => {
  it.each<[string, SignedRecord, string]>([
    ['a signature that is wrong', { ...good, signature: new Uint8Array(64) }, 'bad-signature'],
    ['a signature by another', { ...good, signature: stranger.sign(good.body) }, 'bad-signature'],
    ['a signature cut short', { ...good, signature: good.signature.subarray(0, 63) }, 'bad-signature'],
    ['another network', recordOf(author, { network: 'ee'.repeat(32) }), 'other-network'],
    ['what is no msgpack', { ...good, body: Buffer.from('garbage') }, 'malformed'],
    ['a path that is none', signed(form.with(6, 'a//b')), 'malformed'],
    ['more than a record may hold', signed([...form.slice(0, 5), 9, Buffer.alloc(17_000)]), 'malformed'],
    ['nothing', { body: new Uint8Array(0), signature: new Uint8Array(64) }, 'malformed'],
  ])('are refused for %s, and the rest of the batch is not', async (_name, bad, reason) => {
    await using here = await node();
    const fine = recordOf(author, { path: 'fine' });
    expect(await here.catalogue.receive([bad, fine, bad], from)).toMatchObject({ added: 1, refused: 1, offences: 1 });
    expect([...here.catalogue.refused()]).toEqual([[reason, 1]]);
    expect((await here.catalogue.list({ limit: 10 })).items.map((item) => item.path)).toEqual(['fine']);
    expect(here.catalogue.records.root().count).toBe(1);
    await here.catalogue.receive([bad], from);
    expect(await warnings(here)).toEqual([{ code: 'refused-record', active: true }]);
  });

  it('are refused when their author may hold data but not write', async () => {
    await using here = await node();
    here.members.admit(stranger.peerId, 'storage');
    expect(await here.catalogue.receive([recordOf(stranger)], from)).toMatchObject({
      refused: 1,
      offences: 0,
      added: 0,
    });
    expect(await here.db.query('SELECT 1 FROM catalogue_record')).toEqual([]);
  });

  it('change nothing when they come again', async () => {
    await using here = await node();
    await here.catalogue.receive([good], from);
    const before = await dump(here);
    const { lastSeq } = await here.events.since(0, 1);
    expect(await here.catalogue.receive([good, good], from)).toEqual({
      added: 0,
      waiting: 0,
      known: 2,
      refused: 0,
      offences: 0,
    });
    expect(await dump(here)).toEqual(before);
    expect((await here.events.since(0, 1)).lastSeq).toBe(lastSeq);
  });

  it('wait for an author that is not known yet, outside the set, and come in when it is', async () => {
    await using here = await node();
    const record = recordOf(stranger, { path: 'early' });
    expect(await here.catalogue.receive([record], from)).toMatchObject({ waiting: 1, added: 0 });
    expect(here.catalogue.records.root().count).toBe(0);
    expect(await here.catalogue.byPath('early')).toBeUndefined();
    const stored = await here.catalogue.records.ranges().ids({ bits: 0, index: 0 });
    expect(stored.map(({ id, inSet }) => [Buffer.from(id).toString('hex'), inSet])).toEqual([[record.id, false]]);
    here.members.admit(stranger.peerId);
    await eventually(async () => (await here.catalogue.byPath('early')) !== undefined);
    expect(here.catalogue.records.root().count).toBe(1);
    expect((await here.events.since(0, 10)).items.map((event) => event.type)).toEqual(['file.uploaded']);
  });

  it('go when the author they waited for may not write', async () => {
    await using here = await node();
    await here.catalogue.receive([recordOf(stranger)], from);
    here.members.admit(stranger.peerId, 'storage');
    await here.catalogue.judgeNow();
    expect(await here.db.query('SELECT 1 FROM catalogue_record')).toEqual([]);
  });

  it('wait while their clock is too far ahead, with a warning that clears by itself', async () => {
    await using here = await node();
    const record = recordOf(author, { clock: { ms: START + 72 * hour + 1, counter: 0 } });
    const inTime = recordOf(author, { path: 'in-time', clock: { ms: START + 72 * hour, counter: 0 } });
    expect(await here.catalogue.receive([record, inTime], from)).toMatchObject({ waiting: 1, added: 1 });
    await here.catalogue.judgeNow();
    expect(await here.catalogue.byPath('a')).toBeUndefined();
    expect(await warnings(here)).toEqual([{ code: 'skewed-clock', active: true }]);
    here.clock.advance(second);
    await here.catalogue.judgeNow();
    expect(await here.catalogue.byPath('a')).toMatchObject({ contentId: content(1) });
    expect(await warnings(here)).toEqual([
      { code: 'skewed-clock', active: true },
      { code: 'skewed-clock', active: false },
    ]);
  });

  it('wait with one warning for each author until none waits, and a new one when they begin again', async () => {
    await using here = await testNode({ members: [author, stranger] });
    const ahead = (signer: typeof author, hours: number): SignedRecord =>
      recordOf(signer, { path: `${signer.peerId} ${hours}`, clock: { ms: START + hours * hour, counter: 0 } });
    const told = async (): Promise<string[]> =>
      (await here.events.since(0, 1000)).items.flatMap((event: AnyEvent) => {
        if (event.type !== 'node.warning') return [];
        const { active, detail } = event.data;
        return [`${active} ${[author, stranger].findIndex(({ peerId }) => detail.includes(peerId))}`];
      });
    await here.catalogue.receive([ahead(author, 73), ahead(author, 74)], from);
    await here.catalogue.receive([ahead(author, 75)], from);
    await here.catalogue.receive([ahead(stranger, 80)], from);
    expect(await told()).toEqual(['true 0', 'true 1']);
    here.clock.advance(3 * hour);
    await here.catalogue.judgeNow();
    expect(await told()).toEqual(['true 0', 'true 1']);
    await here.catalogue.receive([ahead(author, 90)], from);
    here.clock.advance(24 * hour);
    await here.catalogue.judgeNow();
    expect(await told()).toEqual(['true 0', 'true 1', 'true 0', 'false -1']);
  });

  it('never hide what is there by a clock of ten years ahead', async () => {
    await using here = await node();
    await here.catalogue.receive([good], from);
    const wild = recordOf(author, {
      kind: 'deletion',
      path: 'good',
      parents: [good.id],
      clock: { ms: Number.MAX_SAFE_INTEGER, counter: 0 },
    });
    await here.catalogue.receive([wild], from);
    expect(await here.catalogue.byPath('good')).toMatchObject({ deleted: false });
    const { fileId } = (await here.catalogue.byPath('good'))!;
    expect((await here.catalogue.versions(fileId, { limit: 10 })).total).toBe(1);
  });

  it('of a later release are kept and passed on, and not applied', async () => {
    await using here = await node();
    const later = signed([2, ...form.slice(1, 5), { shape: 'unknown' }]);
    const kind = signed([...form.slice(0, 5), 77, 'whatever']);
    expect(await here.catalogue.receive([later, kind], from)).toMatchObject({ added: 2 });
    expect((await here.catalogue.list({ limit: 10 })).items).toEqual([]);
    const passedOn: SignedRecord[] = [];
    for await (const record of here.catalogue.records.inRanges([{ bits: 0, index: 0 }])) passedOn.push(record);
    expect(new Set(passedOn.map(({ body }) => Buffer.from(body).toString('hex')))).toEqual(
      new Set([later, kind].map(({ body }) => Buffer.from(body).toString('hex'))),
    );
    await using next = await node();
    await next.catalogue.receive(passedOn, from);
    expect(next.catalogue.records.root()).toEqual(here.catalogue.records.root());
  });

  it('of a member that was removed count up to the last one that its removal names', async () => {
    await using here = await node();
    const first = recordOf(author, { path: 'first' });
    const second_ = recordOf(author, { path: 'second', prev: first.id, clock: { ms: START, counter: 1 } });
    const third = recordOf(author, { path: 'third', prev: second_.id, clock: { ms: START, counter: 2 } });
    await here.catalogue.receive([third, first, second_], from);
    const { stream } = here.events;
    here.members.remove(author.peerId, second_.id);
    await here.catalogue.judgeNow();
    const paths = async (): Promise<string[]> =>
      (await here.catalogue.list({ limit: 10 })).items.map(({ path }) => path);
    expect(await paths()).toEqual(['first', 'second']);
    expect(here.catalogue.records.root().count).toBe(2);
    // Nobody has deleted it: clients read anew.
    expect(here.events.stream).not.toBe(stream);
    expect((await here.events.since(0, 10)).items.map(({ type }) => type)).not.toContain('file.deleted');
    here.members.remove(author.peerId, null);
    await here.catalogue.judgeNow();
    expect(await paths()).toEqual([]);
    expect(await here.catalogue.totals()).toEqual({ count: 0, bytes: 0 });
  });

  it('come back as they were when the catalogue is opened again', async () => {
    await using here = await node();
    await here.catalogue.receive([good, recordOf(stranger, { path: 'waits' })], from);
    const { Catalogue } = await import('../catalogue.js');
    const members = here.members;
    await here.catalogue.close();
    members.admit(stranger.peerId);
    const again = await Catalogue.open({
      db: here.db,
      events: here.events,
      signer: here.signer,
      membership: members,
      clock: here.clock,
    });
    expect((await again.list({ limit: 10 })).items.map((item) => item.path)).toEqual(['good', 'waits']);
    expect(again.records.root().count).toBe(2);
    await again.close();
  });

  it('come by the thousand, in units of bounded size, and are told in events of at most a thousand', async () => {
    await using here = await node();
    const many = Array.from({ length: 2500 }, (_, n) => recordOf(author, { path: `f/${n}`, content: content(n) }));
    expect(await here.catalogue.receive(many, from)).toMatchObject({ added: 2500 });
    const sizes = (await here.events.since(0, 10)).items.map((event) =>
      event.type === 'file.uploaded' ? event.data.files.length : 0,
    );
    expect(sizes).toEqual([1000, 1000, 500]);
  });

  it('keep the bytes that were signed', async () => {
    await using here = await node();
    const buffer = Buffer.from(good.body);
    await here.catalogue.receive([{ body: buffer, signature: good.signature }], from);
    buffer.fill(0);
    const [row] = await here.db.query<{ id: Uint8Array; body: Uint8Array }>('SELECT id, body FROM catalogue_record');
    expect(Buffer.from(row!.id)).toEqual(Buffer.from(sha256(row!.body)));
    expect(parseRecord(row!.body)).toMatchObject({ id: good.id, envelope: { network: NETWORK } });
  });
});
