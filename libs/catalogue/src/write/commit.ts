import { isDeepStrictEqual } from 'node:util';
import type { Tx } from '@dfs/database';
import {
  carriedAttributes,
  compareClocks,
  encodeRecord,
  MAX_CLOCK_SKEW,
  MAX_PARENTS,
  nextClock,
  normalisePath,
  RECORD_VERSION,
  recordIdOf,
  signBodies,
  type RecordAttributes,
  type RecordClock,
  type RecordFields,
  type SignedRecord,
  type Signer,
  peerBytes,
  toHex,
} from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';
import type { Changeset } from './changeset.js';
import type { JudgedRecord, PathChange, PathRow } from './judged.js';
import { headNamed, meets, requireConditions } from '../rules/conditions.js';
import { ranked, shownOf, type Version } from '../rules/heads.js';
import type { Commit, CommitOutcome, Draft } from '../ports.js';
import { hasConditions, isOverJust } from '../read/conditions.js';
import { exactly } from './exact.js';
import { entryOf, pathRow } from './path-rows.js';
import { IN_SET, RecordState } from '../rules/states.js';
import type { TakenPaths } from './taken-paths.js';
import { mapInTurns } from '../store/slices.js';

/** Records encoded between two turns of the event loop: a few milliseconds of them. */
const DRAFTS_PER_TURN = 50;
const NOT_YET = new Uint8Array(0);
const DEFAULT_MEDIA_TYPE = 'application/octet-stream';

/** Where an author's chain of records ends. */
export interface ChainEnd {
  id: string;
  clock: RecordClock;
}

/** The author's record with the greatest clock: in whatever state but those whose time has not come, or of those in the set. */
export async function chainEnd(
  tx: Pick<Tx, 'query'>,
  peerId: string,
  states: 'any' | 'in-set' = 'any',
): Promise<ChainEnd | undefined> {
  const state = states === 'in-set' ? `r.state <= ${IN_SET}` : `r.state <> ${RecordState.future}`;
  const [row] = await tx.query<{ id: Uint8Array; ms: number; counter: number }>(
    `SELECT r.id, r.ms, r.counter FROM catalogue_record r
     WHERE r.author = (SELECT id FROM catalogue_author WHERE peer = ?) AND ${state}
     ORDER BY r.ms DESC, r.counter DESC LIMIT 1`,
    [peerBytes(peerId)],
  );
  return row && { id: toHex(row.id), clock: { ms: row.ms, counter: row.counter } };
}

/** The parents of a new record. */
type Replaced = Pick<Version, 'id' | 'clock'>;

/**
 * The parts with which drafts become records. `now` is milliseconds since 1970, by the clock that has been found fit to
 * write.
 */
export interface WriterContext {
  signer: Signer;
  networkId: string;
  now: number;
  /** Drafts that say again what a head says, by the id of that. */
  repeated: ReadonlyMap<Draft, string>;
  taken: TakenPaths;
}

/** Turns drafts into signed records, one after another, each of which sees those before it. */
export class DraftWriter {
  /** Records made so far; signed when writeAll is done. */
  readonly written: SignedRecord[] = [];

  constructor(
    private readonly changes: Changeset,
    private readonly context: WriterContext,
    private last: ChainEnd | undefined,
  ) {}

  /** All of them, or none: the first that is refused is thrown. */
  async writeAll(drafts: readonly Draft[]): Promise<Commit[]> {
    const commits = await mapInTurns(drafts, DRAFTS_PER_TURN, (draft) => this.write(draft));
    await this.sign();
    return commits;
  }

  /** Those that are not refused for their own sake. */
  async writeEach(drafts: readonly Draft[]): Promise<(Commit | DfsError)[]> {
    const refused = new Map<Draft, DfsError>();
    const results = await mapInTurns(drafts, DRAFTS_PER_TURN, (draft) => {
      const other = draft.onlyWith && refused.get(draft.onlyWith);
      const result = other ?? this.tryWrite(draft);
      if (result instanceof DfsError) refused.set(draft, result);
      return result;
    });
    await this.sign();
    return results;
  }

  private tryWrite(draft: Draft): Commit | DfsError {
    try {
      return this.write(draft);
    } catch (error) {
      if (error instanceof DfsError && error.status >= 400 && error.status < 500) return error;
      throw error;
    }
  }

  private async sign(): Promise<void> {
    const signatures = await signBodies(
      this.context.signer,
      this.written.map((record) => record.body),
    );
    for (const [at, record] of this.written.entries()) record.signature = signatures[at] as Uint8Array;
  }

