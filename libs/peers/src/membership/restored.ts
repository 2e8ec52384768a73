import type { Database } from '@dfs/database';
import { isDfsError } from '@dfs/runtime';
import { readMembershipRecord, type MembershipRecord } from '@dfs/protocol';
import { addValid } from './add-valid.js';
import { replaceMembership } from './membership-store.js';
import { RecordGraph } from './record-graph.js';

/**
 * Puts the membership of a node that lost its database into a new one, from envelopes that it kept elsewhere. Where they are
 * of several networks, of that which the last founding record among them begins. Records that are not valid are left out.
 * The node compares with a member before it writes, if it has any.
 * @returns the network id; undefined where no network begins among them: then nothing is stored
 */
export async function restoreMembership(db: Database, envelopes: readonly Uint8Array[]): Promise<string | undefined> {
  const records = envelopes.flatMap((bytes) => read(bytes) ?? []);
  const founding = records.findLast(({ content }) => content?.kind === 'founding');
  if (!founding) return undefined;
  const graph = new RecordGraph();
  graph.add(founding);
  addValid(
    graph,
    records.filter(({ networkId, id }) => networkId === founding.networkId && id !== founding.id),
  );
  await db.write((tx) =>
    replaceMembership(
      tx,
      graph.nodes.map(({ record }) => record),
      true,
    ),
  );
  return founding.networkId;
}

function read(bytes: Uint8Array): MembershipRecord | undefined {
  try {
    return readMembershipRecord(bytes);
  } catch (error) {
    if (!isDfsError(error)) throw error;
    return undefined;
  }
}
