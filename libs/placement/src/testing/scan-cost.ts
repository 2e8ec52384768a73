/**
 * The cost of a look over very many contents, in a network of many members, in seconds of processor time: a process of its
 * own, for the benchmark. Prints one line of JSON. Start it as `source-loader.mjs` says.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, type MigrationClass } from '@dfs/database';
import { cidFromBytes, cidFromDigest, cidToBytes, peerIdToBytes, sha256, signerFromRaw, type Cid } from '@dfs/protocol';
import { minute, silentLog } from '@dfs/runtime';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { NO_WISHES } from '../keep/wishes.js';
import { SCAN_PAGE } from '../limits.js';
import { HolderFinder } from '../pins/holder-finder.js';
import { MemberPins } from '../pins/member-pins.js';
import { MembersNow } from '../plan/members-now.js';
import type { ContentRef, MemberList } from '../ports.js';
import { ExtentCounts, survey, type SurveyComponents } from '../replicate/find-wants.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { namesAll } from './names-all.js';

const REPLICAS = 3;
const CAPACITY = 6;
const SIZE = 100_000;
/** Contents whose rows are written in one unit of work. */
const SEEDED_AT_ONCE = 10_000;

/** In place of the catalogue: contents in the order of their ids. */
class ScanContents1765000000000 implements MigrationInterface {
  name = 'ScanContents1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE scan_content (content BLOB PRIMARY KEY) STRICT, WITHOUT ROWID');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE scan_content');
  }
}

const [contents = 1_000_000, members = 100] = process.argv.slice(2).map(Number);
const dir = await mkdtemp(join(tmpdir(), 'dfs-scan-'));
const migrations: MigrationClass[] = [...placementMigrations, ScanContents1765000000000];
const db = await Database.open({ file: join(dir, 'scan.sqlite'), migrations, entities: placementEntities });
try {
  await measure();
} finally {
  await db.close();
  await rm(dir, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const peerIds = Array.from({ length: members }, (_, n) => signerFromRaw(sha256(Buffer.from(`member ${n}`))).peerId);
  const self = peerIds[0]!;
  const ordinals = new Map(peerIds.map((peerId, ordinal) => [peerId, ordinal]));
  await db.write((tx) =>
    tx.insertMany(
      'placement_member',
      ['ordinal', 'peer', 'number', 'is_full', 'capacity'],
      [...ordinals].slice(1).map(([peerId, ordinal]) => [ordinal, peerIdToBytes(peerId), 1, 0, CAPACITY]),
    ),
  );
  const parts = await partsOf(self, peerIds);
  await seed(parts.network, ordinals);

  // As after a start: nothing is drawn or ranked yet.
  const { network } = await partsOf(self, peerIds);
  const ids = Array.from({ length: contents }, (_, n) => contentOf(n));
  const began = process.cpuUsage();
  const now = network.now();
  for (const id of ids) now.shouldHold(self, id, 0, []);
  const placing = secondsSince(began);

  const { looked, lacking, took } = await look(await partsOf(self, peerIds));
  if (looked !== contents || lacking > 0) throw new Error(`${looked} contents were looked at, ${lacking} are lacking`);
  console.log(JSON.stringify({ contents, members, seconds: took, placing }));
}

async function partsOf(self: string, peerIds: readonly string[]): Promise<SurveyComponents> {
  const holdings = await MemberPins.open(db, self, namesAll);
  const known = new Set(peerIds);
  const membership: MemberList = {
    settings: () => ({ replicas: REPLICAS, graceMs: 10 * minute }),
    self: () => ({ peerId: self }),
    members: () => peerIds.map((peerId) => ({ peerId, role: 'owner' })),
    isMember: (peerId) => known.has(peerId),
    onChange: () => () => undefined,
  };
  const network = new MembersNow({
    membership,
    peers: { connected: () => peerIds.slice(1), inGrace: () => true },
    holdings,
    capacity: () => CAPACITY,
    isFull: () => false,
    leaving: () => new Set(),
  });
  const transport = { open: unused, dialPeer: unused };
  const finder = new HolderFinder({ holdings, network, membership, transport, log: silentLog });
  return { holdings, counts: new ExtentCounts(db), network, finder, wishes: NO_WISHES };
}

/** Every content is held by whoever should hold it. */
async function seed(network: MembersNow, ordinals: ReadonlyMap<string, number>): Promise<void> {
  const sorted = Array.from({ length: contents }, (_, n) => cidToBytes(contentOf(n))).sort(Buffer.compare);
  let number = 0;
  for (let at = 0; at < sorted.length; at += SEEDED_AT_ONCE) {
    const part = sorted.slice(at, at + SEEDED_AT_ONCE);
    const now = network.now();
    const holders = part.flatMap((content) =>
      now.placed(cidFromBytes(content), 0, []).map((peerId) => [content, 0, ordinals.get(peerId)!] as const),
    );
    await db.write(async (tx) => {
      await tx.insertMany(
        'scan_content',
        ['content'],
        part.map((content) => [content]),
      );
      const mine = holders.filter(([, , ordinal]) => ordinal === 0).map(([content]) => [content, 0, SIZE, ++number, 1]);
      await tx.insertMany('placement_pin', ['content', 'extent', 'size', 'number', 'held'], mine);
      const theirs = holders.filter(([, , ordinal]) => ordinal !== 0).map((row) => [...row]);
      await tx.insertMany('placement_holding', ['content', 'extent', 'member'], theirs);
    });
  }
}

async function look(parts: SurveyComponents): Promise<{ looked: number; lacking: number; took: number }> {
  const { signal } = new AbortController();
  const began = process.cpuUsage();
  let looked = 0;
  let lacking = 0;
  for (let after: Uint8Array = new Uint8Array(0); ;) {
    const rows = await db.query<{ content: Uint8Array }>(
      'SELECT content FROM scan_content WHERE content > ? ORDER BY content LIMIT ?',
      [after, SCAN_PAGE],
    );
    if (rows.length === 0) return { looked, lacking, took: secondsSince(began) };
    const page: ContentRef[] = rows.map(({ content }) => ({
      contentId: cidFromBytes(content),
      size: SIZE,
      author: '',
    }));
    const found = await survey(parts, page, { signal });
    lacking += found.wants.length + found.unsourced.length;
    looked += found.looked;
    after = rows.at(-1)!.content;
  }
}

/** Processor time of all threads. */
function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

function contentOf(n: number): Cid {
  return cidFromDigest(sha256(Buffer.from(`content ${n}`)));
}

function unused(): never {
  throw new Error('a look at contents that are all here asks nobody');
}
