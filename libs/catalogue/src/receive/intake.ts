import { BLOBS, byIds, changeByIds, slices, type Database, type Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { GiB, type Clock, type Log } from '@dfs/runtime';
import { type SignedRecord, peerBytes, peerText, toHex } from '@dfs/protocol';
import { Changeset, type ChangesetContext } from '../write/changeset.js';
import type { JudgedRecord } from '../write/judged.js';
import type { MemberView, TakenContents } from '../ports.js';
import type { Along } from './along.js';
import { screen, storedIds, type VerifiedRecord } from './screen.js';
import type { RefusalReason, Refusals } from './refusals.js';
import { roomForAuthors, roomForTimes, waitForAuthors } from './waiting-room.js';
import { IN_SET, RecordState } from '../rules/states.js';
import { judge, standingOf } from '../rules/validity.js';

/** Records of others stored in one unit of work. */
export const RECORDS_PER_UNIT = 1000;
/** Limits of the records that one author may make the others keep. */
const MAX_RECORDS_PER_AUTHOR = 5_000_000;
const MAX_BYTES_PER_AUTHOR = 4 * GiB;

/** The result of records that were received. */
export interface Received {
  /** Came into the set. */
  added: number;
  /** Stored, but outside the set for now. */
  waiting: number;
  /** Were stored before. */
  known: number;
  refused: number;
  /** Of the refused, those that no honest member passes on: it would have refused them itself. */
  offences: number;
}

/** Hears of records that came into the set. */
export type NewsListener = (records: readonly SignedRecord[]) => void;

/** Those who hear of records that are received, and what came with them. */
export interface ReceiveOptions {
  /** Hears, after each commit, of the records that came into the set. */
  news?: NewsListener | undefined;
  /** Small contents of the records. */
  along?: Along | undefined;
}

/** How records come in. */
interface Arrival extends Pick<ReceiveOptions, 'news'> {
  /** The peer that brings them. */
  from: string;
  refuse: (reason: RefusalReason) => void;
  taken?: TakenContents | undefined;
}

/**
 * The parts of the catalogue that taking in uses. `changeset` and `finish` frame one unit of work: begin what changes,
 * write
 * and tell it.
 */
export interface IntakeContext {
  db: Pick<Database, 'write' | 'query'>;
  events: Pick<EventLog, 'record' | 'recordNow'>;
  clock: Clock;
  log: Log;
  members: MemberView;
  refusals: Refusals;
  changeset: () => ChangesetContext;
  finish: (tx: Tx, changes: Changeset) => Promise<void>;
  /** Milliseconds that this node has run. */
  runningMs: () => number;
  /** There are records that cannot be judged one by one. */
  judgeLater: () => void;
}

/** Where records of others come in: screened, judged, stored in units of bounded size. */
export class Intake {
  /** Authors of whom it was told that records wait for their time to come. */
  private waitingOf: ReadonlySet<string> = new Set();

  constructor(private readonly context: IntakeContext) {}

  /** @throws DfsError `peer-misbehaved` for contents that no record beside them names */
  async receive(records: readonly SignedRecord[], from: string, options: ReceiveOptions = {}): Promise<Received> {
    const sum: Received = { added: 0, waiting: 0, known: 0, refused: 0, offences: 0 };
    for (const slice of slices(records, RECORDS_PER_UNIT)) {
      const part = await this.receivePart(slice, from, options);
      for (const key of Object.keys(sum) as (keyof Received)[]) sum[key] += part[key];
    }
    options.along?.refuseUnnamed(records);
    return sum;
  }

  /** Tells when records of an author begin to wait for their time, and when none do any more. */
  async warn(): Promise<void> {
    const rows = await this.context.db.query<{ peer: Uint8Array }>(
      `SELECT peer FROM catalogue_author
       WHERE id IN (SELECT author FROM catalogue_record WHERE state > ${IN_SET} AND state = ${RecordState.future})`,
    );
    const before = this.waitingOf;
    this.waitingOf = new Set(rows.map((row) => peerText(row.peer)));
    for (const author of this.waitingOf) {
      if (before.has(author)) continue;
      const detail = `Changes by ${author} are stamped more than 72 hours ahead of this node’s clock, and wait until then. Set the clock of that node right, or of this one.`;
      this.context.log.warn({ author }, detail);
      await this.context.events.recordNow('node.warning', { code: 'skewed-clock', detail, active: true });
    }
    if (before.size === 0 || this.waitingOf.size > 0) return;
    const detail = 'No change waits for its time any more.';
    await this.context.events.recordNow('node.warning', { code: 'skewed-clock', detail, active: false });
  }

  private async receivePart(
    records: readonly SignedRecord[],
    from: string,
    { news, along }: ReceiveOptions,
  ): Promise<Received> {
    const { db, members } = this.context;
    const networkId = members.networkId;
    let refused = 0;
    let offences = 0;
    let firstOf: RefusalReason | undefined;
    const refuse = (reason: RefusalReason): void => {
      refused++;
      if (OFFENCES.has(reason)) offences++;
      if (this.context.refusals.add(reason, from)) firstOf = reason;
    };
    const { verified, known } = await screen(db, networkId, records, refuse);
    const taken = await along?.take(verified.filter((record) => this.judged(record) === RecordState.applied));
    const stored =
      verified.length === 0
        ? { added: 0, waiting: 0, known: 0, future: false }
        : await db
            .write((tx) => this.store(tx, networkId, verified, { from, refuse, news, taken }))
            .finally(() => taken?.abort());
    if (stored.future) await this.warn();
    if (firstOf !== undefined) await this.tellRefused(firstOf, from);
    return { added: stored.added, waiting: stored.waiting, known: known + stored.known, refused, offences };
  }

  private async store(
    tx: Tx,
    networkId: string,
    verified: readonly VerifiedRecord[],
    { from, refuse, news, taken }: Arrival,
  ): Promise<{ added: number; waiting: number; known: number; future: boolean }> {
    if (this.context.members.networkId !== networkId) return { added: 0, waiting: 0, known: 0, future: false };
    const ids = verified.map((record) => record.id);
    const authors = new Set(verified.map((record) => record.envelope.author));
    const [here, full] = await Promise.all([storedIds(tx, ids), this.fullAuthors(tx, authors)]);
    const fresh = verified.filter((record) => !here.has(record.id));
    const judged = await this.withinCeilings(tx, this.judgeAll(fresh, refuse), { from, refuse, full });
    const applied = judged.filter((record) => record.state === RecordState.applied);
    const paths = applied.flatMap((record) => (record.fields ? [record.fields.path] : []));
    await taken?.commit(tx, new Set(applied.flatMap((record) => record.fields?.content ?? [])));
    const changes = await Changeset.load(tx, this.context.changeset(), paths);
    await changes.addAll(judged);
    await this.context.finish(tx, changes);
    await this.leaveForLater(tx, judged);
    await waitForAuthors(
      tx,
      from,
      judged.flatMap(({ id, state }) => (state === RecordState.waitingAuthor ? [id] : [])),
      this.context.runningMs(),
    );
    const added = judged.filter((record) => record.state <= IN_SET);
    if (news && added.length > 0) tx.afterCommit(() => news(added));
    return {
      added: added.length,
      waiting: judged.length - added.length,
      known: here.size,
      future: judged.some((record) => record.state === RecordState.future),
    };
  }

  private judgeAll(records: readonly VerifiedRecord[], refuse: (reason: RefusalReason) => void): JudgedRecord[] {
    const now = this.context.clock.now();
    return records.flatMap((record) => {
      const state = this.judged(record, now);
      if (state === undefined) refuse('may-not-write');
      return state === undefined ? [] : [{ ...record, state, shownAt: shownAt(record, now) }];
    });
  }

  private judged(record: VerifiedRecord, now = this.context.clock.now()): RecordState | undefined {
    return judge(record, standingOf(this.context.members, record.envelope.author), now);
  }

  private async withinCeilings(
    tx: Tx,
    records: readonly JudgedRecord[],
    { from, refuse, full }: Pick<Arrival, 'from' | 'refuse'> & { full: ReadonlySet<string> },
  ): Promise<JudgedRecord[]> {
    const waiting = (state: RecordState): number => records.filter((record) => record.state === state).length;
    const { waitingAuthor, future } = RecordState;
    const [strangers, early] = [waiting(waitingAuthor), waiting(future)];
    const room = new Map<RecordState, number>([
      [waitingAuthor, strangers === 0 ? 0 : await roomForAuthors(tx, from, strangers)],
      [future, early === 0 ? 0 : await roomForTimes(tx)],
    ]);
    // Others have made room for those that are refused now: they come again.
    if (strangers > room.get(waitingAuthor)!) tx.afterCommit(() => this.context.judgeLater());
    const isTooMany = (state: RecordState): boolean => {
      const left = room.get(state);
      if (left !== undefined) room.set(state, left - 1);
      return left !== undefined && left <= 0;
    };
    return records.filter((record) => {
      const tooMany = full.has(record.envelope.author) || isTooMany(record.state);
      if (tooMany) refuse('ceiling');
      return !tooMany;
    });
  }

  private async fullAuthors(tx: Tx, peerIds: ReadonlySet<string>): Promise<Set<string>> {
    const rows = await byIds<{ peer: Uint8Array }>(
      tx,
      `SELECT peer FROM catalogue_author WHERE peer IN ${BLOBS}
       AND (records >= ${MAX_RECORDS_PER_AUTHOR} OR bytes >= ${MAX_BYTES_PER_AUTHOR})`,
      [...peerIds].map(peerBytes),
    );
    return new Set(rows.map((row) => peerText(row.peer)));
  }

  /** Which records of a removed author count depends on all of them: their chain is walked when they have come. */
  private async leaveForLater(tx: Tx, judged: readonly JudgedRecord[]): Promise<void> {
    const authors = new Set(
      judged.flatMap((record) => (record.state === RecordState.void ? [toHex(peerBytes(record.envelope.author))] : [])),
    );
    if (authors.size === 0) return;
    await changeByIds(tx, `UPDATE catalogue_author SET standing = '' WHERE peer IN ${BLOBS}`, [...authors]);
    tx.afterCommit(() => this.context.judgeLater());
  }

  private async tellRefused(reason: RefusalReason, from: string): Promise<void> {
    await this.context.events.recordNow('node.warning', {
      code: 'refused-record',
      detail: `Changes that ${from} passed on were refused: ${REFUSED[reason]}.`,
      active: true,
    });
  }
}

const OFFENCES: ReadonlySet<RefusalReason> = new Set(['malformed', 'other-network', 'bad-signature']);

const REFUSED: Record<RefusalReason, string> = {
  malformed: 'they are not in the form this version reads',
  'other-network': 'they belong to another network',
  'bad-signature': 'their signature is wrong',
  'may-not-write': 'their author may hold data but not write',
  ceiling: 'their author has written more than one member may, or too many changes wait already',
};

/** Of a record of a later release, which may say it elsewhere, its stamp stands for the time it was written. */
function shownAt({ envelope, fields }: VerifiedRecord, now: number): number {
  return Math.min(fields?.time ?? envelope.clock.ms, now);
}
