import type { KeyScope } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import type { Asker } from '../ports.js';

/** The rights of a key. */
export type Scope = KeyScope;

/** The one a request comes from, as the application has found at its door. */
export interface Caller extends Asker {
  readonly scope: Scope;
  /** Aborts when the key or the session ends: with it end the transfers of the caller. */
  readonly ended?: AbortSignal;
}

/** The node's own token. */
const OWNER: Caller = { key: null, scope: 'admin', prefix: '' };

const callers = new WeakMap<object, Caller>();

/** To be called before a request meets a route. */
export function setCaller(request: object, caller: Caller): void {
  callers.set(request, caller);
}

/** The one a request comes from. Where nothing guards the door, that is the node's owner. */
export function callerOf(request: object): Caller {
  return callers.get(request) ?? OWNER;
}

/** Whether a caller sees a path. @param path normalised */
export function sees({ prefix }: Pick<Caller, 'prefix'>, path: string): boolean {
  return path.startsWith(prefix);
}

/** There is no such path for the one who asks: it lies beyond the end of what the key sees. */
export function noSuchPath(): DfsError {
  return new DfsError('file-not-found', 'There is no such path for the key that asks.');
}

/** Before what only one may do who may do everything. @throws DfsError `forbidden` */
export function requireAdmin({ scope }: Pick<Caller, 'scope'>): void {
  if (scope === 'admin') return;
  throw new DfsError('forbidden', 'The key that asks may not do this: it takes one of the scope admin.');
}

/** The terms of a deletion that its query names. @throws DfsError `forbidden` */
export function removalOf(
  query: { confirm?: 'true' | 'false'; purge?: 'true' | 'false' },
  by: Caller,
): { confirm: boolean; purge: boolean; by: Caller } {
  const purge = query.purge === 'true';
  if (purge) requireAdmin(by);
  return { confirm: query.confirm === 'true', purge, by };
}
