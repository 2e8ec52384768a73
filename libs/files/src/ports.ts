import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { FoundContents, Placement } from '@dfs/placement';
import type { Purge } from '@dfs/purge';
import type { Transfers } from '@dfs/transfer';
import type { Clock, Log, Timers } from '@dfs/runtime';

// The layers below, as far as files uses them.

/** Reads what the network's files are. */
export type CatalogueReader = Pick<
  Catalogue,
  | 'networkId'
  | 'get'
  | 'getMany'
  | 'byPath'
  | 'list'
  | 'listPages'
  | 'level'
  | 'versions'
  | 'version'
  | 'totals'
  | 'purged'
  | 'voids'
  | 'conditions'
  | 'folders'
  | 'onChange'
>;
/** Writes new versions of them. */
export type CatalogueWriter = CatalogueReader &
  Pick<
    Catalogue,
    'writable' | 'refuseTaken' | 'commit' | 'commitEach' | 'restore' | 'choose' | 'copy' | 'move' | 'adopt'
  >;

/** Where contents are, and how to get at them. */
export type ContentPlacement = Pick<
  Placement,
  | 'pinLocal'
  | 'offered'
  | 'fetch'
  | 'replication'
  | 'standings'
  | 'chunkList'
  | 'holders'
  | 'isPromised'
  | 'isHad'
  | 'keepAgain'
  | 'letGoOf'
  | 'states'
  | 'repair'
  | 'keep'
  | 'kept'
  | 'free'
> & {
  readonly transfers: Pick<Transfers, 'track' | 'get'>;
  readonly found: Pick<FoundContents, 'list' | 'get' | 'firstBytes' | 'keep' | 'drop'>;
};

/** The one that asks for a change. */
export interface Asker {
  /** Id of the API key; null for the node's own token, and for the sessions of browsers. */
  readonly key: string | null;
  /** Where the network of this one ends: the folder `photos/`, or nothing where it sees all of it. */
  readonly prefix: string;
}

/** Those who may do everything. */
export const NODE_ASKS: Asker = { key: null, prefix: '' };

/** The parts that the facade is made of. */
export interface FilesComponents {
  db: Pick<Database, 'query' | 'repository' | 'write'>;
  chunks: Pick<ChunkStore, 'batch' | 'requireRoom' | 'get'>;
  catalogue: CatalogueWriter;
  placement: ContentPlacement;
  /** How far the members have purged what was deleted; and a run that somebody waits for. */
  purges: Pick<Purge, 'progress' | 'soon'>;
  /** Names of members and former members; undefined where none is known. */
  nameOf(peerId: string): string | undefined;
  /** Of this node. */
  peerId: string;
  /** Folder of small pictures of images, made when there is one. */
  thumbnailsDir: string;
  events: Pick<EventLog, 'tell'>;
  /** By which the pace of deletions is measured; the running time of the process when left out. */
  clock?: Clock;
  /** By which acts wait; those of the process when left out. */
  timers?: Timers;
  log?: Log;
}
