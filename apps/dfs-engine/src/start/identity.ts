import { stat } from 'node:fs/promises';
import type { Database } from '@dfs/database';
import { readNetworkFile } from '@dfs/peers';
import { DfsError } from '@dfs/runtime';
import { loadIdentity, type Identity } from '@dfs/transport';
import type { DataDir } from './data-dir.js';
import { SettingEntity } from '../node/setting.entity.js';

/** Key of `engine_setting`: the peer id of the node whose database this is. */
const OWNER = 'peerId';

/**
 * The identity of the node, made at its first start. A node whose key alone is gone gets no new one: to the other members
 * it would be a stranger, and its own database would take it for a removed member.
 * @throws DfsError `not-ready` when the key is missing though the directory was in use, or cannot be used
 */
export async function openIdentity(dataDir: DataDir): Promise<Identity> {
  const { identityFile, databaseFile, networkFile } = dataDir;
  if (!(await exists(identityFile)) && ((await exists(databaseFile)) || (await exists(networkFile)))) {
    const known = await readNetworkFile(networkFile).catch(() => undefined);
    const node = known ? `the node ${known.peerId}` : 'this node';
    throw new DfsError(
      'not-ready',
      `The key of ${node} is missing: ${identityFile} is not there, and the rest of the data directory belongs to it. Put ` +
        'the key back from a copy. If it is lost for good, start a new node in an empty DFS_DATA_DIR, and invite it.',
    );
  }
  return loadIdentity(identityFile);
}

/**
 * Sees that the database belongs to the node with this key; a new one does from now on.
 * @throws DfsError `not-ready` when it is that of another node
 */
export async function requireOwner(db: Database, peerId: string, { identityFile }: DataDir): Promise<void> {
  const owner = await db.write(async (tx) => {
    const settings = tx.repository(SettingEntity);
    const known = await settings.findOne({ key: OWNER });
    if (!known) await settings.insert({ key: OWNER, value: peerId });
    return known?.value ?? peerId;
  });
  if (owner === peerId) return;
  throw new DfsError(
    'not-ready',
    `The database is that of the node ${owner}, and ${identityFile} is the key of the node ${peerId}: put back the key ` +
      `of ${owner}, or start the node ${peerId} with its own data directory.`,
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
