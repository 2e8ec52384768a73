/**
 * A directory on the disk of this node, mirrored both ways with a prefix of the network.
 * Guarantees: no bytes that were not seen are overwritten; a path is absent only where its directory was listed whole; what the
 * node replaces or removes goes to the trash of the folder. Does not: trust an event of the file system, or a clock.
 * Units: bytes, milliseconds; times of files are nanoseconds since 1970.
 */
export { IssueDto as LiveFolderIssueDto } from './http/live-folders.schema.dto.js';
export { LiveFoldersModule } from './live-folders.module.js';
export { LocalRootDisk, type LocalRootDiskOptions } from './disk/local-root-disk.js';
export { NodeFileSystem } from './disk/fs/node-file-system.js';
export type { LiveFoldersOptions } from './directories.js';
export { LiveFolders } from './live-folders.js';
export { isStopped } from './run/failure.js';
export type { LiveFolderStanding } from './run/standing.js';
export type { LiveFoldersComponents, SyncView } from './pass/ports.js';
export { usualRoot, type RootRules } from './roots.js';
export { liveFoldersEntities, liveFoldersMigrations } from './base/schema.js';
export { openChildDisk, type ChildDiskOptions } from './disk/child/child-disk.js';
export { asDiskError, DiskError, isDiskError, type DiskErrorOptions, type OwnDiskCode } from './disk/disk-error.js';
export { isOurs, pathOf, ROOT, showDiskPath, toDiskPath, type DiskPath } from './disk/names.js';
export type {
  DiskTraits,
  Entry,
  Expected,
  Listing,
  Marker,
  RootDisk,
  RootIdentity,
  Staged,
  Stat,
} from './disk/root-disk.js';
