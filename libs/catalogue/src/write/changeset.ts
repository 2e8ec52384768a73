import { BLOBS, VALUES, byIds, changeByIds, slices, type SqlValue, type Tx } from '@dfs/database';
import { cidToBytes, type Cid, type RecordFields, type SignedRecord, fromHex, toHex } from '@dfs/protocol';
import { setImmediate as breathe } from 'node:timers/promises';
import { causally } from '../rules/causal-order.js';
import { chainKey } from '../rules/chain-key.js';
import { Delta, type Fingerprints } from '../store/fingerprints.js';
import { inherit, replacedIds, type Version } from '../rules/heads.js';
import type { ChainLink, JudgedRecord, PathChange, PathOutcome } from './judged.js';
import { foldersAbove, type FolderRows } from './folder-rows.js';
import { loadPaths, storedPaths, writePaths } from './path-rows.js';
import {
  attributesColumn,
  authorRows,
  VERSION_COLUMNS,
  versionFrom,
  VERSIONS,
  type StoredVersion,
  type VersionRow,
} from '../store/rows.js';
import { rederive } from './rederive.js';
import { IN_SET, KIND_NUMBER, RecordState } from '../rules/states.js';
import { listVoid } from './void-rows.js';
import type { ContentOfHead } from '../read/queries.js';

interface NewRow {
  record: JudgedRecord;
  seq: number;
  file: number | null;
  version: Version | null;
  /** Of a record in the set. */
  chain: number | null;
}

/**
 * The parts with which the records of one unit of work are written. The fingerprints are changed in memory once it has
 * committed.
 */
export interface ChangesetContext {
  networkId: string;
  fingerprints: Fingerprints;
  /** Those of the void records. */
  voids: Fingerprints;
  standing: (peerId: string) => string;
  /** How long this node has run, in milliseconds: what the retention of what is replaced now counts from. */
  runningMs: () => number;
}

/** Rows that are written to, or named by others: numbers of authors by their peer ids, and folders by their paths. */
export interface PreparedRows {
  authors: ReadonlyMap<string, number>;
  folders: FolderRows;
}

/** Rows made of records or paths between two turns of the event loop. */
const ROWS_PER_TURN = 500;
/** Records added between two turns of the event loop. */
const RECORDS_PER_TURN = 250;

/**
 * Records that come into the catalogue within one unit of work, and what follows from them: heads, shown versions,
 * counts, fingerprints. The result does not depend on the order in which records come, or on how they are divided into
 * units. Few statements, however many records.
 */
export class Changeset {
  private readonly rows: NewRow[] = [];
  private readonly versions = new Map<string, Version>();
  /** Parents named by records of this unit, by path. */
  private readonly replaced = new Set<string>();
  private readonly unhead: number[] = [];
  private readonly delta = new Delta();
  private readonly voids = new Delta();
  /** Paths of which a record came after its children. */
  private readonly late = new Set<PathChange>();
  private hasChild = new Set<string>();

  private constructor(
    private readonly tx: Tx,
    private readonly context: ChangesetContext,
    private readonly paths: Map<string, PathChange>,
    private nextRecord: number,
  ) {}

  static async load(tx: Tx, context: ChangesetContext, paths: Iterable<string>): Promise<Changeset> {
    const first = tx.query<{ record: number; file: number }>(
      `SELECT coalesce((SELECT max(seq) FROM catalogue_record), 0) + 1 AS record,
              coalesce((SELECT max(seq) FROM catalogue_file), 0) + 1 AS file`,
    );
    const [[next], named] = await Promise.all([first, storedPaths(tx, context.networkId, new Set(paths))]);
    const { record, file } = next as { record: number; file: number };
    return new Changeset(tx, context, await loadPaths(tx, named, file), record);
  }

  /** The path as it is now; one of those given to `load`. */
  path(path: string): PathChange {
    const change = this.paths.get(path);
    if (change === undefined) throw new Error('a path that was not loaded');
    return change;
  }

  /** Records of others, in any order, none of them stored, their paths loaded. */
  async addAll(records: readonly JudgedRecord[]): Promise<void> {
    const applied = records.filter((record) => record.state === RecordState.applied);
    await Promise.all([this.loadParents(applied), this.loadChildren(applied)]);
    const others = records.filter((record) => record.state !== RecordState.applied);
    const ordered = causally(
      applied,
      (record) => record.id,
      (record) => (record.fields ? replacedIds(record.fields) : []),
    );
    for (const [index, record] of [...others, ...ordered].entries()) {
      if (index % RECORDS_PER_TURN === RECORDS_PER_TURN - 1) await breathe();
      this.add(record);
    }
  }

