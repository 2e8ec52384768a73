import { DfsError } from '@dfs/protocol';
import type { Catalogue } from '../catalogue.js';
import type { NetworkChanges } from '../interfaces.js';

/**
 * What a change of network, or of its members, means for the catalogue: a node with files of its own may not join
 * another network, its records of the old one go in the unit of work in which it changes, and a removal names the last
 * record of the member removed.
 */
export function followNetwork(peers: Partial<NetworkChanges>, catalogue: Catalogue, forgotten: () => void): void {
  peers.beforeJoin?.((networkId) => refuseWithFiles(catalogue, networkId));
  peers.setLastRecordOf?.((peerId) => catalogue.lastRecord(peerId));
  peers.onNetworkChanged?.(async (tx, from, to) => {
    // Back in the network it was removed from: what it has is of that network.
    if (from === to) return;
    await catalogue.forget(tx);
    tx.afterCommit(forgotten);
  });
}

async function refuseWithFiles(catalogue: Catalogue, networkId: string | undefined): Promise<void> {
  if (networkId === catalogue.networkId) return;
  const { count } = await catalogue.totals();
  if (count === 0) return;
  throw new DfsError(
    'has-files',
    `This node has ${count} ${count === 1 ? 'file' : 'files'} of its own, which would not come along: download and delete them first, ` +
      'or join with a new, empty data directory.',
    { facts: { files: count } },
  );
}
