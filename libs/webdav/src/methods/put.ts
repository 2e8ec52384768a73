import type { FileInfo } from '@dfs/contracts';
import { announcedFile, etagOf, goneSignal, requestBody, type Files } from '@dfs/files';
import { isDfsError } from '@dfs/runtime';
import { answer, changeOf, requireFolder, type Call } from '../http/call.js';
import { notAllowed } from '../http/not-allowed.js';
import { announcedMtime } from '../http/dav-headers.js';
import type { Locks } from '../locks/locks.js';
import { outliving, withMtime } from '../properties/kept.js';
import { requireChangeable, type Resources } from '../read/resources.js';
import { wantedOf } from './wanted.js';

/** The parts by which something is changed. */
export interface Changing<F extends keyof Files> {
  files: Pick<Files, F>;
  resources: Resources;
  locks: Locks;
}

/**
 * Stores the body as a file, as the API does. The folder for it must be there; properties of a file that is written over stay.
 * @throws DfsError `method-not-allowed` for a folder, `path-taken` without a folder, `locked`; as `upload` of files
 */
export async function put(
  call: Call,
  { files, resources, locks }: Changing<'upload' | 'changeAttributes'>,
): Promise<void> {
  const { request, response, caller, address, holder } = call;
  const { attributes, ...announced } = announcedFile(request);
  const mtime = announcedMtime(request.headers);
  const said = { ...(mtime === undefined ? {} : { mtime }), ...attributes };
  const found = await resources.find(caller, address);
  if (found.kind === 'folder' || address.isFolder) {
    throw notAllowed(response, 'folder', 'There is a folder at this address, which takes no bytes: make files in it.');
  }
  requireChangeable(caller, address.path);
  if (found.kind === 'nothing') await requireFolder(caller, resources, address.path);
  const end = locks.begin([changeOf(address.path, { changesFolder: found.kind === 'nothing' })], holder);
  try {
    const { outcome, file } = await files.upload({
      path: address.path,
      ...announced,
      body: requestBody(request),
      attributes: { ...(found.kind === 'file' ? outliving(found.entry.attributes) : {}), ...said },
      ...wantedOf(call, found),
      signal: goneSignal(response),
    });
    response.setHeader('ETag', etagOf(file.contentId));
    const timed = mtime === undefined ? undefined : await withTime(files, file, mtime);
    response.setHeader('X-DFS-Version', timed ?? file.version);
    if (timed !== undefined) response.setHeader('X-OC-Mtime', 'accepted');
    answer(response, outcome === 'created' ? 201 : 204);
  } finally {
    end();
  }
}

/**
 * Over equal bytes another time alone is no version; a client that syncs would send them again and again.
 * @returns the version that has the time; undefined where other bytes have come since, or the file has gone: those that were sent are
 * stored all the same
 */
async function withTime(
  files: Pick<Files, 'changeAttributes'>,
  file: FileInfo,
  mtime: number,
): Promise<string | undefined> {
  if (file.mtime !== undefined && Date.parse(file.mtime) === mtime) return file.version;
  try {
    const want = { ifMatch: [file.contentId] };
    return (await files.changeAttributes(file.id, (before) => withMtime(before, mtime), want)).recordId;
  } catch (error) {
    if (isDfsError(error, 'precondition-failed') || isDfsError(error, 'file-not-found')) return undefined;
    throw error;
  }
}