  /** One record, its parents before it. */
  add(record: JudgedRecord): void {
    const seq = this.nextRecord++;
    const chain = record.state <= IN_SET ? chainKey(record.envelope) : null;
    const row: NewRow = { record, seq, file: null, version: null, chain };
    this.rows.push(row);
    this.deltaOf(record.state)?.add(fromHex(record.id));
    if (record.fields === null || record.state !== RecordState.applied) return;
    const path = this.path(record.fields.path);
    row.file = path.seq;
    row.version = this.place(path, record, record.fields);
  }

  /** Records that came into the set in this unit, each with its key among those of its author. */
  get links(): ChainLink[] {
    return this.rows.flatMap(({ record, chain }) => (chain === null ? [] : [{ record, chain }]));
  }

  /** Records that were not stored before this unit, in whatever state they are. */
  get stored(): SignedRecord[] {
    return this.rows.flatMap(({ record }) => (record.again ? [] : [record]));
  }

  /** Contents of the versions that came in this unit. */
  get contents(): Cid[] {
    return this.rows.flatMap(({ version }) => (version?.kind === 'file' && version.content ? [version.content] : []));
  }

  /** All that versions name which came in this unit, and what records outside the set name which came or left the set in it. */
  get named(): ContentOfHead[] {
    const fields = this.rows.flatMap(({ record, version }) =>
      version?.kind === 'file' || isOutside(record) ? (record.fields ?? []) : [],
    );
    return fields.flatMap(({ content, size, author }) =>
      content === null ? [] : { contentId: content, size, author },
    );
  }

  /** Rows of records that are kept and listed, and do not count. */
  private get outside(): NewRow[] {
    return this.rows.filter(({ record }) => isOutside(record));
  }

  /** A record that was in this state is taken out, to be judged again. */
  remove(id: string, state: RecordState): void {
    this.deltaOf(state)?.remove(fromHex(id));
  }

  /** Versions that are stored, heads or not, and named as parents by records that are added one by one. */
  async know(ids: readonly string[]): Promise<void> {
    const rows = await byIds<VersionRow>(
      this.tx,
      `SELECT ${VERSION_COLUMNS} FROM ${VERSIONS} WHERE r.id IN ${BLOBS} AND r.state = ${RecordState.applied}`,
      ids,
    );
    for (const row of rows) {
      const version = versionFrom(row);
      this.versions.set(`${version.file}:${version.id}`, version);
    }
  }

  /** Reads what writing asks for, before anything is written: a question makes SQLite do first what was gathered. */
  async prepare(): Promise<PreparedRows> {
    const paths = [...this.paths.values()];
    const names = [
      ...this.rows.map((row) => row.record.envelope.author),
      ...paths.flatMap((path) => [...path.heads.values()].map((head) => head.author)),
    ];
    const [authors, folders] = await Promise.all([
      authorRows(this.tx, new Set(names), this.context.standing),
      foldersAbove(this.tx, [...this.paths.keys()]),
    ]);
    return { authors, folders };
  }

  /** Writes it all. */
  async flush({ authors, folders }: PreparedRows): Promise<PathOutcome[]> {
    const paths = [...this.paths.values()];
    await this.writeRecords(authors);
    await listVoid(this.tx, this.outside, authors);
    await this.writeEdges();
    for (const path of this.late) await rederive(this.tx, path);
    const outcomes = await writePaths(this.tx, paths, authors, folders);
    await this.context.fingerprints.apply(this.tx, this.delta);
    await this.context.voids.apply(this.tx, this.voids);
    return outcomes;
  }

  private place(path: PathChange, { id, shownAt }: JudgedRecord, fields: RecordFields): Version {
    const own = {
      id,
      kind: fields.kind,
      content: fields.content,
      size: fields.size,
      mediaType: fields.mediaType,
      author: fields.author,
      imported: fields.imported,
      clock: fields.clock,
      shownAt,
      attributes: fields.attributes,
      purges: fields.attributes.purge === true,
      ...(fields.attributes.act && { act: toHex(fields.attributes.act) }),
    };
    const parents = fields.parents
      .map((parent) => this.version(path, parent))
      .filter((parent): parent is Version => parent !== undefined);
    const version: Version = { ...own, ...inherit(own, parents) };
    this.versions.set(`${path.seq}:${id}`, version);
    for (const replaced of replacedIds(fields)) this.replace(path, replaced);
    if (this.hasChild.has(`${path.seq}:${id}`)) this.late.add(path);
    else if (!this.replaced.has(`${path.seq}:${id}`)) {
      path.heads.set(id, version);
      path.fresh.add(id);
    }
    if (fields.from === path.path) path.broughtBack.add(id);
    return version;
  }

