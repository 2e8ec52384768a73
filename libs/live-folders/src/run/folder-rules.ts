import type { Timers } from '@dfs/runtime';
import type { StoredFolder } from '../base/folder-store.js';
import { isDiskError } from '../disk/disk-error.js';
import { IgnoreRules } from '../disk/ignore/ignore-rules.js';
import type { RootDisk } from '../disk/root-disk.js';
import { LOOKS_APART } from '../disk/root/steadiness.js';
import { FolderStopped } from '../pass/root-check.js';

/** Times that lines which differ from those before are read, until two readings agree. */
const READINGS = 20;

/**
 * Rules for the files that a folder leaves out (rule 7): those of its settings, and of the `.dfsignore` in its root. An editor may
 * be writing that file: lines that differ from those before count when they are read twice. Where they cannot be read there is no
 * pass, since files that they leave out would be taken for files of the folder.
 */
export class FolderRules {
  private lines: readonly string[] | undefined;
  private last: { readonly key: string; readonly rules: IgnoreRules } | undefined;

  constructor(
    private readonly disk: Pick<RootDisk, 'localRules'>,
    private readonly timers: Timers,
  ) {}

  /**
   * @returns the same object as long as the rules are the same; `changed`: the lines of the disk are others than those before
   * @throws FolderStopped `rules-unreadable`
   */
  async read(
    { ignore, probe: { foldsCase } }: Pick<StoredFolder, 'ignore' | 'probe'>,
    signal: AbortSignal,
  ): Promise<{ rules: IgnoreRules; changed: boolean }> {
    const before = this.lines;
    const lines = await this.steady(signal);
    this.lines = lines;
    const changed = before !== undefined && !isSame(before, lines);
    const key = JSON.stringify([foldsCase, ignore, lines]);
    if (this.last?.key !== key)
      this.last = { key, rules: new IgnoreRules({ rules: [...ignore, ...lines], foldsCase }) };
    return { rules: this.last.rules, changed };
  }

  private async steady(signal: AbortSignal): Promise<readonly string[]> {
    let last = this.lines;
    for (let reading = 1; ; reading++) {
      const lines = await this.local();
      if (last !== undefined && isSame(last, lines)) return lines;
      if (reading === READINGS) throw new FolderStopped('rules-unreadable');
      last = lines;
      await this.timers.sleep(LOOKS_APART, signal);
    }
  }

  private async local(): Promise<readonly string[]> {
    try {
      return await this.disk.localRules();
    } catch (error) {
      if (isDiskError(error, 'unreadable')) throw new FolderStopped('rules-unreadable');
      throw error;
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, at) => line === b[at]);
}
