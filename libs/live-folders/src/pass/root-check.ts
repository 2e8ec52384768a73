import type { LiveFolderReason } from '@dfs/contracts';
import type { StoredFolder } from '../base/folder-store.js';
import type { RootIdentity } from '../disk/root-disk.js';

/** By which a root is known within one mount: from the first look of this process on. */
export type SessionRoot = Pick<RootIdentity, 'device' | 'fsId'>;

/**
 * Why a root may not be this folder; undefined where all evidence says that it is (rule 1).
 * @param raising whether the marker may still have the epoch before, after a crash between the two
 */
export function doubtOf(
  found: RootIdentity,
  folder: Pick<StoredFolder, 'id' | 'nonce' | 'epoch' | 'identity' | 'probe'>,
  session: SessionRoot | undefined,
  raising: boolean,
): LiveFolderReason | undefined {
  const { marker } = found;
  if (folder.nonce !== null) {
    if (marker === undefined) return 'marker-missing';
    if (marker === 'unreadable' || marker.folderId !== folder.id || marker.nonce !== folder.nonce)
      return 'marker-other';
    const isRaised = marker.epoch === folder.epoch;
    if (!isRaised && !(raising && marker.epoch === folder.epoch - 1)) return 'old-copy';
  } else if (marker !== undefined) return 'marker-other';
  const { identity } = folder;
  if (identity !== undefined) {
    if (identity.fsType !== found.fsType) return 'root-changed';
    if (folder.probe.keepsInodes && identity.inode !== found.inode) return 'root-changed';
  }
  if (session === undefined) return undefined;
  return session.device === found.device && session.fsId === found.fsId ? undefined : 'root-changed';
}

/** The folder does not go on, and why. */
export class FolderStopped extends Error {
  constructor(
    readonly reason: LiveFolderReason,
    readonly detail: string = DETAIL[reason],
  ) {
    super(detail);
    this.name = 'FolderStopped';
  }
}

/** Of a pause that ends by itself. */
export const PAUSED_FOR_A_TIME = 'It was paused for a time: resume it to go on sooner.';

/** A sentence for a person on each reason that has one of its own. */
export const DETAIL: Readonly<Record<LiveFolderReason, string>> = {
  asked: 'It was paused: resume it to go on.',
  'marker-missing':
    'The marker file .dfs-folder is gone from the directory, so it may be another one: see that the right disk is there, or relink.',
  'marker-other': 'The directory has the marker of another folder: see that the right disk is there, or relink.',
  'root-changed':
    'The directory is another one, or on another file system than before: see that the right disk is there, or relink.',
  'old-copy': 'This folder, or the database of this node, was put back from a copy: relink to compare both sides anew.',
  'prefix-gone':
    'Others have removed or moved everything in the network: follow it, empty the folder too, or remove the live folder.',
  'not-synced': 'This node has not compared its records with another member yet: the folder goes on when it has.',
  'read-only-member': 'This node may not write in its network any more: bind the folder to receive only.',
  'rules-unreadable':
    'The .dfsignore in the directory cannot be read, so what it leaves out is not known: make it a readable text of at most 64 KiB, or remove it.',
  'root-missing': 'The directory is not there: see that its disk is connected.',
  'disk-error': 'The disk answers with errors: check it.',
  'disk-hung': 'The disk does not answer.',
  'no-room': 'The disk of the folder is full: make room on it.',
  refused: 'This node may write nothing at the moment.',
};