  private write(draft: Draft): Commit {
    const path = this.changes.path(draft.path);
    const before = pathRow(path);
    const heads = ranked(path.heads.values());
    const isRepeated = heads[0] !== undefined && this.context.repeated.get(draft) === heads[0].id;
    if (isRepeated) return { outcome: 'unchanged', entry: entryOf(path, before as PathRow) };
    const replaced = this.replacedBy(draft, path, heads);
    if (replaced === 'unchanged') return { outcome: 'unchanged', entry: entryOf(path, before as PathRow) };
    if (heads[0]?.kind !== draft.kind) this.context.taken.take(draft);
    this.replace(draft, path, replaced);
    const commit = { outcome: outcomeOf(draft, heads[0]), entry: entryOf(path, pathRow(path) as PathRow) };
    return draft.parents === undefined ? commit : { ...commit, record: this.last?.id };
  }

  private replacedBy(draft: Draft, path: PathChange, heads: readonly Version[]): readonly Replaced[] | 'unchanged' {
    const { adopts, parents } = draft;
    if (adopts) return adoptedOver(draft, adopts, heads);
    if (parents) return exactly(draft, parents, heads, (id) => this.changes.version(path, id));
    return replacedBy(draft, heads);
  }

  /** By one record or, where that may not name so many heads, by a few that follow on each other. */
  private replace(draft: Draft, path: PathChange, heads: readonly Replaced[]): void {
    let rest = heads;
    while (rest.length > MAX_PARENTS) {
      const made = this.record(draft, path, rest.slice(0, MAX_PARENTS));
      rest = [made, ...rest.slice(MAX_PARENTS)];
    }
    this.record(draft, path, rest);
  }

  private record(draft: Draft, path: PathChange, replaced: readonly Replaced[]): Version {
    const { signer, networkId, now } = this.context;
    const clock = this.stamp(replaced, draft.imported);
    const isFile = draft.kind === 'file';
    const time = draft.time ?? now;
    if (clock.ms > now + MAX_CLOCK_SKEW) throw clockSkew();
    const fields: RecordFields = {
      version: RECORD_VERSION,
      network: networkId,
      author: signer.peerId,
      clock,
      prev: this.last?.id ?? null,
      kind: draft.kind,
      path: path.path,
      content: isFile ? (draft.contentId ?? null) : null,
      size: isFile ? (draft.size ?? 0) : 0,
      mediaType: isFile ? (draft.mediaType ?? DEFAULT_MEDIA_TYPE) : '',
      parents: replaced.map((head) => head.id).sort(),
      from: draft.from ?? null,
      imported: draft.imported !== undefined,
      time,
      attributes: attributesOf(draft, path),
    };
    const body = encodeRecord(fields);
    const record: JudgedRecord = {
      id: recordIdOf(body),
      body,
      signature: NOT_YET,
      envelope: fields,
      fields,
      state: RecordState.applied,
      shownAt: Math.min(time, now),
    };
    this.last = { id: record.id, clock };
    this.written.push(record);
    this.changes.add(record);
    return path.heads.get(record.id) as Version;
  }

  /** Later than all it replaces and than all I wrote. */
  private stamp(replaced: readonly Replaced[], writtenAt = Infinity): RecordClock {
    let after = this.last?.clock;
    for (const { clock } of replaced) if (after === undefined || compareClocks(clock, after) > 0) after = clock;
    return nextClock(Math.min(this.context.now, writtenAt), after);
  }
}

/** Drafts with their paths in their one form. @throws DfsError `invalid-path` */
export async function normaliseDrafts(drafts: readonly Draft[]): Promise<Draft[]> {
  const normal = await mapInTurns(drafts, 1000, normaliseDraft);
  const made = new Map(drafts.map((draft, at) => [draft, normal[at] as Draft]));
  for (const draft of normal) if (draft.onlyWith) draft.onlyWith = made.get(draft.onlyWith);
  return normal;
}

function normaliseDraft(draft: Draft): Draft {
  const path = normalisePath(draft.path);
  return draft.from === undefined ? { ...draft, path } : { ...draft, path, from: normalisePath(draft.from) };
}

/**
 * Drafts whose conditions fail only since they were written already: the head says the same, is of this author, and replaced
 * just what is named. Their answer was lost.
 */
export async function repeatedBy(
  tx: Tx,
  drafts: readonly Draft[],
  changes: Changeset,
  author: string,
): Promise<Map<Draft, string>> {
  const repeated = new Map<Draft, string>();
  for (const draft of drafts) {
    if (draft.kind !== 'file' || draft.from !== undefined || !hasConditions(draft) || draft.strictly) continue;
    const heads = ranked(changes.path(draft.path).heads.values());
    const [shown] = heads;
    if (shown?.kind !== 'file' || shown.author !== author || shown.content !== draft.contentId) continue;
    if (saysElse(draft, shown) || meets(heads, draft)) continue;
    if (await isOverJust(tx, shown, draft)) repeated.set(draft, shown.id);
  }
  return repeated;
}

function replacedBy(draft: Draft, heads: readonly Version[]): readonly Version[] | 'unchanged' {
  if (draft.imported !== undefined) return besides(draft, heads);
  return draft.kind === 'deletion' ? deletionOf(draft, heads) : successorOf(draft, heads);
}

/**
 * The version that counted before the void one; `unchanged` where it is shown, or was adopted before and still stands.
 */
