import type { KeyInfo, KeyScope, MadeKey } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { Caller } from '@dfs/files';
import { DfsError, invalidField, minute, second, type Clock, type Log } from '@dfs/runtime';
import { normalisePath } from '@dfs/protocol';
import { Ends } from '../ends.js';
import { KeySecrets, newKeyId, shownKey, tokenOf } from './key-secret.js';

/** Keys that are not revoked. */
const MAX_KEYS = 1000;
/** The last use of a key is written no more often. */
const NOTE_USE_EVERY = minute;
/** Between two looks for keys whose time is over. */
const EXPIRE_EVERY = second;

/** The node's own key, from which the secrets follow, and the table of the others. */
export interface KeysComponents {
  db: Pick<Database, 'query' | 'write'>;
  /** The node's own key. */
  privateKeyRaw: Uint8Array;
  clock: Clock;
  log: Log;
}

/** A key to be made. */
export interface NewKey {
  name: string;
  scope: KeyScope;
  /** As a person wrote it; the whole network when left out. */
  prefix?: string;
  /** Milliseconds since 1970; never when left out. */
  expiresAt?: number;
}

interface KeyRow {
  id: string;
  name: string;
  scope: KeyScope;
  prefix: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  used_at: number | null;
}

/** Keys for programs. The database holds no secret of them: its reader cannot use one. */
export class Keys {
  private readonly ends = new Ends();
  private readonly noted = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private noting: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly parts: KeysComponents,
    private readonly rows: Map<string, KeyRow>,
    private generation: number,
    private secrets: KeySecrets,
  ) {}

  static async open(parts: KeysComponents): Promise<Keys> {
    const rows = await parts.db.query<KeyRow>('SELECT * FROM api_key');
    const [row] = await parts.db.query<{ generation: number }>('SELECT generation FROM api_key_generation');
    const generation = row?.generation ?? 1;
    const known = new Map(rows.map((key) => [key.id, key]));
    return new Keys(parts, known, generation, new KeySecrets(parts.privateKeyRaw, generation));
  }

  /** Ends what goes on with a key when its time is over. */
  start(): void {
    this.timer = setInterval(() => this.expire(), EXPIRE_EVERY).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.noting;
  }

  /** Newest first. */
  list(): KeyInfo[] {
    return [...this.rows.values()].sort((a, b) => b.created_at - a.created_at).map((row) => this.info(row));
  }

  /** @throws DfsError `validation-failed`, `too-many-requests` */
  async make({ name, scope, prefix, expiresAt }: NewKey): Promise<MadeKey> {
    const now = this.parts.clock.now();
    if (expiresAt !== undefined && expiresAt <= now) throw invalidField('expiresAt', 'must be in the future');
    const row: KeyRow = {
      ...{ id: newKeyId(), name, scope, prefix: folderOf(prefix), created_at: now },
      ...{ expires_at: expiresAt ?? null, revoked_at: null, used_at: null },
    };
    await this.parts.db.write(async (tx) => {
      const [{ count = 0 } = {}] = await tx.query<{ count: number }>(
        'SELECT count(*) AS count FROM api_key WHERE revoked_at IS NULL',
      );
      if (count >= MAX_KEYS)
        throw new DfsError('too-many-requests', `There are ${MAX_KEYS} keys already: revoke some.`);
      await insert(tx, row);
      tx.afterCommit(() => this.rows.set(row.id, row));
    });
    const secret = this.secrets.secretOf(row.id);
    return { ...this.info(row), secret, token: tokenOf({ id: row.id, secret }) };
  }

  /** Ends a key, with its sockets and transfers. One that was ended stays so. @throws DfsError `key-not-found` */
  async revoke(id: string): Promise<void> {
    const row = this.rows.get(id);
    if (!row) throw new DfsError('key-not-found', 'There is no such key: GET /keys lists them.');
    await this.revokeAll([row]);
  }

  /** Ends all keys: secrets are made by another rule from now on. @returns how many could still be used */
  async rotate(): Promise<number> {
    const usable = [...this.rows.values()].filter((row) => this.info(row).state === 'active').length;
    const generation = this.generation + 1;
    await this.revokeAll([...this.rows.values()], async (tx) => {
      await tx.run('UPDATE api_key_generation SET generation = ?', [generation]);
      tx.afterCommit(() => {
        this.generation = generation;
        this.secrets = new KeySecrets(this.parts.privateKeyRaw, generation);
      });
    });
    return usable;
  }

  /** The one that shows a token: undefined for what is no key of this node, or is not good any more. */
  callerOf(token: string): Caller | undefined {
    const shown = shownKey(token);
    if (!shown || !this.secrets.isRight(shown)) return undefined;
    const row = this.rows.get(shown.id);
    if (!row || this.info(row).state !== 'active') return undefined;
    this.noteUse(row);
    return { key: row.id, scope: row.scope, prefix: row.prefix, ended: this.ends.of(row.id) };
  }

  private async revokeAll(rows: readonly KeyRow[], also?: (tx: Tx) => Promise<void>): Promise<void> {
    const now = this.parts.clock.now();
    const open = rows.filter(({ revoked_at: revoked }) => revoked === null);
    await this.parts.db.write(async (tx) => {
      for (const { id } of open) await tx.run('UPDATE api_key SET revoked_at = ? WHERE id = ?', [now, id]);
      await also?.(tx);
      tx.afterCommit(() => {
        for (const row of open) {
          row.revoked_at = now;
          this.ends.end(row.id);
        }
      });
    });
  }

  private expire(): void {
    for (const row of this.rows.values()) if (this.info(row).state !== 'active') this.ends.end(row.id);
  }

  private info(row: KeyRow): KeyInfo {
    const isOver = row.expires_at !== null && row.expires_at <= this.parts.clock.now();
    return {
      ...{ id: row.id, name: row.name, scope: row.scope, prefix: row.prefix },
      state: row.revoked_at !== null ? 'revoked' : isOver ? 'expired' : 'active',
      createdAt: new Date(row.created_at).toISOString(),
      expiresAt: moment(row.expires_at),
      revokedAt: moment(row.revoked_at),
      lastUsedAt: moment(row.used_at),
    };
  }

  private noteUse(row: KeyRow): void {
    const now = this.parts.clock.now();
    row.used_at = now;
    if (Math.abs(now - (this.noted.get(row.id) ?? -Infinity)) < NOTE_USE_EVERY) return;
    this.noted.set(row.id, now);
    this.noting = this.parts.db
      .write((tx) => tx.run('UPDATE api_key SET used_at = ? WHERE id = ?', [now, row.id]))
      .catch((error: unknown) => this.parts.log.warn({ err: error }, 'the last use of a key could not be noted'));
  }
}

async function insert(tx: Tx, row: KeyRow): Promise<void> {
  const columns = Object.keys(row) as (keyof KeyRow)[];
  await tx.insertMany('api_key', columns, [columns.map((column) => row[column])]);
}

/** With a slash at its end, so that `photos` does not see `photos-of-others`. @throws DfsError `validation-failed` */
function folderOf(prefix = ''): string {
  const bare = prefix.replace(/\/+$/, '');
  if (bare === '') return '';
  try {
    return `${normalisePath(bare)}/`;
  } catch (error) {
    throw invalidField('prefix', error instanceof DfsError ? error.message : 'is no folder');
  }
}

function moment(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
