import { homedir } from 'node:os';
import { win32 } from 'node:path';
import type { Platform } from '@dfs/runtime';

/**
 * The doubt about who may read a data directory, in a sentence for people; undefined where there is none. Elsewhere the node
 * makes its files for their owner alone. On Windows they are open to whoever the folder is open to, and that is its owner
 * alone for what is in the folder of a user.
 * @param home folder of the user who runs the node
 */
export function exposureOf(
  dataDir: string,
  platform: Platform = process.platform,
  home: string = homedir(),
): string | undefined {
  if (platform !== 'win32') return undefined;
  const inside = win32.relative(win32.resolve(home), win32.resolve(dataDir));
  if (inside !== '..' && !inside.startsWith('..\\') && !win32.isAbsolute(inside)) return undefined;
  return (
    `The data directory ${dataDir} is not in your own folder ${home}: other users of this machine may be able to read the ` +
    'key and the token of this node there. Move it into your folder, or take their access away (docs/install.md says how).'
  );
}
