import type { Response } from 'express';
import { DfsError, invalidField } from '@dfs/runtime';
import { answer, answerXml, changeOf, requireFolder, type Call } from '../http/call.js';
import { depthOf, lockTimeOf, lockTokenOf } from '../http/dav-headers.js';
import { refuseBody, readXml } from '../http/read-xml.js';
import type { Lock, Locks } from '../locks/locks.js';
import { lockDiscovery, type Surroundings } from '../properties/live.js';
import { mayChange, requireChangeable } from '../read/resources.js';
import { childrenNamed, childrenXml, davDocument, type XmlElement } from '../xml/element.js';
import type { Changing } from './put.js';

/**
 * Takes a lock, or has one hold on. Where there is nothing, an empty file is made, which the lock holds.
 * @throws DfsError `locked`, `bad-request`, `path-taken` without a folder; `precondition-failed` for a lock that has ended
 */
export async function lock(call: Call, parts: Changing<'upload'>, around: Surroundings): Promise<void> {
  const { request, response, caller, address, holder } = call;
  const { locks } = parts;
  const time = lockTimeOf(request.headers);
  const depth = depthOf(request.headers, ['0', 'infinity'], 'infinity');
  const body = await readXml(request);
  if (body === undefined) {
    if (holder.tokens.size === 0) throw invalidField('If', 'must name the lock that is to hold on');
    return tell(response, 200, locks.refresh(address.path, holder, time), around);
  }
  const wanted = wantedOf(body);
  const found = await parts.resources.find(caller, address);
  if (found.kind !== 'folder' || !mayChange(caller, `${found.path}/`)) requireChangeable(caller, address.path);
  const isDeep = depth === 'infinity' && found.kind === 'folder';
  if (found.kind === 'nothing') {
    if (address.isFolder) throw new DfsError('file-not-found', 'There is no folder at this address: make it first.');
    await requireFolder(caller, parts.resources, address.path);
    // As of any other file that comes to a folder.
    locks.begin([changeOf(address.path, { changesFolder: true })], holder)();
  }
  const taken = locks.take({ path: address.path, isDeep, ...wanted, key: caller.key, time });
  if (found.kind === 'nothing') await makeEmpty(call, parts, taken);
  response.setHeader('Lock-Token', `<${taken.token}>`);
  tell(response, found.kind === 'nothing' ? 201 : 200, taken, around);
}

/** Ends a lock. @throws DfsError `conflict` for one that has ended, `forbidden` for one of another key */
export function unlock({ request, response, caller, address }: Call, locks: Locks): void {
  refuseBody(request);
  locks.release(address.path, lockTokenOf(request.headers), caller.key);
  answer(response, 204);
}

async function makeEmpty({ address, caller }: Call, { files, locks }: Changing<'upload'>, taken: Lock): Promise<void> {
  try {
    await files.upload({ path: address.path, body: nothing(), size: 0, ifNoneMatch: '*' });
  } catch (error) {
    locks.release(taken.path, taken.token, caller.key);
    throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** @throws DfsError `bad-request` */
function wantedOf(body: XmlElement): Pick<Lock, 'scope' | 'owner'> {
  const isLock = body.namespace === 'DAV:' && body.name === 'lockinfo';
  const scopes = childrenNamed(body, 'lockscope');
  const types = childrenNamed(body, 'locktype');
  const [scope] = (['exclusive', 'shared'] as const).filter((one) => scopes.some((in_) => childrenNamed(in_, one)[0]));
  const isWrite = types.some((type) => childrenNamed(type, 'write')[0]);
  if (!isLock || scope === undefined || scopes.length !== 1 || !isWrite) {
    throw new DfsError(
      'bad-request',
      'The body must be a DAV: lockinfo with an exclusive or shared scope and the type write.',
    );
  }
  const [owner] = childrenNamed(body, 'owner');
  return { scope, owner: owner ? childrenXml(owner.children) : '' };
}

function tell(response: Response, status: number, taken: Lock, around: Surroundings): void {
  answerXml(
    response,
    status,
    davDocument('prop', `<D:lockdiscovery>${lockDiscovery([taken], around)}</D:lockdiscovery>`),
  );
}
