import { answer, changeOf, requireFolder, type Call } from '../http/call.js';
import { notAllowed } from '../http/not-allowed.js';
import { refuseBody } from '../http/read-xml.js';
import { requireChangeable } from '../read/resources.js';
import type { Changing } from './put.js';

/** Makes an empty folder. */
export async function mkcol(call: Call, { files, resources, locks }: Changing<'folders'>): Promise<void> {
  const { request, response, caller, address, holder } = call;
  refuseBody(request);
  const { path } = address;
  const isThere = (there: 'file' | 'folder') =>
    notAllowed(response, there, 'There is a file or folder at this address already: choose another name.');
  const { kind } = await resources.find(caller, { path, isFolder: false });
  if (kind !== 'nothing') throw isThere(kind);
  requireChangeable(caller, path);
  await requireFolder(caller, resources, path);
  const end = locks.begin([changeOf(path, { changesFolder: true })], holder);
  try {
    const { created } = await files.folders.make(path);
    if (!created) throw isThere('folder');
    answer(response, 201);
  } finally {
    end();
  }
}
