import { DfsError } from '@dfs/runtime';
import type { Catalogue } from '../catalogue.js';
import type { JoinPlan, NetworkChanges } from '../ports.js';

/**
 * Consequences of a change of network, or of its members, for the catalogue: the files of a node that was alone come
 * along
 * if it may write where it goes, its records of the old network go in the unit of work in which it changes, and a
 * removal names the last record of the member removed.
 */
export function followNetwork(
  peers: Partial<NetworkChanges>,
  catalogue: Catalogue,
  { forgotten, entered }: { forgotten: () => void; entered: () => void },
): void {
  const { imports } = catalogue;
  peers.beforeJoin?.((plan) => refuseWithFiles(catalogue, plan));
  peers.setLastRecordOf?.((peerId) => catalogue.lastRecord(peerId));
  peers.onNetworkChanged?.(async (tx, from, to, role) => {
    tx.afterCommit(entered);
    // Back in the network it was removed from, or whose membership it lost: what it has is of that network.
    if (from === to) return;
    const files = await imports.keep(tx);
    if (files > 0 && role === 'storage') throw mayNotWrite(files);
    await catalogue.forget(tx);
    tx.afterCommit(forgotten);
    if (files > 0) tx.afterCommit(() => imports.begin());
  });
  peers.afterJoin?.(() => imports.settled());
}

async function refuseWithFiles(catalogue: Catalogue, { networkId, role, alone }: JoinPlan): Promise<void> {
  if (networkId === catalogue.networkId) return;
  const { count } = await catalogue.totals();
  if (count > 0 && !alone) throw ofAnotherNetwork(count);
  const files = count + (await catalogue.imports.count());
  if (files > 0 && role === 'storage') throw mayNotWrite(files);
}

function ofAnotherNetwork(files: number): DfsError {
  return new DfsError(
    'has-files',
    `This node has ${numbered(files)} of the network it was removed from, which would not come along: ` +
      'join with a new, empty data directory, or have an owner of that network invite this node again.',
    { facts: { files } },
  );
}

function mayNotWrite(files: number): DfsError {
  return new DfsError(
    'has-files',
    `This node has ${numbered(files)} of its own, and the invite makes it one that only holds data for others and may ` +
      'not bring files along: ask for an invite as a member, or delete the files here first.',
    { facts: { files } },
  );
}

function numbered(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}
