import { sees, type Caller, type Preconditions } from '@dfs/files';
import { DfsError, type Timers } from '@dfs/runtime';
import { answer, changeOf, requireFolder, type Call } from '../http/call.js';
import { depthOf, destinationOf, overwriteOf } from '../http/dav-headers.js';
import type { Address } from '../http/address.js';
import { refuseBody } from '../http/read-xml.js';
import { isBeneath, type Change } from '../locks/locks.js';
import { requireChangeable, type Found, type Resource } from '../read/resources.js';
import { ended, keepFolder } from './outcome.js';
import type { Changing } from './put.js';
import { asItIs, requireWanted } from './wanted.js';

type Parts = Changing<'move' | 'copy' | 'putOver' | 'remove' | 'folders' | 'acts' | 'find'> & {
  timers: Pick<Timers, 'sleep'>;
};
type Does = 'copy' | 'move';

/**
 * Copies or moves a file, or a folder with all that is in it as one act, without a byte on its way. Something that is at the
 * destination is replaced: a file by a new version of it, a folder is deleted in the same act.
 * @throws DfsError `file-not-found`, `foreign-destination`, `precondition-failed` where nothing may be replaced, `path-taken`
 * without a folder for it, `forbidden`, `conflict`, `locked`, `mass-deletion`; as commit
 */
export async function relocate(does: Does, call: Call, parts: Parts): Promise<void> {
  const { request, response, caller, address, holder } = call;
  const { resources, locks, files } = parts;
  refuseBody(request);
  const to = destinationOf(request);
  const mayReplace = overwriteOf(request.headers);
  const source = await resources.require(caller, address);
  const isShallow = depthOf(request.headers, does === 'copy' ? ['0', 'infinity'] : ['infinity'], 'infinity') === '0';
  requireMovable(does, caller, source);
  requireChangeable(caller, to.path);
  const want = requireWanted(call, source);
  refuseNested(source.path, to.path);
  const target = await resources.find(caller, targetOf(source, to));
  if (target.kind !== 'nothing' && !mayReplace) {
    throw new DfsError(
      'precondition-failed',
      'There is something at the destination already, and it may not be replaced.',
    );
  }
  if (target.kind === 'nothing') await requireFolder(caller, resources, to.path);
  const end = locks.begin(changesOf(does, source, target), holder);
  let isDone: boolean;
  try {
    isDone = await place(does, call, parts, { source, target, isShallow, want });
    if (does === 'move') locks.dropBeneath(source.path);
    // A lock on a file holds its next version too.
    if (target.kind === 'folder') locks.dropBeneath(target.path);
    if (does === 'move') await keepFolder(files, caller, source.path);
  } finally {
    end();
  }
  answer(response, isDone ? (target.kind === 'nothing' ? 201 : 204) : 202);
}

/** @returns whether it is done, rather than going on behind the answer */
async function place(
  does: Does,
  { caller }: Call,
  { files, timers }: Parts,
  { source, target, isShallow, want }: { source: Found; target: Resource; isShallow: boolean; want: Preconditions },
): Promise<boolean> {
  const { path } = target;
  if (source.kind === 'folder' && isShallow) {
    let isGone = true;
    if (target.kind === 'file') await files.remove(target.entry.fileId, { by: caller, ...asItIs(target) });
    if (target.kind === 'folder') isGone = await ended(await files.folders.remove(path, false, caller), files, timers);
    await files.folders.make(path);
    return isGone;
  }
  if (target.kind !== 'nothing' && (source.kind === 'folder' || target.kind === 'folder')) {
    return ended(await files.folders.replace(does, source.path, path, caller), files, timers);
  }
  if (source.kind === 'folder') return ended(await files.folders[does](source.path, path, caller), files, timers);
  if (target.kind === 'file') await files.putOver(does, source.entry.fileId, path, want);
  else if (does === 'copy') await files.copy(source.entry.fileId, path, want);
  else await files.move(source.entry.fileId, path, want);
  return true;
}

/** A source that leaves its place must be the caller's to change; that of a copy need only be seen, whole. */
function requireMovable(does: Does, caller: Caller, source: Found): void {
  const isWhole = source.kind === 'folder' && source.path !== '' && !source.isWay && sees(caller, `${source.path}/`);
  if (isWhole || (source.kind === 'file' && does === 'copy')) return;
  requireChangeable(caller, source.path);
}

/** The name of a folder may come without its slash; a file has none. */
function targetOf(source: Found, to: Address): Address {
  return { path: to.path, isFolder: to.isFolder && source.kind === 'folder' };
}

function changesOf(does: Does, source: Found, target: Resource): Change[] {
  const there = changeOf(target.path, { isDeep: true, changesFolder: target.kind === 'nothing' });
  return does === 'copy' ? [there] : [changeOf(source.path, { isDeep: true, changesFolder: true }), there];
}

/** @throws DfsError `forbidden` */
function refuseNested(path: string, target: string): void {
  if (!isBeneath(path, target) && !isBeneath(target, path)) return;
  throw new DfsError(
    'forbidden',
    path === target
      ? 'Source and destination are the same: nothing was changed.'
      : 'One of source and destination lies in the other: choose another destination.',
  );
}
