import type { Tx } from '@dfs/database';
import type { SignedRecord, Signer } from '@dfs/protocol';
import type { Clock, DfsError } from '@dfs/runtime';
import type { Commit, Draft, MemberView } from '../ports.js';
import { Changeset } from './changeset.js';
import { chainEnd, DraftWriter, normaliseDrafts, repeatedBy } from './commit.js';
import type { Ledger } from './ledger.js';
import { refusePurges, refuseReadOnly } from './refuse.js';
import { TakenPaths } from './taken-paths.js';

interface WriteParts {
  membership: MemberView;
  signer: Signer;
  clock: Clock;
  ledger: Ledger;
}

/** WRITE_ALL or WRITE_EACH. */
export type HowToWrite<T> = (writer: DraftWriter, drafts: readonly Draft[]) => Promise<T>;

/** All drafts or none of them. */
export const WRITE_ALL = (writer: DraftWriter, drafts: readonly Draft[]): Promise<Commit[]> => writer.writeAll(drafts);
/** Those that are not refused for their own sake. */
export const WRITE_EACH = (writer: DraftWriter, drafts: readonly Draft[]): Promise<(Commit | DfsError)[]> =>
  writer.writeEach(drafts);

/** Signs and stores what drafts say, within the caller's unit of work. @throws DfsError as Catalogue.commit */
export async function writeDrafts<T>(
  { membership, signer, clock, ledger }: WriteParts,
  tx: Tx,
  drafts: readonly Draft[],
  how: HowToWrite<T>,
): Promise<{ result: T; written: readonly SignedRecord[] }> {
  refuseReadOnly(membership);
  refusePurges(membership.self().role, drafts);
  const normal = await normaliseDrafts(drafts);
  const paths = normal.map((draft) => draft.path);
  const [changes, last, taken] = await Promise.all([
    Changeset.load(tx, ledger.context(), paths),
    chainEnd(tx, signer.peerId),
    TakenPaths.load(tx, normal, how === (WRITE_ALL as unknown)),
  ]);
  await changes.know(normal.flatMap(({ adopts, parents }) => parents ?? adopts?.parents.map(({ id }) => id) ?? []));
  const repeated = await repeatedBy(tx, normal, changes, signer.peerId);
  const context = { signer, networkId: membership.networkId, now: clock.now(), repeated, taken };
  const writer = new DraftWriter(changes, context, last);
  const result = await how(writer, normal);
  if (writer.written.length === 0) return { result, written: [] };
  await ledger.finish(tx, changes);
  tx.afterCommit(() => ledger.tellWritten(writer.written));
  return { result, written: writer.written };
}
