import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders of a project of the workspace and of all that it depends on. The working directory is the root of the workspace.
 * @param {string} folder
 * @param {Set<string>} found
 * @returns {Set<string>}
 */
export function workspaceFolders(folder, found = new Set()) {
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    if (name.startsWith('@dfs/')) workspaceFolders(join('libs', name.slice('@dfs/'.length)), found);
  }
  return found;
}
