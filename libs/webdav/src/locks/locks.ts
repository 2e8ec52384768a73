import { randomUUID } from 'node:crypto';
import { DfsError, type Timers } from '@dfs/runtime';
import { DavError } from '../http/dav-error.js';

/** Locks at once, of all clients and of one key. Each costs up to 2 KiB of what its client says of itself. */
const MOST = 5000;
const MOST_OF_ONE = 1000;
/** Of the text that a client says of itself, as XML. */
const MAX_OWNER_LENGTH = 2048;

/** A lock on a path, and on all beneath it where it is deep. */
export interface Lock {
  token: string;
  /** Normalised; empty for the top. */
  path: string;
  isDeep: boolean;
  scope: 'exclusive' | 'shared';
  /** The client's word on who holds it, as XML. */
  owner: string;
  /** Id of the API key by which it was taken; null for the node's own token. */
  key: string | null;
  /** Milliseconds for which it holds after each refresh. */
  time: number;
  /** By the clock of `timers`. */
  endsAt: number;
}

/** A change of a path by a request. */
export interface Change {
  path: string;
  /** All beneath it changes too. */
  isDeep: boolean;
  /** The folder it is in gets or loses a member. */
  changesFolder: boolean;
}

/** The one who asks, and the tokens of the request. */
export interface Holder {
  key: string | null;
  tokens: ReadonlySet<string>;
}

/**
 * Locks of the clients of WebDAV of this node, in its memory: they end with it, and bind nobody else. A lock is not granted over
 * a change that is under way, so that what it promises holds from its first moment.
 */
export class Locks {
  private readonly byToken = new Map<string, Lock>();
  private readonly byPath = new Map<string, Set<Lock>>();
  private readonly changing = new Set<Change>();
  /** No lock ends before. */
  private soonest = Infinity;

  constructor(private readonly timers: Pick<Timers, 'ticks'>) {}

  /** Locks on the path itself, and deep ones on the folders it is in. */
  covering(path: string): Lock[] {
    if (this.byToken.size === 0) return [];
    const now = this.timers.ticks();
    return pathsAbove(path).flatMap((above, index) =>
      [...(this.byPath.get(above) ?? [])].filter(({ isDeep, endsAt }) => endsAt > now && (index === 0 || isDeep)),
    );
  }

  /** Milliseconds until a lock ends. */
  timeLeft({ endsAt }: Lock): number {
    return Math.max(0, endsAt - this.timers.ticks());
  }

  /** @throws DavError `locked`; DfsError `too-many-requests`, `validation-failed` */
  take(wanted: Pick<Lock, 'path' | 'isDeep' | 'scope' | 'owner' | 'key' | 'time'>): Lock {
    if (wanted.owner.length > MAX_OWNER_LENGTH) {
      throw new DfsError('payload-too-large', `The owner of a lock has at most ${MAX_OWNER_LENGTH} characters.`);
    }
    this.dropExpired();
    this.requireCompatible(wanted);
    const own = [...this.byToken.values()].filter(({ key }) => key === wanted.key).length;
    if (own >= MOST_OF_ONE || this.byToken.size >= MOST) {
      throw new DfsError('too-many-requests', 'There are too many locks already: end some, or wait until they expire.');
    }
    const lock: Lock = { ...wanted, token: `urn:uuid:${randomUUID()}`, endsAt: this.timers.ticks() + wanted.time };
    this.byToken.set(lock.token, lock);
    this.soonest = Math.min(this.soonest, lock.endsAt);
    this.byPath.set(lock.path, (this.byPath.get(lock.path) ?? new Set()).add(lock));
    return lock;
  }

  /**
   * Has the one of the tokens that holds the path hold on.
   * @throws DavError `precondition-failed` where none does; DfsError `forbidden` for a lock of another key
   */
  refresh(path: string, { key, tokens }: Holder, time: number): Lock {
    const lock = this.covering(path).find(({ token }) => tokens.has(token));
    if (lock === undefined) throw noSuchLock('precondition-failed');
    if (lock.key !== key) throw ofAnother();
    lock.time = time;
    lock.endsAt = this.timers.ticks() + time;
    this.soonest = Math.min(this.soonest, lock.endsAt);
    return lock;
  }

