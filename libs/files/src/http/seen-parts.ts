import { normalisePath } from '@dfs/protocol';
import type { UploadPart } from '../write/upload-many.js';
import { noSuchPath, sees, type Caller } from './caller.js';

/** A file that goes where the caller sees nothing is refused, file by file. */
export async function* seenParts(caller: Caller, parts: AsyncIterable<UploadPart>): AsyncGenerator<UploadPart> {
  for await (const part of parts) {
    const isSeen = caller.prefix === '' || isPathSeen(caller, part.path);
    yield isSeen ? part : { ...part, refused: noSuchPath() };
  }
}

/** One that can be no path is refused for that. */
function isPathSeen(caller: Caller, path: string): boolean {
  try {
    return sees(caller, normalisePath(path));
  } catch {
    return true;
  }
}
