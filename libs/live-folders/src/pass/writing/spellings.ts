import { joinDiskPath, nameOf, parentOf, type DiskPath } from '../../disk/names.js';
import type { Stat } from '../../disk/root-disk.js';
import { byBytes, fold } from '../assemble.js';
import type { PassContext } from '../context.js';
import type { DiskTree } from '../disk-tree.js';
import { isShown } from '../network-tree.js';

/** Rule 11, on a disk that takes different names for the same: directories to which others have given another spelling. */
export class Spellings {
  private byFold: Map<string, string> | undefined;
  private readonly taken = new Set<string>();

  constructor(
    private readonly context: Pick<PassContext, 'disk' | 'network' | 'folder' | 'base'>,
    private readonly tree: Pick<DiskTree, 'directories' | 'directoryName'>,
    /** Files that are removed or moved away by what is done now. */
    private readonly leaving: ReadonlySet<string>,
  ) {}

  /** Some have another spelling since: files in them are where they were not seen. */
  get any(): boolean {
    return this.taken.size > 0;
  }

  /** The directory of this path has another spelling since: it stands there no more. */
  isGone(path: string): boolean {
    return this.taken.has(path);
  }

  /**
   * A directory stands on the disk by a name that is the same as that of a path of the network. It takes the new spelling, with whatever
   * is in it, where the network shows nothing by the old one any more; or where the new one is the one that stands on the disk, and all
   * files of the old one leave it.
   * @returns the old path; undefined where it is not to be, or not any more
   */
  async take(path: string, name: DiskPath): Promise<{ from: string; stat?: Stat } | undefined> {
    const { disk, network, folder } = this.context;
    this.byFold ??= new Map([...this.tree.directories()].map((one) => [fold(one, folder.probe), one]));
    const from = this.byFold.get(fold(path, folder.probe));
    const old = from === undefined ? undefined : this.tree.directoryName(from);
    if (from === undefined || old === undefined || from === path || this.taken.has(from)) return undefined;
    if ((await this.isShown(from)) && !(byBytes(path, from) < 0 && (await this.allLeave(from)))) return undefined;
    // Where the directory above it has another spelling since, the old name of this one is in that.
    const now = joinDiskPath(parentOf(name), nameOf(old));
    if (now === name) {
      this.taken.add(from);
      return { from };
    }
    const done = await disk.respell(now, name, { fileId: network.fileId(from), recordId: NO_RECORD });
    if (done.outcome !== 'respelled') return undefined;
    this.taken.add(from);
    return { from, stat: done.stat };
  }

  private async isShown(path: string): Promise<boolean> {
    const { network } = this.context;
    const shown = [...(await network.of([path])), ...(await network.beneath(path, 1))];
    return shown.some(([, heads]) => isShown(heads));
  }

  private async allLeave(path: string): Promise<boolean> {
    const rows = await this.context.base.beneath(path);
    return rows.every((row) => row.kind === 'directory' || this.leaving.has(row.path));
  }
}

const NO_RECORD = '0'.repeat(64);
