import type { MemberRole } from '@dfs/contracts';
import { DfsError } from '@dfs/runtime';
import type { Draft, MemberView } from '../ports.js';

/** Why this node may not write now. `clockProblem` is a sentence; `refusal` is what the owner of this object adds. */
export interface WritePorts {
  membership: Pick<MemberView, 'mustSync'>;
  clockProblem: () => string | undefined;
  refusal: () => DfsError | undefined;
}

/** Whether this node may write at the moment. @throws DfsError `not-ready`, `clock-skew`, and what `refusal` says */
export function refuseWrites({ membership, clockProblem, refusal }: WritePorts, otherMembers: number): void {
  const refused = refusal();
  if (refused !== undefined) throw refused;
  refuseUnsynced(membership, otherMembers);
  const problem = clockProblem();
  if (problem !== undefined) throw new DfsError('clock-skew', problem);
}

/**
 * Whether this node knows what it has written: its chain goes on from there.
 * @throws DfsError `not-ready` while it has to compare with a member first
 */
export function refuseUnsynced({ mustSync }: Pick<MemberView, 'mustSync'>, otherMembers: number): void {
  if (mustSync !== true || otherMembers < 1) return;
  throw new DfsError(
    'not-ready',
    'The database of this node is new, or an older copy: before it writes it compares catalogues with one other ' +
      'member, and has not done so yet. Start another member, or wait until one is connected. Reading goes on.',
  );
}

/** Whether this node is one that writes. @throws DfsError `read-only-member` */
export function refuseReadOnly(membership: Pick<MemberView, 'self' | 'member'>): void {
  const { peerId, role } = membership.self();
  if (role !== 'storage') return;
  const detail =
    membership.member(peerId) === undefined
      ? 'This node was removed from its network. Its files can still be read here. To write again, join with a new ticket.'
      : 'This node only holds data for the others: write at a node that is a member.';
  throw new DfsError('read-only-member', detail);
}

/** Only owners may end the retention of what they delete. @throws DfsError `not-an-owner` */
export function refusePurges(role: MemberRole, drafts: readonly Pick<Draft, 'attributes'>[]): void {
  if (role === 'owner' || !drafts.some(({ attributes }) => attributes?.purge)) return;
  throw new DfsError(
    'not-an-owner',
    'Only an owner of the network may purge at once: ask an owner, or delete the file without purge=true.',
  );
}