  /**
   * Ends a lock. The node's owner may end that of any key.
   * @throws DavError `conflict` for a token that does not hold the path; DfsError `forbidden` for one of another key
   */
  release(path: string, token: string, key: string | null): void {
    const lock = this.covering(path).find((one) => one.token === token);
    if (lock === undefined) throw noSuchLock('conflict');
    if (lock.key !== key && key !== null) throw ofAnother();
    this.drop(lock);
  }

  /** Ends the locks on a path and beneath it: the files there have gone. */
  dropBeneath(path: string): void {
    for (const lock of this.byToken.values()) if (isBeneath(lock.path, path)) this.drop(lock);
  }

  /**
   * Begins changes, where no lock forbids them: of each path that is locked the request shows a token of its own.
   * @returns ends them: to be called when they are done, or have failed
   * @throws DavError `locked`
   */
  begin(changes: readonly Change[], holder: Holder): () => void {
    this.dropExpired();
    for (const change of changes) this.requireFree(change, holder);
    const begun = changes.map((change) => ({ ...change }));
    for (const change of begun) this.changing.add(change);
    return () => begun.forEach((change) => this.changing.delete(change));
  }

  private requireFree(change: Change, { key, tokens }: Holder): void {
    const held = new Map<string, Lock[]>();
    for (const lock of this.binding(change)) held.set(lock.path, [...(held.get(lock.path) ?? []), lock]);
    // Of several shared locks on one path one will do.
    const closed = [...held].find(([, locks]) => !locks.some((lock) => tokens.has(lock.token) && lock.key === key));
    if (closed === undefined) return;
    throw new DavError(
      'locked',
      'A WebDAV client has locked this: wait until it has ended its lock, or close the file there.',
      'lock-token-submitted',
      [closed[0]],
    );
  }

  private binding({ path, isDeep, changesFolder }: Change): Lock[] {
    const found = new Set(this.covering(path));
    if (changesFolder && path !== '') for (const lock of this.covering(folderOf(path))) found.add(lock);
    if (isDeep) for (const lock of this.byToken.values()) if (isBeneath(lock.path, path)) found.add(lock);
    return [...found];
  }

  /** @throws DavError `locked` */
  private requireCompatible({ path, isDeep, scope }: Pick<Lock, 'path' | 'isDeep' | 'scope'>): void {
    const others = this.covering(path);
    if (isDeep) for (const lock of this.byToken.values()) if (isBeneath(lock.path, path)) others.push(lock);
    const other = others.find((lock) => scope === 'exclusive' || lock.scope === 'exclusive');
    const change = [...this.changing].find((one) => touches(one, path, isDeep));
    if (other === undefined && change === undefined) return;
    throw new DavError(
      'locked',
      other
        ? 'Another lock is in the way: wait until its client has ended it.'
        : 'A change is under way here: try again when it is done.',
      'no-conflicting-lock',
      [other?.path ?? change?.path ?? path],
    );
  }

  private dropExpired(): void {
    const now = this.timers.ticks();
    if (now < this.soonest) return;
    this.soonest = Infinity;
    for (const lock of this.byToken.values()) {
      if (lock.endsAt <= now) this.drop(lock);
      else this.soonest = Math.min(this.soonest, lock.endsAt);
    }
  }

  private drop(lock: Lock): void {
    this.byToken.delete(lock.token);
    const rest = this.byPath.get(lock.path);
    rest?.delete(lock);
    if (rest?.size === 0) this.byPath.delete(lock.path);
  }
}

/** The path, the folders it is in, and the top. */
function pathsAbove(path: string): string[] {
  const all = [path];
  for (let above = path; above !== '';) {
    above = folderOf(above);
    all.push(above);
  }
  return all;
}

/** The folder that a path is in; empty for the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Whether a path is another one, or lies in it. */
export function isBeneath(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function touches(change: Change, path: string, isDeep: boolean): boolean {
  if (change.path === path || (change.changesFolder && folderOf(change.path) === path)) return true;
  return (isDeep && isBeneath(change.path, path)) || (change.isDeep && isBeneath(path, change.path));
}

function noSuchLock(code: 'precondition-failed' | 'conflict'): DavError {
  return new DavError(
    code,
    'No lock with this token holds this address: it has ended. Take a new one.',
    'lock-token-matches-request-uri',
  );
}

function ofAnother(): DfsError {
  return new DfsError('forbidden', 'The lock was taken with another key: only that key can change it.');
}
