import { setTimeout as delay } from 'node:timers/promises';
import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { carriedAttributes, cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { DfsError, isDfsError, minute, Recurring, second, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import type { Draft } from '../ports.js';
import { attributesFrom } from '../store/rows.js';
import { KIND_NUMBER, RecordState } from '../rules/states.js';

/**
 * `commit` runs in the unit of work in which the files are taken off the list of those to import, so each comes once.
 */
export interface ImportsComponents {
  db: Pick<Database, 'write' | 'query'>;
  events: Pick<EventLog, 'recordNow'>;
  log: Log;
  /** Writes into the catalogue. */
  commit: (tx: Tx, drafts: readonly Draft[]) => Promise<unknown>;
}

/** Waits; tests shorten them. */
export interface ImportsOptions {
  /** Milliseconds for which a first comparison with a member is waited for. */
  patienceMs?: number;
  /** Milliseconds after which a failed import is tried again. */
  retryMs?: number;
}

/** Files imported in one unit of work. */
const FILES_PER_UNIT = 1000;
/** Files that the network already has add nothing: the import waits until that is known, but not for ever. */
const PATIENCE = minute;
const RETRY = minute;
/** How long a join is held back until the files are where a person looks for them. */
const SETTLE_TIME = 10 * second;

interface ImportRow {
  seq: number;
  kind: number;
  path: string;
  content: Uint8Array | null;
  size: number;
  media_type: string;
  ms: number;
  time: number;
  attributes: Uint8Array | null;
}

/**
 * Brings the files of a node that was alone into the network it has joined. They are set aside in the unit of work that
 * changes the network, and come into the new catalogue a thousand in a unit, each taken off the list in the unit that
 * writes it: an end at any moment loses nothing and imports nothing twice. Equal bytes at a path add nothing; others
 * become a conflict in which they are not what is shown. Contents and their pins stay where they are.
 */
export class Imports {
  private readonly patienceMs: number;
  private readonly importing: Recurring;
  private warning: DfsError | undefined;

  constructor(
    private readonly components: ImportsComponents,
    { patienceMs = PATIENCE, retryMs = RETRY }: ImportsOptions = {},
  ) {
    this.patienceMs = patienceMs;
    this.importing = new Recurring(
      {
        name: 'bring along files of this node',
        every: Infinity,
        retry: { first: retryMs, longest: retryMs },
        failed: 'files could not be brought along into this network, to be tried again',
        severity: 'error',
        run: (signal) => this.run(signal),
      },
      { log: components.log },
    );
  }

  /** How many are left. */
  async count(): Promise<number> {
    return countRows(this.components.db);
  }

  /** Sets aside all current files and folders, every side of a conflict too. @returns how many files are set aside in all */
  async keep(tx: Tx): Promise<number> {
    await tx.later(
      `INSERT INTO catalogue_import (kind, path, content, size, media_type, ms, time, attributes)
       SELECT r.kind, f.path, r.content, r.size, r.media_type, r.ms, r.shown_at, r.attributes
       FROM catalogue_record r JOIN catalogue_file f ON f.seq = r.file
       WHERE r.head = 1 AND r.state = ${RecordState.applied} AND r.kind <> ${KIND_NUMBER.deletion}
       ORDER BY r.ms, r.counter, r.seq`,
    );
    return countRows(tx);
  }

  /** Which of these contents have current files, any side of a conflict, or files that are set aside. */
  async among(contents: readonly Cid[], reader: Reader): Promise<Set<Cid>> {
    const rows = await byIds<{ content: Uint8Array }>(reader, AMONG, contents.map(cidToBytes));
    return new Set(rows.map(({ content }) => cidFromBytes(content)));
  }

  /** Goes on with what an earlier run has left. */
  async start(): Promise<void> {
    this.importing.start((await this.count()) > 0 ? this.patienceMs : Infinity);
  }

  stop(): Promise<void> {
    return this.importing.stop();
  }

  work(): WorkStatus {
    return this.importing.status();
  }

  /** There is something to import: soon, once the catalogue was compared with a member's. */
  begin(): void {
    if (this.importing.isOn) this.importing.reschedule(this.patienceMs);
  }

  /** This node has all that a member had: time to see what of its own is new to the network. */
  compared(): void {
    if (this.importing.isWaiting) this.importing.soon();
  }

  /** Resolves when all is imported, or after a while: it goes on then. */
  async settled(): Promise<void> {
    const until = performance.now() + SETTLE_TIME;
    while (this.importing.isOn && performance.now() < until && (await this.count()) > 0) await delay(SETTLE_PAUSE);
  }

  private async run(signal: AbortSignal): Promise<Ran> {
    let imported = 0;
    try {
      for (let files = -1; files !== 0 && !signal.aborted; imported += files) files = await this.next();
      if (signal.aborted) return 'idle';
      this.components.log.info({ imported }, 'files were brought along into this network');
      await this.warn(undefined);
      return 'idle';
    } catch (error) {
      if (!signal.aborted) await this.warn(error).catch(() => undefined);
      throw error;
    }
  }

  /** @returns how many there were to import */
  private next(): Promise<number> {
    const { db, commit } = this.components;
    return db.write(async (tx) => {
      const rows = await tx.query<ImportRow>('SELECT * FROM catalogue_import ORDER BY seq LIMIT ?', [FILES_PER_UNIT]);
      const last = rows.at(-1);
      if (last === undefined) return 0;
      await commit(tx, rows.map(draftOf));
      await tx.later('DELETE FROM catalogue_import WHERE seq <= ?', [last.seq]);
      return rows.length;
    });
  }

  private async warn(error: unknown): Promise<void> {
    const known =
      error === undefined || isDfsError(error)
        ? error
        : new DfsError(
            'internal-error',
            'an unexpected error, of which the log of this node tells more. It is tried again.',
          );
    const before = this.warning;
    if (known?.code === before?.code) return;
    this.warning = known;
    const { events } = this.components;
    if (before !== undefined) {
      const detail = 'This node has brought its files along into the network.';
      await events.recordNow('node.warning', { code: before.code, detail, active: false });
    }
    if (known === undefined) return;
    const detail = `This node has not yet brought its files along into the network, and keeps them: ${known.message}`;
    await events.recordNow('node.warning', { code: known.code, detail, active: true });
  }
}

const SETTLE_PAUSE = 50;

const AMONG = `SELECT w.id AS content FROM ${BLOBS} w WHERE
  EXISTS (SELECT 1 FROM catalogue_import i WHERE i.content = w.id)
  OR EXISTS (SELECT 1 FROM catalogue_record h WHERE h.content = w.id AND h.head = 1 AND h.kind = ${KIND_NUMBER.file})`;

async function countRows(reader: Pick<Tx, 'query'>): Promise<number> {
  const [row] = await reader.query<{ count: number }>(
    `SELECT count(*) AS count FROM catalogue_import WHERE kind = ${KIND_NUMBER.file}`,
  );
  return row?.count ?? 0;
}

function draftOf({ kind, path, content, size, media_type, ms, time, attributes }: ImportRow): Draft {
  const draft = { path, imported: ms, time, attributes: carriedAttributes(attributesFrom(attributes)) };
  if (kind === KIND_NUMBER.folder || content === null) return { kind: 'folder', ...draft };
  return { kind: 'file', ...draft, contentId: cidFromBytes(content), size, mediaType: media_type };
}
