import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { FileInfo, FileList, KeyRequest, MadeKey } from '@dfs/contracts';
import type { TestNode } from './running-node.suite.js';

/** An answer below `/dav`, read to its end. */
export interface DavAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}
/** A request below `/dav`. */
export interface DavOptions {
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}
/** Sends one: the path begins after `/dav`. */
export type Dav = (method: string, path: string, options?: DavOptions) => Promise<DavAnswer>;

/** Requests as a client of WebDAV sends them: a key of the node is the password, where it has one. */
export function davClient(node: Pick<TestNode, 'port'>, password?: string): Dav {
  const basic = `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
  return (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      // Of some methods Node would send a body without saying so.
      const length = { 'content-length': String(Buffer.byteLength(body ?? '')) };
      const asked = httpRequest({
        ...{ host: '127.0.0.1', port: node.port, method, path: `/dav${path}` },
        headers: { ...(password !== undefined && { authorization: basic }), ...length, ...headers },
      });
      asked.on('error', reject);
      asked.on('response', (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () => {
          const { statusCode: status = 0, headers: told } = answer;
          resolve({ status, headers: told, text: Buffer.concat(parts).toString() });
        });
      });
      asked.end(body);
    });
}

/** Requests that the specs of a drive make again and again. */
export interface Drive {
  put(path: string, body: string, headers?: Record<string, string>): Promise<DavAnswer>;
  find(path: string, depth?: string, client?: Dav): Promise<DavAnswer>;
  /** The file at a path, as the API tells it. */
  info(path: string): Promise<FileInfo | undefined>;
}

/** @param now the node and its client, which begin after this */
export function driveOf(now: () => { node: Pick<TestNode, 'api'>; dav: Dav }): Drive {
  return {
    put: (path, body, headers = {}) => now().dav('PUT', path, { body, headers }),
    find: (path, depth = '0', client = now().dav) => client('PROPFIND', path, { headers: { depth } }),
    info: async (path) => (await now().node.api(`/files?path=${encodeURIComponent(path)}`)).json<FileList>().items[0],
  };
}

/** Addresses in a multistatus, in their order. */
export function hrefsIn({ text }: DavAnswer): string[] {
  return [...text.matchAll(/<D:response><D:href>([^<]*)<\/D:href>/g)].map(([, href]) => href as string);
}

/** The value of a property of WebDAV where it stands first. */
export function valueIn({ text }: DavAnswer, name: string): string | undefined {
  return new RegExp(`<D:${name}>(.*?)</D:${name}>`).exec(text)?.[1];
}

/** Status of an answer. */
export async function statusOf(answer: Promise<DavAnswer>): Promise<number> {
  return (await answer).status;
}

/** The body of LOCK. */
export function lockInfo(scope = 'exclusive'): string {
  const owner = '<D:owner><D:href>somebody &amp; co</D:href></D:owner>';
  return `<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype>${owner}</D:lockinfo>`;
}

/** The body of PROPPATCH. */
export function propertyUpdate(inner: string): string {
  return `<D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:">${inner}</D:propertyupdate>`;
}

/** A part of it that sets properties. */
export function setting(inner: string): string {
  return `<D:set><D:prop>${inner}</D:prop></D:set>`;
}

/** A new key of the node, as a password. */
export async function keyOf(node: Pick<TestNode, 'api'>, wanted: KeyRequest): Promise<string> {
  return (await node.api('/keys', { json: wanted })).json<MadeKey>().token;
}

/** Many small files at once, by the API. */
export async function fill({ node }: Pick<TestNode, 'node'>, folder: string, count: number): Promise<void> {
  const form = new FormData();
  for (let at = 0; at < count; at++)
    form.append('file', new Blob([`${at}`]), `${folder}/${String(at).padStart(4, '0')}.txt`);
  const headers = { authorization: `Bearer ${node.token}` };
  const stored = await fetch(`${node.url}api/v1/files`, { method: 'POST', body: form, headers });
  if (stored.status !== 207) throw new Error(`${stored.status} for a form of ${count} files`);
  await stored.arrayBuffer();
}
