import { DfsError } from '@dfs/runtime';
import { answer, changeOf, requireFolder, type Call } from '../http/call.js';
import { refuseBody } from '../http/read-xml.js';
import { requireChangeable } from '../read/resources.js';
import type { Changing } from './put.js';

/** Makes an empty folder. */
export async function mkcol(call: Call, { files, resources, locks }: Changing<'folders'>): Promise<void> {
  const { request, response, caller, address, holder } = call;
  refuseBody(request);
  const { path } = address;
  if ((await resources.find(caller, { path, isFolder: false })).kind !== 'nothing') throw isThere();
  requireChangeable(caller, path);
  await requireFolder(caller, resources, path);
  const end = locks.begin([changeOf(path, { changesFolder: true })], holder);
  try {
    const { created } = await files.folders.make(path);
    if (!created) throw isThere();
    answer(response, 201);
  } finally {
    end();
  }
}

function isThere(): DfsError {
  return new DfsError('method-not-allowed', 'There is a file or folder at this address already: choose another name.');
}
