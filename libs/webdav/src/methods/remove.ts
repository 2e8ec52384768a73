import { sees } from '@dfs/files';
import { DfsError, type Timers } from '@dfs/runtime';
import { answer, changeOf, type Call } from '../http/call.js';
import { depthOf } from '../http/dav-headers.js';
import { refuseBody } from '../http/read-xml.js';
import { requireChangeable } from '../read/resources.js';
import { ended, keepFolder } from './outcome.js';
import type { Changing } from './put.js';
import { requireWanted } from './wanted.js';

/**
 * Deletes a file, or a folder with all that is in it as one act.
 * @throws DfsError `file-not-found`, `locked`, `mass-deletion`; as commit
 */
export async function remove(
  call: Call,
  { files, resources, locks }: Changing<'remove' | 'folders' | 'acts' | 'find'>,
  timers: Pick<Timers, 'sleep'>,
): Promise<void> {
  const { request, response, caller, address, holder } = call;
  depthOf(request.headers, ['infinity'], 'infinity');
  refuseBody(request);
  const found = await resources.require(caller, address);
  const { path } = found;
  const isWhole = found.kind === 'folder';
  if (isWhole && path !== '' && sees(caller, `${path}/`)) refuseWay(found.isWay);
  else requireChangeable(caller, path);
  const want = requireWanted(call, found);
  const end = locks.begin([changeOf(path, { isDeep: true, changesFolder: true })], holder);
  let isDone = true;
  try {
    if (found.kind === 'file') {
      await files.remove(found.entry.fileId, { by: caller, ...want });
    } else {
      isDone = await ended(await files.folders.remove(path, false, caller), files, timers);
    }
    locks.dropBeneath(path);
    await keepFolder(files, caller, path);
  } finally {
    end();
  }
  answer(response, isDone ? 204 : 202);
}

function refuseWay(isWay: true | undefined): void {
  if (isWay) throw new DfsError('forbidden', 'This folder itself cannot be changed here: change what is in it.');
}
