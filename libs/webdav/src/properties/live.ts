import { escapeXml, etagOf } from '@dfs/files';
import { second } from '@dfs/runtime';
import { hrefOf } from '../http/address.js';
import type { Lock } from '../locks/locks.js';
import type { Found } from '../read/resources.js';

import { APACHE, dav, keyOf, type PropertyName } from './names.js';

/** Room for more files, in bytes. */
export interface Room {
  used: number;
  free: number;
}

/** Facts beside the resource itself that properties tell of. */
export interface Surroundings {
  /** Where the application stands. */
  base: string;
  /** Locks that hold a path, as far as the caller may know them. */
  locksOf(path: string): readonly Lock[];
  timeLeft(lock: Lock): number;
  /** Whether the caller took the lock, so that it is told the token. */
  isOwn(lock: Lock): boolean;
  room(): Room;
}

/** The value of a property as XML; undefined where the resource has none. */
type Value = (found: Found, around: Surroundings) => string | undefined;

/** A property that follows from the resource. */
interface Live extends PropertyName {
  value: Value;
  /** Told only where it is asked for by its name (RFC 4331 §2). */
  isApart?: true;
}

const SUPPORTED_LOCKS = ['exclusive', 'shared']
  .map(
    (scope) => `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`,
  )
  .join('');

/** All of them, in the order in which they are told. */
export const LIVE: readonly Live[] = [
  { ...dav('resourcetype'), value: ({ kind }) => (kind === 'folder' ? '<D:collection/>' : '') },
  { ...dav('displayname'), value: ({ path }) => escapeXml(path === '' ? 'DFS' : (path.split('/').at(-1) ?? '')) },
  { ...dav('getcontentlength'), value: (found) => ofFile(found, ({ size }) => String(size)) },
  { ...dav('getcontenttype'), value: (found) => ofFile(found, ({ mediaType }) => escapeXml(mediaType)) },
  { ...dav('getetag'), value: (found) => ofFile(found, ({ contentId }) => escapeXml(etagOf(contentId))) },
  { ...dav('getlastmodified'), value: lastModified },
  { ...dav('creationdate'), value: (found) => ofFile(found, ({ createdAt }) => dateOf(createdAt)?.toISOString()) },
  { ...dav('supportedlock'), value: () => SUPPORTED_LOCKS },
  { ...dav('lockdiscovery'), value: ({ path }, around) => lockDiscovery(around.locksOf(path), around) },
  {
    ...{ namespace: APACHE, name: 'executable' },
    value: (found) => ofFile(found, ({ attributes }) => flagOf(attributes.executable)),
  },
  {
    ...dav('quota-available-bytes'),
    isApart: true,
    value: (found, around) => ofFolder(found, () => around.room().free),
  },
  { ...dav('quota-used-bytes'), isApart: true, value: (found, around) => ofFolder(found, () => around.room().used) },
];

/** By their names. */
export const LIVE_BY_NAME: ReadonlyMap<string, Live> = new Map(LIVE.map((live) => [keyOf(live), live]));

/** Locks as `lockdiscovery` has them: the token is told to the one who took the lock. */
export function lockDiscovery(locks: readonly Lock[], { base, timeLeft, isOwn }: Omit<Surroundings, 'room'>): string {
  return locks
    .map((lock) => {
      const { path, isDeep, scope, owner, token } = lock;
      const parts = [
        `<D:locktype><D:write/></D:locktype><D:lockscope><D:${scope}/></D:lockscope>`,
        `<D:depth>${isDeep ? 'infinity' : '0'}</D:depth>`,
        owner === '' ? '' : `<D:owner>${owner}</D:owner>`,
        `<D:timeout>Second-${Math.ceil(timeLeft(lock) / second)}</D:timeout>`,
        isOwn(lock) ? `<D:locktoken><D:href>${token}</D:href></D:locktoken>` : '',
        `<D:lockroot><D:href>${escapeXml(hrefOf(base, path, false))}</D:href></D:lockroot>`,
      ];
      return `<D:activelock>${parts.join('')}</D:activelock>`;
    })
    .join('');
}

type Entry = (Found & { kind: 'file' })['entry'];

function ofFile(found: Found, value: (entry: Entry) => string | undefined): string | undefined {
  return found.kind === 'file' ? value(found.entry) : undefined;
}

function ofFolder(found: Found, value: () => number): string | undefined {
  return found.kind === 'folder' ? String(Math.max(0, Math.floor(value()))) : undefined;
}

/** The time of change where the file comes from, as far as that is known; of a folder that of the newest file in it. */
function lastModified(found: Found): string | undefined {
  if (found.kind === 'folder') return found.folder.newest > 0 ? dateOf(found.folder.newest)?.toUTCString() : undefined;
  const { attributes, modifiedAt } = found.entry;
  return dateOf(attributes.mtime ?? modifiedAt)?.toUTCString();
}

/** A time that the forms of WebDAV have no year for is left out. */
function dateOf(ms: number): Date | undefined {
  const date = new Date(ms);
  return date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999 ? date : undefined;
}

function flagOf(flag: boolean | undefined): string | undefined {
  return flag === undefined ? undefined : flag ? 'T' : 'F';
}
