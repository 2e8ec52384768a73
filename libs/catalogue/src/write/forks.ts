import { BLOBS, VALUES, byIds, type Reader, type Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { parseRecord, fromHex, toHex } from '@dfs/protocol';
import type { Log } from '@dfs/runtime';
import type { ChainLink } from './judged.js';

/** Of one author, in one run of this node; more are only counted. */
const TOLD_PER_AUTHOR = 20;

/** Two records of one author that follow on the same one. Both are valid. */
export interface Fork {
  author: string;
  /** Ids: the one found later here, and the one that was here. */
  record: string;
  sibling: string;
}

interface Link {
  id: string;
  author: string;
  prev: string | null;
}

/**
 * Finds authors whose records do not form one chain: nodes that were restored from an old copy, or run twice with one
 * key. Nothing is done about a fork but to tell of it, once.
 */
export class Forks {
  private readonly told = new Map<string, number>();

  constructor(private readonly parts: { events: Pick<EventLog, 'record'>; log: Log }) {}

  /** Those among records that come into the set within this unit of work, in the order of that; before they are written. */
  async find(tx: Tx, fresh: readonly ChainLink[]): Promise<readonly Fork[]> {
    return fresh.length === 0 ? [] : unknownOf(tx, await forksAmong(tx, fresh));
  }

  /** Notes what `find` found, and tells of it. */
  async note(tx: Tx, found: readonly Fork[]): Promise<void> {
    if (found.length === 0) return;
    const values = found.map(({ record, sibling }) => [fromHex(record), fromHex(sibling)]);
    await tx.insertMany('catalogue_fork', ['record', 'sibling'], values, 'ignore');
    for (const author of new Set(found.map((fork) => fork.author))) {
      await this.tell(
        tx,
        found.filter((fork) => fork.author === author),
      );
    }
  }

  private async tell(tx: Tx, forks: readonly Fork[]): Promise<void> {
    const [{ author, record, sibling }] = forks as [Fork];
    const told = this.told.get(author) ?? 0;
    if (told >= TOLD_PER_AUTHOR) return;
    tx.afterCommit(() => {
      this.told.set(author, told + 1);
      this.parts.log.warn({ author, record, sibling, forks: forks.length }, 'the records of an author have forked');
    });
    const more = forks.length > 1 ? ` So do ${forks.length - 1} more.` : '';
    await this.parts.events.record(tx, 'node.warning', {
      code: 'fork',
      detail:
        `The changes ${sibling} and ${record} by ${author} both follow on the same one.${more} That node was restored ` +
        'from an old copy, or runs twice with the same key: make sure that only one of it runs. All changes are kept; ' +
        'where they are of the same file, choose between its versions.',
      active: true,
    });
  }
}

/** Forks that were found so far. */
export async function countForks(reader: Reader): Promise<number> {
  const [row] = await reader.query<{ count: number }>('SELECT count(*) AS count FROM catalogue_fork');
  return row?.count ?? 0;
}

/** Each record after the first that follows on the same one, with that first one. */
async function forksAmong(tx: Tx, links: readonly ChainLink[]): Promise<Fork[]> {
  const firstOf = await firstLinks(tx, new Set(links.map(({ chain }) => chain)));
  for (const { record, chain } of links) {
    const { author, prev } = record.envelope;
    if (!firstOf.has(chain)) firstOf.set(chain, { id: record.id, author, prev });
  }
  return links.flatMap(({ record: { id, envelope }, chain }) => {
    const first = firstOf.get(chain);
    if (first === undefined || first.id === id) return [];
    const isFork = first.author === envelope.author && first.prev === envelope.prev;
    return isFork ? [{ author: envelope.author, record: id, sibling: first.id }] : [];
  });
}

/** The records that were here first with each of these keys. */
async function firstLinks(tx: Tx, keys: ReadonlySet<number>): Promise<Map<number, Link>> {
  const rows = await byIds<{ chain: number; id: Uint8Array; body: Uint8Array }>(
    tx,
    `SELECT r.chain, r.id, r.body FROM ${VALUES} k CROSS JOIN catalogue_record r
     ON r.seq = (SELECT seq FROM catalogue_record WHERE chain = k.id ORDER BY seq LIMIT 1)`,
    [...keys],
  );
  return new Map(
    rows.map(({ chain, id, body }) => {
      const { author, prev } = parseRecord(body).envelope;
      return [chain, { id: toHex(id), author, prev }];
    }),
  );
}

/** Without those in which the record was found before: it has only been judged anew. */
async function unknownOf(tx: Tx, forks: readonly Fork[]): Promise<Fork[]> {
  if (forks.length === 0) return [];
  const known = await byIds<{ id: Uint8Array }>(
    tx,
    `SELECT record AS id FROM catalogue_fork WHERE record IN ${BLOBS}
     UNION SELECT sibling FROM catalogue_fork WHERE sibling IN ${BLOBS}`,
    forks.map(({ record }) => record),
  );
  const ids = new Set(known.map(({ id }) => toHex(id)));
  return forks.filter(({ record }) => !ids.has(record));
}
