import { IsNull } from 'typeorm';
import type { KeyInfo, KeyScope, MadeKey } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { Caller } from '@dfs/files';
import {
  DfsError,
  invalidField,
  minute,
  Recurring,
  second,
  type Clock,
  type Log,
  type Ran,
  type WorkStatus,
} from '@dfs/runtime';
import { normalisePath } from '@dfs/protocol';
import { ApiKeyEntity, ApiKeyGenerationEntity } from '../access.entity.js';
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
  db: Pick<Database, 'repository' | 'write'>;
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

/** Keys for programs. The database holds no secret of them: its reader cannot use one. */
export class Keys {
  private readonly ends = new Ends();
  private readonly noted = new Map<string, number>();
  private readonly expiring: Recurring;
  private noting: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly parts: KeysComponents,
    private readonly rows: Map<string, ApiKeyEntity>,
    private generation: number,
    private secrets: KeySecrets,
  ) {
    this.expiring = new Recurring(
      {
        name: 'end what goes on with expired keys',
        every: EXPIRE_EVERY,
        failed: 'what goes on with expired keys could not be ended',
        run: async () => this.expire(),
      },
      { log: parts.log },
    );
  }

  /**
   * @param renew the database may be an older one, in which keys are active that were revoked since: all of them end. A key
   * that is made from now on has a secret that none of an earlier state can have
   */
  static async open(parts: KeysComponents, { renew = false } = {}): Promise<Keys> {
    const rows = await parts.db.repository(ApiKeyEntity).find();
    const row = await parts.db.repository(ApiKeyGenerationEntity).findOne({ one: 1 });
    const generation = row?.generation ?? 1;
    const known = new Map(rows.map((key) => [key.id, key]));
    const keys = new Keys(parts, known, generation, new KeySecrets(parts.privateKeyRaw, generation));
    if (!renew) return keys;
    const ended = await keys.rotate();
    if (ended > 0)
      parts.log.warn({ keys: ended }, 'all keys were ended: this database may not know which were revoked');
    return keys;
  }

  /** Ends what goes on with a key when its time is over. */
  start(): void {
    this.expiring.start();
  }

  async stop(): Promise<void> {
    await this.expiring.stop();
    await this.noting;
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.expiring.status();
  }

  /** Newest first. */
  list(): KeyInfo[] {
    return [...this.rows.values()].sort((a, b) => b.createdAt - a.createdAt).map((row) => this.info(row));
  }

  /** @throws DfsError `validation-failed`, `too-many-requests` */
  async make({ name, scope, prefix, expiresAt }: NewKey): Promise<MadeKey> {
    const now = this.parts.clock.now();
    if (expiresAt !== undefined && expiresAt <= now) throw invalidField('expiresAt', 'must be in the future');
    const row: ApiKeyEntity = {
      ...{ id: newKeyId(), name, scope, prefix: folderOf(prefix), createdAt: now },
      ...{ expiresAt: expiresAt ?? null, revokedAt: null, usedAt: null },
    };
    await this.parts.db.write(async (tx) => {
      const keys = tx.repository(ApiKeyEntity);
      if ((await keys.count({ revokedAt: IsNull() })) >= MAX_KEYS)
        throw new DfsError('too-many-requests', `There are ${MAX_KEYS} keys already: revoke some.`);
      await keys.insert(row);
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
      await tx.repository(ApiKeyGenerationEntity).update({ one: 1 }, { generation });
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

  /** The secret of a key that is active: for signatures, which do not show it. */
  secretOf(id: string): string | undefined {
    const row = this.rows.get(id);
    return row && this.info(row).state === 'active' ? this.secrets.secretOf(id) : undefined;
  }

  private async revokeAll(rows: readonly ApiKeyEntity[], also?: (tx: Tx) => Promise<void>): Promise<void> {
    const now = this.parts.clock.now();
    const open = rows.filter(({ revokedAt }) => revokedAt === null);
    await this.parts.db.write(async (tx) => {
      for (const { id } of open) await tx.repository(ApiKeyEntity).update({ id }, { revokedAt: now });
      await also?.(tx);
      tx.afterCommit(() => {
        for (const row of open) {
          row.revokedAt = now;
          this.ends.end(row.id);
        }
      });
    });
  }

  private expire(): Ran {
    for (const row of this.rows.values()) if (this.info(row).state !== 'active') this.ends.end(row.id);
    return 'idle';
  }

  private info(row: ApiKeyEntity): KeyInfo {
    const isOver = row.expiresAt !== null && row.expiresAt <= this.parts.clock.now();
    return {
      ...{ id: row.id, name: row.name, scope: row.scope, prefix: row.prefix },
      state: row.revokedAt !== null ? 'revoked' : isOver ? 'expired' : 'active',
      createdAt: new Date(row.createdAt).toISOString(),
      expiresAt: moment(row.expiresAt),
      revokedAt: moment(row.revokedAt),
      lastUsedAt: moment(row.usedAt),
    };
  }

  private noteUse(row: ApiKeyEntity): void {
    const now = this.parts.clock.now();
    row.usedAt = now;
    if (Math.abs(now - (this.noted.get(row.id) ?? -Infinity)) < NOTE_USE_EVERY) return;
    this.noted.set(row.id, now);
    this.noting = this.parts.db
      .write((tx) => tx.repository(ApiKeyEntity).update({ id: row.id }, { usedAt: now }))
      .catch((error: unknown) => this.parts.log.warn({ err: error }, 'the last use of a key could not be noted'));
  }
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
