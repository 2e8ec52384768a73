import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { FactoryProvider } from '@nestjs/common';
import { Catalogue } from '@dfs/catalogue';
import { ChunkStore, MAX_RESERVE_BYTES } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { EventLog } from '@dfs/events';
import { LiveFolders, openChildDisk, usualRoot } from '@dfs/live-folders';
import { Membership } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { FOUNDATION, type Foundation } from '../modules/tokens.js';
import { grantedRoots } from './granted-roots.js';
import { Synced } from './synced.js';

/** Composes the live folders of the node. */
export const liveFolders: Pick<FactoryProvider<LiveFolders>, 'useFactory' | 'inject'> = {
  useFactory: async (
    { config, dataDir, logger: log, clock, timers }: Foundation,
    db: Database,
    events: EventLog,
    chunks: ChunkStore,
    membership: Membership,
    catalogue: Catalogue,
    sync: Synced,
    placement: Placement,
  ) => {
    const home = await resolved(homedir());
    const allowed = await Promise.all((config.folderRoots ?? [usualRoot(home)]).map(resolved));
    return new LiveFolders(
      {
        ...{ db, events, chunks, membership, catalogue, sync, placement, clock, timers, log },
        openDisk: (root, traits) =>
          openChildDisk({ root, reserveBytes: MAX_RESERVE_BYTES, timers, log, ...(traits && { traits }) }),
      },
      {
        roots: { allowed, home, dataDir: await resolved(dataDir.path) },
        resolve: (root) => realpath(root),
        granted: () => grantedRoots(dataDir.folderRootsFile),
      },
    );
  },
  inject: [FOUNDATION, Database, EventLog, ChunkStore, Membership, Catalogue, Synced, Placement],
};

/** Without links, where it is there; as it is where it is not yet. */
function resolved(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
