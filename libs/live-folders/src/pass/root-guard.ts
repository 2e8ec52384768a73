import type { FolderStore, StoredFolder } from '../base/folder-store.js';
import { isDiskError } from '../disk/disk-error.js';
import type { RootDisk, RootIdentity } from '../disk/root-disk.js';
import type { LiveFoldersComponents } from './ports.js';
import { doubtOf, FolderStopped, type SessionRoot } from './root-check.js';

/** Milliseconds after which a look at the root says nothing any more to a unit of work that signs deletions (rule 1). */
export const FRESH = 1000;
/** The epoch is raised at most so often, in milliseconds. */
const EPOCH_PACE = 60_000;

/** Sees to it that the root is the folder (rule 1). */
export class RootGuard {
  private session: SessionRoot | undefined;
  private lookedAt = -Infinity;
  private raisedAt = -Infinity;

  constructor(
    private readonly parts: Pick<LiveFoldersComponents, 'db' | 'timers'>,
    private readonly store: FolderStore,
    private readonly folder: StoredFolder,
    private readonly disk: Pick<RootDisk, 'identity' | 'writeMarker'>,
    /** The marker may be one behind: a crash came between the two numbers. */
    private raising = folder.raising,
  ) {}

  /** Looks at the root now. @throws FolderStopped @throws DiskError */
  async check(): Promise<RootIdentity> {
    const found = await this.identity();
    const doubt = doubtOf(found, this.folder, this.session, this.raising);
    if (doubt !== undefined) throw new FolderStopped(doubt);
    this.session ??= { device: found.device, fsId: found.fsId };
    this.lookedAt = this.parts.timers.ticks();
    return found;
  }

  /** Whether the last look is so fresh that an absence can be signed. */
  get isFresh(): boolean {
    return this.parts.timers.ticks() - this.lookedAt <= FRESH;
  }

  /** Raises the epoch, of the database and then of the marker, before something is signed or written. */
  async raise(): Promise<void> {
    const { nonce, id } = this.folder;
    const isDue = this.parts.timers.ticks() - this.raisedAt >= EPOCH_PACE || this.raising;
    if (nonce === null || !isDue) return;
    if (!this.raising) {
      this.folder.epoch += 1;
      await this.save(true);
    }
    await this.disk.writeMarker({ folderId: id, nonce, epoch: this.folder.epoch });
    // Into an empty mount point, where the disk went meanwhile: then the old number stands on the disk still.
    await this.check();
    await this.save(false);
    this.raisedAt = this.parts.timers.ticks();
  }

  private async save(raising: boolean): Promise<void> {
    this.raising = raising;
    this.folder.raising = raising;
    await this.parts.db.write((tx) => this.store.save(tx, this.folder));
  }

  private async identity(): Promise<RootIdentity> {
    try {
      return await this.disk.identity();
    } catch (error) {
      if (isDiskError(error, 'ENOENT', 'ENOTDIR')) throw new FolderStopped('root-missing');
      throw error;
    }
  }
}
