import { DfsError, abortError } from '@dfs/runtime';
import type { MembershipContent } from '@dfs/protocol';
import { memberIdOf, noSuchMember } from './member-id.js';
import type { Membership } from './membership.js';

/** How a member is removed. */
export interface RemoveOptions {
  /** Remove the member even if it alone holds something. */
  confirm?: boolean;
  /** Move what it holds first. */
  drain?: boolean;
  /** It goes on after a restart of this node: the member is waited for until it is back, or its grace is over. */
  isResumed?: boolean;
  /** Told now and then while it is moved: bytes of the contents that are still to be moved. */
  onLeft?: (bytes: number) => void;
  /** Gives the removal up, as long as nothing is signed. */
  signal?: AbortSignal;
}

/** May refuse a removal by throwing. */
export type RemoveGuest = (peerId: string, options: RemoveOptions) => Promise<void>;

/** `guests` are other parts of the engine that have a say in removals, such as placement. */
export interface RemovalComponents {
  membership: Membership;
  guests: readonly RemoveGuest[];
  /** Id of the member's last catalogue record that is known here. */
  lastRecordOf: (peerId: string) => Promise<string | null>;
}

/**
 * Signs that a member is none any more.
 * @throws DfsError `peer-not-found`, `not-an-owner`, `conflict` for the last owner, and what guests refuse with
 */
export async function removeMember(
  components: RemovalComponents,
  given: string,
  options: RemoveOptions,
): Promise<void> {
  const { membership, guests, lastRecordOf } = components;
  const member = memberIdOf(given);
  const check = (): void => {
    if (!membership.isMember(member)) throw noSuchMember();
    if (membership.self().role !== 'owner') {
      throw new DfsError('not-an-owner', 'Only an owner of the network can remove a member: ask one of them.');
    }
    const owners = membership.members().filter(({ role }) => role === 'owner');
    if (owners.length === 1 && owners[0]?.peerId === member) {
      throw new DfsError('conflict', 'The last owner cannot leave the network: invite another owner first.');
    }
  };
  check();
  // Answers when this node knows what the others do, soon after its start: guests judge by that.
  await lastRecordOf(member);
  for (const guest of guests) await guest(member, options);
  const lastRecord = await lastRecordOf(member);
  if (options.signal?.aborted) throw abortError(options.signal);
  await membership.unit(async (unit) => {
    check();
    const content: MembershipContent = { kind: 'removal', member, lastRecord, reason: '' };
    await unit.write(content);
  });
}
