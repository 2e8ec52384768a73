import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { SessionInfo } from '@dfs/contracts';
import { day, DfsError, minute, type Clock, type Log } from '@dfs/runtime';
import { Ends } from '../ends.js';
import { equalSecrets } from '../secrets.js';
import { noSessionStore, type SessionRow, type SessionStore } from './session-store.js';

/** How long a browser stays signed in. */
const SESSION_TIME = 30 * day;
const NONCE_BYTES = 16;
const ID_LENGTH = 22;
/** The last use of a session is written no more often. */
const NOTE_USE_EVERY = 5 * minute;
/** Sessions at once; the one that was not used for longest goes. */
const MAX_SESSIONS = 1000;
const MAX_AGENT_LENGTH = 200;

/**
 * Sessions of browsers that have shown the token once. A session is `<issued>.<nonce>.<HMAC>`: it tells nothing of the token,
 * and ends with it. A hash of it is kept, so that sessions can be listed and ended.
 */
export class Sessions {
  private readonly key: Buffer;
  private readonly ends = new Ends();
  private readonly known = new Map<string, SessionRow>();
  private store: SessionStore = noSessionStore;

  constructor(
    token: string,
    peerId: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.key = createHmac('sha256', token).update(`dfs session of ${peerId}`).digest();
  }

  static readonly maxAgeSeconds = SESSION_TIME / 1000;

  /** From now on they are kept there, and those that are there are known. */
  async keepIn(store: SessionStore): Promise<void> {
    this.store = store;
    const rows = await store.all();
    const over = rows.filter((row) => this.isOver(row)).map(({ id }) => id);
    for (const row of rows) this.known.set(row.id, row);
    if (over.length > 0) await this.forget(over);
  }

  /** @param agent how the browser calls itself */
  async begin(agent: string): Promise<string> {
    const now = this.clock.now();
    const head = `${now.toString(36)}.${randomBytes(NONCE_BYTES).toString('base64url')}`;
    const session = `${head}.${this.sign(head)}`;
    const row = { id: idOf(session), createdAt: now, usedAt: now, agent: agent.slice(0, MAX_AGENT_LENGTH) };
    await this.store.put(row);
    this.known.set(row.id, row);
    await this.forget(this.tooMany());
    return session;
  }

  /** Newest first. @param current those of the client that asks */
  list(current: readonly string[]): SessionInfo[] {
    const own = new Set(current.map(idOf));
    return [...this.known.values()]
      .filter((row) => !this.isOver(row))
      .sort((a, b) => b.createdAt - a.createdAt)
      .map(({ id, createdAt, usedAt, agent }) => ({
        ...{ id, agent, current: own.has(id) },
        createdAt: new Date(createdAt).toISOString(),
        lastUsedAt: new Date(usedAt).toISOString(),
        expiresAt: new Date(createdAt + SESSION_TIME).toISOString(),
      }));
  }

  isValid(session: string): boolean {
    const [issued, nonce, signature, ...more] = session.split('.');
    if (!issued || !nonce || !signature || more.length > 0) return false;
    if (!equalSecrets(signature, this.sign(`${issued}.${nonce}`))) return false;
    const row = this.known.get(idOf(session));
    if (!row || this.isOver(row)) return false;
    this.noteUse(row);
    return true;
  }

  async end(session: string): Promise<void> {
    if (this.isValid(session)) await this.forget([idOf(session)]);
  }

  /** @throws DfsError `session-not-found` */
  async endById(id: string): Promise<void> {
    if (!this.known.has(id))
      throw new DfsError('session-not-found', 'There is no such session: GET /sessions lists them.');
    await this.forget([id]);
  }

  /** Aborts when the session ends. */
  ended(session: string): AbortSignal {
    return this.ends.of(idOf(session));
  }

  private async forget(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const rows = ids.flatMap((id) => this.known.get(id) ?? []);
    // Before they are removed, lest a request that comes meanwhile has its use noted, and the row is there again.
    for (const id of ids) this.known.delete(id);
    try {
      await this.store.remove(ids);
    } catch (error) {
      for (const row of rows) this.known.set(row.id, row);
      throw error;
    }
    for (const id of ids) this.ends.end(id);
  }

  private tooMany(): string[] {
    const over = [...this.known.values()].filter((row) => this.isOver(row));
    const rest = [...this.known.values()].filter((row) => !over.includes(row)).sort((a, b) => b.usedAt - a.usedAt);
    return [...over, ...rest.slice(MAX_SESSIONS)].map(({ id }) => id);
  }

  private isOver({ createdAt }: SessionRow): boolean {
    return this.clock.now() - createdAt >= SESSION_TIME;
  }

  private noteUse(row: SessionRow): void {
    const now = this.clock.now();
    if (Math.abs(now - row.usedAt) < NOTE_USE_EVERY) return;
    row.usedAt = now;
    this.store.put({ ...row }).catch((error: unknown) => {
      this.log.warn({ err: error }, 'the last use of a session could not be noted');
    });
  }

  private sign(head: string): string {
    return createHmac('sha256', this.key).update(head).digest('base64url');
  }
}

function idOf(session: string): string {
  return createHash('sha256').update(session).digest('base64url').slice(0, ID_LENGTH);
}
