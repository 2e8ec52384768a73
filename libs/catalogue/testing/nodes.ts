import { copyFile } from 'node:fs/promises';
import type { MemberRole } from '@dfs/contracts';
import { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import {
  cidFromDigest,
  MANIFEST_CODEC,
  RECORD_VERSION,
  recordIdOf,
  sha256,
  signerFromRaw,
  signRecord,
  type Cid,
  type RecordFields,
  type SignedRecord,
  type Signer,
} from '@dfs/protocol';
import { isDfsError, type Clock } from '@dfs/runtime';
import { fakeClock, tempDatabase, tempDir, type FakeClock, type TempDatabase } from '@dfs/testing';
import {
  Catalogue,
  catalogueMigrations,
  type Draft,
  type Entry,
  type Commit,
  type MemberView,
  type Stopwatch,
} from '../src/index.js';

export const NETWORK = '0d'.repeat(32);
export const START = Date.UTC(2026, 0, 1);

/** The same key for the same number, on every run. */
export function testSigner(n: number): Signer {
  return signerFromRaw(sha256(Buffer.from(`catalogue test ${n}`)));
}

/** Some content of many chunks. */
export function content(n: number): Cid {
  return cidFromDigest(sha256(Buffer.from(`content ${n}`)), MANIFEST_CODEC);
}

/** Members that are what the test says they are. */
export class TestMembers implements MemberView {
  private readonly listeners = new Set<() => void>();
  private readonly gone = new Map<string, string | null>();

  constructor(
    private readonly me: string,
    private readonly roles: Map<string, MemberRole> = new Map(),
    public networkId: string = NETWORK,
  ) {
    this.roles.set(me, this.roles.get(me) ?? 'member');
  }

  self(): { peerId: string; role: MemberRole } {
    return { peerId: this.me, role: this.roles.get(this.me) as MemberRole };
  }

  member(peerId: string): { role: MemberRole } | undefined {
    const role = this.roles.get(peerId);
    return role && { role };
  }

  get hasHadOthers(): boolean {
    return this.roles.size + this.gone.size > 1;
  }

  members(): readonly string[] {
    return [...this.roles.keys()];
  }

  removed(peerId: string): { lastRecord: string | null } | undefined {
    const lastRecord = this.gone.get(peerId);
    return lastRecord === undefined ? undefined : { lastRecord };
  }

  onChange(fn: () => void): () => void {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  admit(peerId: string, role: MemberRole = 'member'): void {
    this.roles.set(peerId, role);
    this.gone.delete(peerId);
    for (const fn of this.listeners) fn();
  }

  /** As if the news of it had not come yet. */
  unknow(peerId: string): void {
    this.roles.delete(peerId);
    this.gone.delete(peerId);
  }

  remove(peerId: string, lastRecord: string | null): void {
    this.roles.delete(peerId);
    this.gone.set(peerId, lastRecord);
    for (const fn of this.listeners) fn();
  }
}

export interface TestNode extends AsyncDisposable {
  signer: Signer;
  temp: TempDatabase;
  db: Database;
  events: EventLog;
  members: TestMembers;
  clock: FakeClock;
  catalogue: Catalogue;
  write(...drafts: Draft[]): Promise<Commit[]>;
}

export interface TestNodeOptions {
  signer?: Signer;
  members?: readonly Signer[];
  role?: MemberRole;
  clock?: Clock;
  clockProblem?: () => string | undefined;
  isClockConfirmed?: () => boolean;
  /** A database that begins as a copy of this file. */
  copyOf?: string;
  stopwatch?: Stopwatch;
}

/** A catalogue on a real database of its own. */
export async function testNode(options: TestNodeOptions = {}): Promise<TestNode> {
  const signer = options.signer ?? testSigner(0);
  const temp = await database(options.copyOf);
  const clock = fakeClock(START);
  const roles = new Map<string, MemberRole>((options.members ?? []).map(({ peerId }) => [peerId, 'member']));
  if (options.role) roles.set(signer.peerId, options.role);
  const members = new TestMembers(signer.peerId, roles);
  const events = await EventLog.open(temp.db, { clock: options.clock ?? clock });
  const catalogue = await Catalogue.open({
    db: temp.db,
    events,
    signer,
    membership: members,
    clock: options.clock ?? clock,
    ...(options.clockProblem ? { clockProblem: options.clockProblem } : {}),
    ...(options.isClockConfirmed ? { isClockConfirmed: options.isClockConfirmed } : {}),
    ...(options.stopwatch ? { stopwatch: options.stopwatch } : {}),
  });
  return {
    signer,
    temp,
    db: temp.db,
    events,
    members,
    clock,
    catalogue,
    write: (...drafts) => temp.db.write((tx) => catalogue.commit(tx, drafts)),
    [Symbol.asyncDispose]: async () => {
      await catalogue.close();
      await temp.remove();
    },
  };
}

async function database(copyOf?: string): Promise<TempDatabase> {
  const migrations = [...eventsMigrations, ...catalogueMigrations];
  if (copyOf === undefined) return tempDatabase(migrations, eventsEntities);
  const dir = await tempDir();
  await copyFile(copyOf, dir.file('dfs.sqlite'));
  const db = await Database.open({ file: dir.file('dfs.sqlite'), migrations, entities: eventsEntities });
  const remove = async (): Promise<void> => {
    await db.close();
    await dir.remove();
  };
  return { db, dir, remove, [Symbol.asyncDispose]: remove };
}

export function fileDraft(path: string, n: number, more: Partial<Draft> = {}): Draft {
  return { kind: 'file', path, contentId: content(n), size: 1000 + n, mediaType: 'text/plain', ...more };
}

/**
 * A record as any author might write it, in a chain that does not fork: it follows on one that nobody has, of its own,
 * unless `prev` is given.
 */
export function recordOf(signer: Signer, fields: Partial<RecordFields> = {}): SignedRecord & { id: string } {
  const isFile = (fields.kind ?? 'file') === 'file';
  const full: RecordFields = {
    version: RECORD_VERSION,
    network: NETWORK,
    author: signer.peerId,
    clock: { ms: START, counter: 0 },
    prev: null,
    kind: 'file',
    path: 'a',
    content: isFile ? content(1) : null,
    size: isFile ? 1001 : 0,
    mediaType: isFile ? 'text/plain' : '',
    parents: [],
    from: null,
    imported: false,
    time: (fields.clock ?? { ms: START }).ms,
    attributes: {},
    ...fields,
  };
  return signRecord(signer, 'prev' in fields ? full : { ...full, prev: recordIdOf(Buffer.from(JSON.stringify(full))) });
}

/** All records of a node's set. */
export async function recordsOf(node: Pick<TestNode, 'catalogue'>): Promise<SignedRecord[]> {
  const records: SignedRecord[] = [];
  for await (const record of node.catalogue.records.inRanges([{ bits: 0, index: 0 }])) records.push(record);
  return records;
}

/** Everything the catalogue has worked out, without what depends on the order in which it came. */
export async function dump(node: Pick<TestNode, 'db'>): Promise<unknown> {
  const text = (column: string): string => `lower(hex(${column}))`;
  const [files, records, totals, prints, edges] = await Promise.all([
    node.db
      .query(`SELECT ${text('f.file_id')} AS id, f.path, f.search, f.state, f.conflict, ${text('f.record_id')} AS record,
      ${text('f.content')} AS content, f.size, f.media_type, ${text('a.peer')} AS author, f.created, f.modified
      FROM catalogue_file f JOIN catalogue_author a ON a.id = f.author ORDER BY f.path`),
    node.db
      .query(`SELECT ${text('r.id')} AS id, r.state, r.head, f.path, r.kind, ${text('a.peer')} AS author, r.ms, r.counter,
      ${text('r.content')} AS content, r.size, r.media_type, r.imported, r.born, ${text('r.body')} AS body, ${text('r.signature')} AS signature
      FROM catalogue_record r JOIN catalogue_author a ON a.id = r.author LEFT JOIN catalogue_file f ON f.seq = r.file ORDER BY r.id`),
    node.db.query('SELECT state, count, bytes FROM catalogue_total ORDER BY state'),
    node.db.query(
      `SELECT bucket, count, ${text('sum')} AS sum FROM catalogue_fingerprint WHERE count > 0 ORDER BY bucket`,
    ),
    node.db.query(`SELECT ${text('p.parent')} AS parent, ${text('r.id')} AS child
      FROM catalogue_parent p JOIN catalogue_record r ON r.seq = p.child ORDER BY 1, 2`),
  ]);
  const voids = await node.db.query(
    `SELECT ${text('v.id')} AS id, v.path, v.kind, ${text('v.content')} AS content, v.size, v.media_type, ${text('a.peer')} AS author, v.ms, v.counter
     FROM catalogue_void v JOIN catalogue_author a ON a.id = v.author ORDER BY v.id`,
  );
  const voidPrints = await node.db.query(
    `SELECT bucket, count, ${text('sum')} AS sum FROM catalogue_void_fingerprint WHERE count > 0 ORDER BY bucket`,
  );
  const authors = await node.db.query(
    `SELECT ${text('peer')} AS peer, records, bytes, standing FROM catalogue_author ORDER BY peer`,
  );
  return { files, records, totals, prints, edges, authors, voids, voidPrints };
}

/** The parts of an entry that most tests look at. */
export function brief(entry: Entry | undefined): Partial<Entry> | undefined {
  return entry && { path: entry.path, contentId: entry.contentId, deleted: entry.deleted, conflict: entry.conflict };
}

/** The code by which work is refused; `nothing` where it is not. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDfsError(error)) return error.code;
    throw error;
  }
  return 'nothing';
}
