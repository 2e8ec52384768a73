import type { IncomingMessage } from 'node:http';
import { basePathOf, DfsError } from '@dfs/runtime';
import { normalisePath } from '@dfs/protocol';

/** Everything of WebDAV lives under this path. */
export const DAV_ROOT = '/dav';

/** A file or folder as an address names it. */
export interface Address {
  /** Normalised; empty for the top. */
  path: string;
  /** The address ends with a slash: it means a folder. */
  isFolder: boolean;
}

/** Whether an address is one of WebDAV. @param path without query */
export function isDavPath(path: string): boolean {
  return path === DAV_ROOT || path.startsWith(`${DAV_ROOT}/`);
}

/**
 * The path that an address under `/dav/` names. Parts are decoded one by one, so that no slash comes out of them, and then held
 * against the rules of paths, which know no `..`.
 * @param target path of the address, percent-encoded, without query
 * @throws DfsError `not-found` beside `/dav`, `bad-request`, `invalid-path`
 */
export function addressOf(target: string): Address {
  if (!isDavPath(target)) throw new DfsError('not-found', `Addresses of WebDAV begin with ${DAV_ROOT}/.`);
  const parts = target
    .slice(DAV_ROOT.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const isFolder = parts.length === 0 || target.endsWith('/');
  return { path: parts.length === 0 ? '' : normalisePath(parts.join('/')), isFolder };
}

/** The address of the request. @throws as `addressOf` */
export function requestAddress(request: IncomingMessage & { originalUrl?: string }): Address {
  return addressOf((request.originalUrl ?? request.url ?? '').split('?', 1)[0] ?? '');
}

/** The address of a path, percent-encoded, as answers tell it. @param base where the application stands */
export function hrefOf(base: string, path: string, isFolder: boolean): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return `${base}${DAV_ROOT}/${encoded}${isFolder && path !== '' ? '/' : ''}`;
}

/** The path that a URI of a header names; undefined for one of another server. */
export function addressOfUri(uri: string, request: IncomingMessage): Address | undefined {
  const [matched, scheme, authority, absolute = '/'] = ABSOLUTE.exec(uri) ?? [];
  if (matched === undefined && !uri.startsWith('/')) return undefined;
  if (scheme !== undefined && !isThisHost(scheme, authority ?? '', request.headers.host ?? '')) return undefined;
  const target = matched === undefined ? uri : absolute;
  if (/[?#]/.test(target)) throw new DfsError('bad-request', 'An address in a header has a query or a fragment.');
  const base = basePathOf(request);
  const own = base !== '' && target.startsWith(`${base}/`) ? target.slice(base.length) : target;
  return isDavPath(own) ? addressOf(own) : undefined;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const ABSOLUTE = /^(https?):\/\/([^/?#]*)(.*)$/is;
const PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** By the name that the request came to, which the list of allowed hosts has judged. A proxy may speak another scheme. */
function isThisHost(scheme: string, authority: string, host: string): boolean {
  const port = PORTS[scheme.toLowerCase()] ?? '';
  const bare = (name: string): string => (name.endsWith(port) ? name.slice(0, -port.length) : name).toLowerCase();
  return authority !== '' && bare(authority) === bare(host);
}

/** Bytes that a client did not encode came as characters of Latin-1, and are UTF-8 as those that it did. */
function decoded(part: string): string {
  let text: string;
  try {
    text = decodeURIComponent(BEYOND_ASCII.test(part) ? UTF_8.decode(Buffer.from(part, 'latin1')) : part);
  } catch (cause) {
    throw new DfsError('bad-request', 'The address is not valid percent-encoded UTF-8.', { cause });
  }
  if (text.includes('/')) throw new DfsError('invalid-path', 'A name in the address contains an encoded slash.');
  return text;
}
