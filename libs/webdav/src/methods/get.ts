import { makeInert, sendContent, type Files } from '@dfs/files';
import type { Call } from '../http/call.js';
import { notAllowed } from '../http/not-allowed.js';
import type { Resources } from '../read/resources.js';

/**
 * The bytes of a file, or what HEAD tells of them, as the API sends them: conditions, ranges, verified bytes.
 * @throws DfsError `file-not-found`, `method-not-allowed` for a folder; as `sendContent`
 */
export async function get(call: Call, files: Pick<Files, 'open'>, resources: Resources): Promise<void> {
  const { request, response, caller, address } = call;
  makeInert(response);
  const found = await resources.require(caller, address);
  if (found.kind === 'folder') {
    throw notAllowed(
      response,
      'folder',
      'This is a folder: connect to the address with a WebDAV client, which lists it by PROPFIND.',
    );
  }
  await sendContent(request, response, await files.open(found.entry.fileId));
}
