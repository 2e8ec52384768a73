import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { MemberRole } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { ContentsHere, Placement } from '@dfs/placement';
import type { Clock, Log, Timers, Unsubscribe } from '@dfs/runtime';
import type { DiskTraits, RootDisk } from '../disk/root-disk.js';

/** The layers below, as far as live folders use them. */
export interface LiveFoldersComponents {
  db: Pick<Database, 'query' | 'write'>;
  catalogue: Pick<Catalogue, 'networkId' | 'writable' | 'commit' | 'folders' | 'onChange'>;
  chunks: Pick<ChunkStore, 'batch' | 'requireRoom'>;
  placement: Pick<Placement, 'pinLocal' | 'fetch' | 'standings'> & {
    readonly here: Pick<ContentsHere, 'small' | 'blocks'>;
  };
  events: Pick<EventLog, 'record' | 'recordNow'>;
  membership: { self(): { readonly role: MemberRole }; onChange(fn: () => void): Unsubscribe };
  sync: SyncView;
  /** The disk of a root, by its absolute path: one for each, until it is closed. `traits`: as it was probed when it was bound. */
  openDisk(root: string, traits?: DiskTraits): RootDisk;
  clock: Clock;
  timers: Timers;
  log: Log;
}

/** Whether this node knows what the others know. */
export interface SyncView {
  /** It has compared its records with those of a live member since its start or its last wake, or it is alone in its network. */
  isSynced(): boolean;
  /** That has become so: not each comparison is told. */
  onSynced(fn: () => void): Unsubscribe;
  /** After each comparison with a member: it is there. */
  onCompared(fn: () => void): Unsubscribe;
}