  private replace(path: PathChange, parent: string): void {
    this.replaced.add(`${path.seq}:${parent}`);
    const head = path.heads.get(parent);
    if (head === undefined) return;
    path.heads.delete(parent);
    path.fresh.delete(parent);
    if ('seq' in head) this.unhead.push((head as StoredVersion).seq);
  }

  /** A version by its record id, as far as it is known; a parent counts only if it is of the same path. */
  version(path: PathChange, id: string): Version | undefined {
    return this.versions.get(`${path.seq}:${id}`) ?? path.heads.get(id);
  }

  /** Stored parents that are heads no more are needed too, for what is inherited from them. */
  private async loadParents(records: readonly JudgedRecord[]): Promise<void> {
    const here = new Set(records.map((record) => record.id));
    const wanted = new Set(records.flatMap((record) => record.fields?.parents ?? []).filter((id) => !here.has(id)));
    await this.know([...wanted]);
  }

  /** Where an id counts whose record is in this state, if anywhere. */
  private deltaOf(state: RecordState): Delta | undefined {
    if (state === RecordState.void) return this.voids;
    return state <= IN_SET ? this.delta : undefined;
  }

  /** Records that are here already and name one of these as their parent. */
  private async loadChildren(records: readonly JudgedRecord[]): Promise<void> {
    const rows = await byIds<{ parent: Uint8Array; file: number }>(
      this.tx,
      `SELECT p.parent, r.file FROM catalogue_parent p JOIN catalogue_record r ON r.seq = p.child WHERE p.parent IN ${BLOBS}`,
      records.map((record) => record.id),
    );
    this.hasChild = new Set(rows.map((row) => `${row.file}:${toHex(row.parent)}`));
  }

  private async writeRecords(authors: ReadonlyMap<string, number>): Promise<void> {
    for (const rows of slices(this.rows, ROWS_PER_TURN)) {
      const values = rows.map((row) => this.valuesOf(row, authors));
      await this.tx.insertMany('catalogue_record', RECORD_COLUMNS, values);
    }
    const fresh = this.rows.filter(({ record }) => !record.again).map(({ record }) => record);
    for (const [peerId, author] of authors) {
      const own = fresh.filter((record) => record.envelope.author === peerId);
      if (own.length === 0) continue;
      const bytes = own.reduce((sum, record) => sum + record.body.length, 0);
      await this.tx.later('UPDATE catalogue_author SET records = records + ?, bytes = bytes + ? WHERE id = ?', [
        own.length,
        bytes,
        author,
      ]);
    }
  }

  private valuesOf({ record, seq, file, version, chain }: NewRow, authors: ReadonlyMap<string, number>): SqlValue[] {
    const isHead = record.fields !== null && version !== null && this.path(record.fields.path).heads.has(record.id);
    // Of a record outside the set, what it would bring back.
    const content = version ? version.content : (record.fields?.content ?? null);
    return [
      seq,
      fromHex(record.id),
      record.state,
      isHead ? 1 : 0,
      file,
      version && KIND_NUMBER[version.kind],
      authors.get(record.envelope.author) as number,
      record.envelope.clock.ms,
      record.envelope.clock.counter,
      content === null ? null : cidToBytes(content),
      version?.size ?? record.fields?.size ?? 0,
      version?.mediaType ?? '',
      version?.imported ? 1 : 0,
      version?.born ?? 0,
      record.body,
      record.signature,
      chain,
      this.context.runningMs(),
      record.shownAt,
      version && attributesColumn(version.attributes),
      version?.repeats ? 1 : 0,
      record.fields?.attributes.purge ? 1 : 0,
      record.fields?.attributes.act ?? null,
    ];
  }

  private async writeEdges(): Promise<void> {
    const edges = this.rows.flatMap(({ record, seq, version }) =>
      version ? replacedIds(record.fields!).map((replaced) => [fromHex(replaced), seq]) : [],
    );
    await this.tx.insertMany('catalogue_parent', ['parent', 'child'], edges);
    if (this.unhead.length === 0) return;
    await changeByIds(this.tx, `UPDATE catalogue_record SET head = 0 WHERE seq IN ${VALUES}`, this.unhead);
  }
}

function isOutside({ state }: JudgedRecord): boolean {
  return state === RecordState.void || state === RecordState.future;
}

const RECORD_COLUMNS = [
  'seq',
  'id',
  'state',
  'head',
  'file',
  'kind',
  'author',
  'ms',
  'counter',
  'content',
  'size',
  'media_type',
  'imported',
  'born',
  'body',
  'signature',
  'chain',
  'stored',
  'shown_at',
  'attributes',
  'repeats',
  'purge',
  'act',
];
