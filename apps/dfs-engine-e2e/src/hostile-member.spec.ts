import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EventPage, FileList, Health } from '@dfs/contracts';
import {
  blocksFrame,
  CHUNKS_PROTOCOL,
  cidOf,
  EMPTY_CONTENT,
  haveFrame,
  holdingsStatus,
  packBits,
  packPins,
  packRecords,
  packSizes,
  parseChunksRequest,
  pinsFrame,
  pullMessage,
  pushMessage,
  readMembershipRecord,
  receivedMessage,
  recordsMessage,
  signerFromRaw,
  signRecord,
  STATUS_PROTOCOL,
  SYNC_PROTOCOL,
  type MembershipRecord,
  type Pin,
  type RecordFields,
  type SignedRecord,
  type Signer,
  type WireValue,
} from '@dfs/protocol';
import { admissionsBy, eventually, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { HostileMember, memoryTaken, sendRaw } from './hostile-member.js';
import { at, bytesOf, databaseBytes, listed } from './steps.js';

const MiB = 1024 * 1024;
/** Records of unknown authors that are sent, and those that are kept waiting. */
const [MADE_UP, WAITING_ROOM] = [22_000, 20_000];
/** More than are named in one status; and heartbeats for which is counted what it takes. */
const [AWAY, BEATS] = [45, 8];
/** Heartbeats after which it asks about others of those who have been away for longer than the grace. */
const SLICE_BEATS = 60;
/** Bytes that each case tries to send, and that may be seen in the memory of the engine, its own work included. */
const FLOOD = 256 * MiB;
const FEW = 64 * MiB;

describe('a member that does not keep to the rules', () => {
  let nodes: Engine[] = [];
  let victim: Engine;
  let other: Engine;
  let hostile: HostileMember;
  let name: string;
  let networkId: string;

  beforeAll(async () => {
    // More copies than members: whoever is here wants everything.
    nodes = await startNetwork(3, { env: { DFS_REPLICAS: '9' }, name: (index) => `hostile-${index}` });
    [victim, other] = [at(nodes, 0), at(nodes, 1)];
    networkId = (await victim.node()).network.id;
    const third = at(nodes, 2);
    name = third.name;
    await third.stop();
    hostile = await HostileMember.of(third);
  });
  afterAll(async () => {
    await hostile?.stop();
    await removeAll(nodes);
  });
  afterEach(() => {
    hostile.sections.clear();
    hostile.hangUp();
  });

  let written = 0;
  /** Files that the other member writes arrive at the victim. */
  async function isServed(): Promise<void> {
    const { path } = await other.put(`meanwhile/${++written}`, `bytes ${written}`);
    expect(String(await bytesOf(victim, await listed(victim, path)))).toBe(`bytes ${written}`);
  }

  /** Whether the victim has a connection with it. */
  const isHere = async (): Promise<boolean> =>
    (await victim.peers()).items.some(({ peerId, state }) => peerId === hostile.signer.peerId && state === 'connected');
  const isCut = (): Promise<boolean> => eventually(async () => !(await isHere()), { what: 'it is hung up on' });

  /** Sends until it is cut off. @returns bytes sent */
  async function flood(send: (sent: number) => Promise<number>): Promise<number> {
    let sent = 0;
    await isServed();
    const served = isServed();
    const memory = await memoryTaken(victim, async () => {
      try {
        while (sent < FLOOD) sent += await send(sent);
      } catch {
        // It was cut off.
      }
      await served;
    });
    expect(memory).toBeLessThan(FEW);
    return sent;
  }

  it('fills no memory with ever new sections of its status, and is hung up on', async () => {
    const { tell } = await hostile.greet(victim);
    await eventually(isHere, { what: 'it counts as connected' });
    const value = randomBytes(12_000);
    let told = 0;
    const sent = await flood(async () => {
      hostile.sections.clear();
      for (let at = 0; at < 16; at++) hostile.sections.set(`new ${++told}`, value);
      await tell();
      return 16 * value.length;
    });
    expect(sent).toBeLessThan(FLOOD / 10);
    await isCut();
    await isServed();
  });

  it('is cut off at the header of a frame that declares 4 GiB', async () => {
    const { talk } = await hostile.greet(victim);
    const connection = await hostile.dial(victim);
    const header = Buffer.alloc(12);
    header.writeUInt32BE((talk.stream as unknown as { streamId: number }).streamId, 4);
    header.writeUInt32BE(0xffff_ffff, 8);
    const part = randomBytes(64 * 1024);
    const sent = await flood(async (before) => {
      if (before === 0) await sendRaw(connection, header);
      await sendRaw(connection, part);
      return part.length;
    });
    expect(sent).toBeLessThan(FLOOD / 2);
    await eventually(() => connection.status !== 'open', { what: 'the connection is cut' });
    await isCut();
    await isServed();
  });

  /** Its log of pins, as it says: so many entries, of which it sends those after the first asked for. */
  async function pins(count: number, pinsFrom: (first: number) => Pin[]): Promise<{ asked: number[]; sent: number[] }> {
    const nonce = randomBytes(16);
    const seen = { asked: [] as number[], sent: [] as number[] };
    await hostile.handle(CHUNKS_PROTOCOL, async (talk) => {
      const frame = await talk.next();
      const request = frame && parseChunksRequest(frame.header);
      if (request?.method === 'have') {
        const all = packBits(Array.from({ length: request.ids.length / 33 }, () => true));
        await talk.send(haveFrame.form({ have: all }) ?? null);
      } else if (request?.method === 'get') {
        const wrong = Array.from({ length: request.ids.length / 33 }, () => randomBytes(50_000));
        const sizes = packSizes(wrong.map(({ length }) => length));
        await talk.send(blocksFrame.form({ sizes }) ?? null, Buffer.concat(wrong));
      } else if (request?.method === 'pins') {
        const { after } = request;
        seen.asked.push(after);
        seen.sent.push(0);
        for (let first = after; first < count;) {
          const part = pinsFrom(first);
          await talk.send(pinsFrame.form({ nonce, after: first, to: first + part.length }) ?? null, packPins(part));
          first += part.length;
          seen.sent[seen.sent.length - 1] = first - after;
        }
      }
      await talk.stream.close();
    });
    hostile.sections.set('holdings', holdingsStatus.form({ nonce, number: count, full: false, capacity: 0 }) ?? null);
    return seen;
  }

  const record = (signer: Signer, path: string, of: Partial<RecordFields> = {}): SignedRecord =>
    signRecord(signer, {
      version: 1,
      network: networkId,
      author: signer.peerId,
      clock: { ms: Date.now(), counter: 0 },
      prev: null,
      kind: 'file',
      path,
      content: EMPTY_CONTENT,
      size: 0,
      mediaType: '',
      parents: [],
      from: null,
      imported: false,
      time: Date.now(),
      attributes: {},
      ...of,
    });
  const packOf = (records: readonly SignedRecord[]): [WireValue, Uint8Array] => [
    { t: 'records', reached: null },
    packRecords(records),
  ];

  it('that sends wrong bytes of what it says it holds is told, and its copy does not count', async () => {
    const bytes = randomBytes(50_000);
    const content = cidOf(bytes);
    await pins(1, () => [{ content, extent: 0, held: true }]);
    const { tell } = await hostile.greet(victim);
    const push = await hostile.open(victim, SYNC_PROTOCOL);
    await push.send({ t: 'push' });
    await push.ask(...packOf([record(hostile.signer, 'promised.bin', { content, size: bytes.length })]));
    const file = await listed(victim, 'promised.bin');
    await tell();

    const holders = async (): Promise<Health['checks'][number] | undefined> => {
      const { checks } = (await (await fetch(`${victim.url}/health/ready`)).json()) as Health;
      return checks.find((check) => check.name === 'holders');
    };
    await eventually(async () => (await holders())?.ok === false, { what: 'health tells of it' });
    expect((await holders())?.detail).toContain(`${name} (1 contents)`);
    await eventually(
      async () =>
        (await victim.json<EventPage>('/events?after=0')).items.some(
          ({ type, data }) =>
            type === 'node.warning' && data.code === 'peer-misbehaved' && data.active && data.detail.includes(name),
        ),
      { what: 'a warning of it' },
    );
    expect((await victim.file(file.id)).replication.copies).toBe(0);

    // Two have the right bytes now, and the third says so still.
    await other.put('right.bin', bytes);
    const copies = async (): Promise<number> => (await victim.file(file.id)).replication.copies;
    await eventually(async () => (await copies()) >= 2, { what: 'copies elsewhere' });
    await tell();
    expect(await copies()).toBe(2);
    expect(Buffer.compare(await bytesOf(victim, file), bytes)).toBe(0);
  });

  it('is read no further than ten thousand of its pins that no record names', async () => {
    // Far more than the windows of a stream hold: a busy node may be sent those before it has ended the stream.
    const count = 1_000_000;
    const seen = await pins(count, (first) =>
      Array.from({ length: 5_000 }, (_, n) => ({
        content: cidOf(Buffer.from(`made up ${first + n}`)),
        extent: 0,
        held: true,
      })),
    );
    const before = await databaseBytes(victim);
    const { tell } = await hostile.greet(victim);
    await eventually(() => seen.asked.length > 0, { what: 'its log is read' });
    // Told again, it is asked for what comes after that which was taken.
    await eventually(async () => (await tell(), (seen.asked.at(-1) ?? 0) > 0), { poll: 500 });
    for (let again = 0; again < 3; again++) await tell();
    await isServed();
    expect(Math.max(...seen.asked)).toBe(10_000);
    expect(Math.max(...seen.sent)).toBeLessThan(count / 2);
    expect((await databaseBytes(victim)) - before).toBeLessThan(16 * MiB);
  });

  it('fills no more than the waiting room with records of authors that nobody knows', async () => {
    const authors = Array.from({ length: 50 }, () => signerFromRaw(randomBytes(32)));
    await hostile.greet(victim);
    const push = await hostile.open(victim, SYNC_PROTOCOL);
    await push.send({ t: 'push' });
    for (let first = 0; first < MADE_UP; first += 1000) {
      const part = Array.from({ length: 1000 }, (_, n) =>
        record(at(authors, n % authors.length), `made/up/${first + n}`),
      );
      await push.ask(...packOf(part));
      if (first === MADE_UP / 2) await isServed();
    }
    await isServed();
    using database = new DatabaseSync(join(victim.dataDir, 'dfs.sqlite'), { readOnly: true });
    const waiting = database.prepare('SELECT count(*) AS n FROM catalogue_waiting').get();
    expect(waiting?.['n']).toBe(WAITING_ROOM);
    expect((await victim.json<FileList>('/files?prefix=made')).total).toBe(0);
  });

  it('is told of many members that are away in a few bytes a heartbeat', async () => {
    const headers = { 'content-type': 'application/json' };
    await victim.json('/settings', { method: 'PATCH', headers, body: JSON.stringify({ graceSeconds: 2 }) });
    await hostile.greet(victim);
    await admit(AWAY);
    expect((await victim.node()).network.members).toBe(nodes.length + AWAY);
    const asked = (): number => hostile.heard.at(-1)?.status.missing.length ?? 0;
    await eventually(() => asked() === 32, { what: 'it is asked about them' });
    // The grace is over for all of them a few heartbeats later.
    const settled = hostile.heard.length + 4;
    await eventually(() => hostile.heard.length >= settled + BEATS, { deadline: 120_000, what: 'heartbeats' });
    const beats = hostile.heard.slice(settled, settled + BEATS);
    expect(beats.every(({ status }) => status.missing.length === 32)).toBe(true);
    const bytes = beats.reduce((sum, beat) => sum + beat.bytes, 0);
    // Another slice of them comes once in so many of the victim's heartbeats, by their names.
    const slices = 1 + Math.floor((at(beats, BEATS - 1).status.beat - at(beats, 0).status.beat) / SLICE_BEATS);
    expect(bytes).toBeLessThan(BEATS * 150 + slices * 1500);
  });

  /** By the founder's own key, as if so many had joined and gone. */
  async function admit(count: number): Promise<void> {
    const founder = signerFromRaw(await readFile(join(victim.dataDir, 'identity.key')));
    const pull = await hostile.open(victim, STATUS_PROTOCOL);
    await pull.send(pullMessage.form({ method: 'pull', known: [] }) ?? null);
    const known: MembershipRecord[] = [];
    for (let frame = await pull.next(); frame; frame = await pull.next()) {
      known.push(...recordsMessage.parse(frame.header, 'records').records.map(readMembershipRecord));
    }
    const records = admissionsBy(founder, known, count).map(({ bytes }) => bytes);
    const push = await hostile.open(victim, STATUS_PROTOCOL);
    const { header } = await push.ask(pushMessage.form({ method: 'push', records }) ?? null);
    expect(receivedMessage.parse(header, 'received').added).toBe(count);
  }
});
