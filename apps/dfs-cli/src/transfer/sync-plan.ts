import type { FileInfo } from '@dfs/client';
import type { LocalFile } from './local-files.js';

/** The work of a sync, and the number of files it may leave alone. */
export interface SyncPlan {
  /** New here, or of another size or time. `maybe`: of another time alone, so that the bytes may be the same. */
  readonly send: { local: LocalFile; path: string; maybe?: FileInfo }[];
  /** In the network and not here. */
  readonly gone: FileInfo[];
  readonly same: number;
}

/**
 * The steps that make a folder of the network like a directory of this machine. A file is the same where size and mtime
 * are, to the
 * millisecond that a record keeps.
 * @param prefix the folder; empty for all, else with a slash at its end
 */
export function planSync(locals: readonly LocalFile[], remotes: readonly FileInfo[], prefix: string): SyncPlan {
  const there = new Map(remotes.map((file) => [file.path, file]));
  const plan: { send: SyncPlan['send']; gone: FileInfo[]; same: number } = { send: [], gone: [], same: 0 };
  for (const found of locals) {
    const path = (prefix + found.relative).normalize('NFC');
    const remote = there.get(path);
    there.delete(path);
    const local = keeping(found, remote);
    if (remote === undefined || remote.size !== local.size) plan.send.push({ local, path });
    else if (isSame(local, remote)) plan.same++;
    else plan.send.push({ local, path, maybe: remote });
  }
  plan.gone.push(...there.values());
  return plan;
}

/** A file that does not say here whether it is executable stays in the network what it is. */
function keeping(local: LocalFile, remote: FileInfo | undefined): LocalFile {
  return local.executable === undefined ? { ...local, executable: remote?.executable === true } : local;
}

function isSame(local: LocalFile, remote: FileInfo): boolean {
  const isExecutable = remote.executable === true;
  return remote.mtime !== undefined && Date.parse(remote.mtime) === local.mtime && isExecutable === local.executable;
}
