import type { Request, Response } from 'express';
import { etagOf, type Caller } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import type { Change, Holder, Locks } from '../locks/locks.js';
import { folderOf } from '../locks/locks.js';
import type { Resource, Resources } from '../read/resources.js';
import { addressOfUri, type Address } from './address.js';
import { holds, parseIf, tokensShown, type IfFacts, type IfList } from './if-header.js';

/** A request, as far as all methods look at it alike. */
export interface Call {
  request: Request;
  response: Response;
  caller: Caller;
  address: Address;
  /** Where the application stands. */
  base: string;
  /** Of the header `If`; none where there is none. */
  conditions: readonly IfList[];
  /** The one who asks, with the lock tokens of the request. */
  holder: Holder;
}

/** The facts of a request that its header tells. @throws DfsError `bad-request` */
export function lockFacts({ request, caller }: Pick<Call, 'request' | 'caller'>): Pick<Call, 'conditions' | 'holder'> {
  const header = request.headers['if'];
  const conditions = header === undefined ? [] : parseIf(String(header));
  return { conditions, holder: { key: caller.key, tokens: tokensShown(conditions) } };
}

/**
 * Holds the header `If` against what there is.
 * @throws DfsError `precondition-failed`
 */
export async function requireConditions(call: Call, resources: Resources, locks: Locks): Promise<void> {
  const { conditions, caller, address, request } = call;
  if (conditions.length === 0) return;
  const known = new Map<string | undefined, Promise<IfFacts>>();
  const factsOf = (uri: string | undefined): Promise<IfFacts> => {
    const facts = known.get(uri) ?? factsAt(uri === undefined ? address : addressOfUri(uri, request), call);
    known.set(uri, facts);
    return facts;
  };
  const factsAt = async (at: Address | undefined, { holder }: Call): Promise<IfFacts> => {
    if (at === undefined) return { tokens: new Set(), tag: undefined };
    const tokens = locks.covering(at.path).filter(({ key }) => key === holder.key);
    const found = await resources.find(caller, at);
    return { tokens: new Set(tokens.map(({ token }) => token)), tag: tagOf(found) };
  };
  if (await holds(conditions, factsOf)) return;
  throw new DfsError(
    'precondition-failed',
    'What the header If asks for does not hold: the lock has ended, or the file is another one. Read it again.',
  );
}

function tagOf(found: Resource): string | undefined {
  return found.kind === 'file' ? etagOf(found.entry.contentId).slice(1, -1) : undefined;
}

/** The change of a file or folder, by which its folder gets or loses a member where it comes or goes. */
export function changeOf(path: string, { isDeep = false, changesFolder = false } = {}): Change {
  return { path, isDeep, changesFolder };
}

/**
 * Before something is made at a path: the folder for it must be there.
 * @throws DfsError `path-taken` where a file is in its place or it is missing
 */
export async function requireFolder(caller: Caller, resources: Resources, path: string): Promise<void> {
  const above = folderOf(path);
  const found = await resources.find(caller, { path: above, isFolder: true });
  if (found.kind === 'folder') return;
  throw new DfsError(
    'path-taken',
    found.kind === 'file'
      ? `${above} is a file, so nothing can be in a folder of that name.`
      : `There is no folder ${above}: make it first.`,
  );
}

/** Answers without a body. */
export function answer(response: Response, status: number): void {
  response.status(status);
  response.setHeader('Content-Length', 0);
  response.end();
}

/** Answers with XML. */
export function answerXml(response: Response, status: number, xml: string): void {
  const body = Buffer.from(xml);
  response.status(status);
  response.setHeader('Content-Type', XML_TYPE);
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

/** Media type of answers. */
export const XML_TYPE = 'application/xml; charset=utf-8';