function adoptedOver(
  draft: Draft,
  { parents, as }: NonNullable<Draft['adopts']>,
  heads: readonly Version[],
): readonly Replaced[] | 'unchanged' {
  const [shown] = heads;
  if (heads.some(({ id }) => id === as)) return 'unchanged';
  const isShown = shown?.kind === draft.kind && (draft.kind !== 'file' || shown.content === (draft.contentId ?? null));
  return isShown ? 'unchanged' : parents;
}

/** Heads that what was brought along replaces; `unchanged` when its bytes are there already. */
function besides(draft: Draft, heads: readonly Version[]): readonly Version[] | 'unchanged' {
  const [shown] = heads;
  if (shown === undefined || shown.kind === 'deletion') return heads;
  if (draft.kind === 'folder') return 'unchanged';
  return heads.some((head) => head.kind === 'file' && head.content === draft.contentId) ? 'unchanged' : [];
}

/** Heads that a new version replaces; `unchanged` when it would say what is there already. */
function successorOf(draft: Draft, heads: readonly Version[]): readonly Version[] | 'unchanged' {
  const [shown] = heads;
  const current = shown?.kind === 'file' ? shown : undefined;
  if (draft.kind === 'folder') {
    if (current) throw isFile(draft.path);
    return shown?.kind === 'folder' ? 'unchanged' : heads;
  }
  const { ifMatch, ifNoneMatch } = draft;
  if (ifNoneMatch) requireConditions(heads, { ifNoneMatch });
  const isMoved = draft.from !== undefined && draft.from !== draft.path;
  if ((draft.isNew || isMoved) && current) throw pathExists(draft.path);
  const target = ifMatch === undefined ? shown : headNamed(heads, ifMatch);
  // Nothing is lost by replacing what is deleted: whoever writes a path anew has seen that it was.
  if (shown?.kind !== 'file') return heads;
  const all = draft.replaces === 'all' && heads.length > 1;
  if (!all && target?.kind === 'file' && target.content === draft.contentId && !saysElse(draft, target))
    return 'unchanged';
  return all ? heads : heads.filter((head) => saysTheSame(head, target));
}

/**
 * Another `executable` or `meta` is news; another `mtime` is none. An attribute that is not said stays, unless a
 * version is brought back.
 */
function saysElse({ attributes = {}, from }: Draft, { attributes: before }: Version): boolean {
  const { executable, meta } = from === undefined ? attributes : { executable: false, meta: {}, ...attributes };
  return (
    (executable !== undefined && executable !== (before.executable ?? false)) ||
    (meta !== undefined && !isDeepStrictEqual(meta, before.meta ?? {}))
  );
}

/** The attributes of a record: over equal bytes also those of the shown one, unless the draft says otherwise. */
function attributesOf({ kind, contentId, from, attributes = {} }: Draft, { heads }: PathChange): RecordAttributes {
  const shown = kind === 'file' && from === undefined ? shownOf(heads.values()) : undefined;
  const before = shown?.kind === 'file' && shown.content === contentId ? carriedAttributes(shown.attributes) : {};
  const { meta = {}, ...all } = { ...before, ...attributes };
  return Object.keys(meta).length === 0 ? all : { ...all, meta };
}

/** Heads with the bytes of the one that is replaced go with it: they would become a conflict with what is written now. */
function saysTheSame(head: Version, target: Version | undefined): boolean {
  return head === target || (head.kind === 'file' && target?.kind === 'file' && head.content === target.content);
}

/**
 * A deletion replaces every head there is: all of them were there to be seen. A deleted file may be purged once more.
 */
function deletionOf(draft: Draft, heads: readonly Version[]): readonly Version[] | 'unchanged' {
  const [shown] = heads;
  if (draft.attributes?.purge && shown?.kind === 'deletion' && draft.ifMatch === undefined) {
    return heads.every(({ purges }) => purges) ? 'unchanged' : heads;
  }
  if (shown === undefined || shown.kind === 'deletion') {
    if (draft.ifMatch !== undefined) headNamed([], draft.ifMatch);
    throw new DfsError('file-not-found', 'There is no file of this name: it may have been deleted or moved.');
  }
  if (draft.ifMatch !== undefined) headNamed([shown], draft.ifMatch);
  return heads;
}

function outcomeOf(draft: Draft, shown: Version | undefined): CommitOutcome {
  if (draft.kind === 'deletion') return 'deleted';
  return shown?.kind === draft.kind ? 'updated' : 'created';
}

function pathExists(path: string): DfsError {
  return new DfsError('path-exists', `There is a file at ${path} already: choose another name, or delete it first.`);
}

function isFile(path: string): DfsError {
  return new DfsError('path-taken', `${path} is a file: choose another name for the folder, or move the file.`);
}

function clockSkew(): DfsError {
  return new DfsError(
    'clock-skew',
    'An earlier version of this file is stamped more than 72 hours ahead of this node’s clock: set the clock right.',
  );
}
