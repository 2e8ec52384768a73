import { randomBytes } from 'node:crypto';
import { IsNull, LessThan, MoreThan } from 'typeorm';
import type { FieldProblem, InviteInfo, MemberRole, ReturnTicketInfo } from '@dfs/contracts';
import type { Database, Tx, Where } from '@dfs/database';
import { DfsError, second, type Clock } from '@dfs/runtime';
import { encodeReturnTicket, encodeTicket, MAX_MEMBERS, TICKET_SECRET_BYTES } from '@dfs/protocol';
import {
  DEFAULT_INVITE_SECONDS,
  KEEP_CLOSED_INVITES,
  LATECOMERS,
  MAX_INVITE_SECONDS,
  MAX_OPEN_INVITES,
  MIN_INVITE_SECONDS,
} from '../constants.js';
import { memberIdOf, noSuchMember } from '../membership/member-id.js';
import type { Membership } from '../membership/membership.js';
import { inviteIdOf, inviteKeyOf } from './invite-proof.js';
import { InviteEntity } from './invite.entity.js';

/** An invite, as far as this node keeps it: enough to check a proof, not enough to make the ticket again. */
export type Invite = Readonly<InviteEntity>;

/** An invite to be made: for a `member`, and for a day, unless it says otherwise. */
export interface InviteRequest {
  role?: MemberRole;
  expiresInSeconds?: number;
}

const ROLES: readonly string[] = ['owner', 'member', 'storage'] satisfies MemberRole[];

/** The invites of this node, and whether its door is open. */
export class Invites {
  /** Until when each invite is a reason to let strangers in, by id. */
  private readonly doors = new Map<string, number>();

  constructor(
    private readonly components: { db: Database; membership: Membership; clock: Clock; addresses(): string[] },
  ) {}

  async start(): Promise<void> {
    const { db, clock } = this.components;
    const now = clock.now();
    await db.write((tx) => tx.repository(InviteEntity).delete({ expiresAt: LessThan(now - KEEP_CLOSED_INVITES) }));
    this.doors.clear();
    const open = await db.repository(InviteEntity).find({ where: openSince(now - LATECOMERS) });
    for (const { id, expiresAt } of open) this.doors.set(id, expiresAt + LATECOMERS);
  }

  /** Whether a stranger has any business here: an invite is open, or was until a moment ago, and he should be told. */
  anyOpen(): boolean {
    const now = this.components.clock.now();
    for (const [id, until] of this.doors) {
      if (until > now) return true;
      this.doors.delete(id);
    }
    return false;
  }

  /**
   * Makes a ticket, shown this once.
   * @throws DfsError `not-an-owner`, `validation-failed`, `network-full`, `conflict` when too many wait
   */
  async create(request: InviteRequest): Promise<InviteInfo> {
    const { db, membership, clock } = this.components;
    const { role, seconds } = checked(request);
    if (membership.self().role !== 'owner') {
      throw new DfsError('not-an-owner', 'Only an owner of the network can invite: ask one of them for a ticket.');
    }
    if (membership.members().length >= MAX_MEMBERS) throw networkFull();
    if (this.doors.size >= MAX_OPEN_INVITES && (await this.countOpen()) >= MAX_OPEN_INVITES) {
      throw new DfsError(
        'conflict',
        `There are ${MAX_OPEN_INVITES} tickets that nobody has used yet: use one of those.`,
      );
    }
    const secret = randomBytes(TICKET_SECRET_BYTES);
    const id = inviteIdOf(secret);
    const now = clock.now();
    // Whole seconds, as the ticket has them.
    const expiresAt = Math.ceil(now / second + seconds) * second;
    await db.write(async (tx) => {
      await tx.repository(InviteEntity).insert({ id, key: inviteKeyOf(secret), role, createdAt: now, expiresAt });
      tx.afterCommit(() => this.doors.set(id, expiresAt + LATECOMERS));
    });
    const inviter = membership.self().peerId;
    const addresses = this.components.addresses();
    const ticket = encodeTicket({ networkId: membership.networkId, inviter, addresses, secret, expiresAt });
    return { ticket, expiresAt: new Date(expiresAt).toISOString(), role };
  }

  /**
   * Makes a ticket by which a member that lost its database comes back. It holds no secret, and admits nobody.
   * @throws DfsError `peer-not-found`, `conflict` for this node itself
   */
  createReturn(given: string): ReturnTicketInfo {
    const { membership } = this.components;
    const { networkId } = membership;
    const inviter = membership.self().peerId;
    const peerId = memberIdOf(given);
    if (peerId === inviter) {
      throw new DfsError('conflict', 'A node makes return tickets for others: make this one at another member.');
    }
    if (!membership.isMember(peerId)) throw noSuchMember();
    const addresses = this.components.addresses();
    return { ticket: encodeReturnTicket({ networkId, inviter, addresses, member: peerId }), peerId };
  }

  /** After another network has taken the place of the one they were for. */
  closeAll(): void {
    this.doors.clear();
  }

  /** @param id 32 hex digits */
  find(id: string, tx?: Tx): Promise<Invite | undefined> {
    return (tx ?? this.components.db).repository(InviteEntity).findOne({ id });
  }

  /** In the unit of work that stores the admission. */
  async use(tx: Tx, id: string, peerId: string): Promise<void> {
    await tx.repository(InviteEntity).update({ id }, { usedBy: peerId });
    tx.afterCommit(() => this.doors.set(id, this.components.clock.now() + LATECOMERS));
  }

  private countOpen(): Promise<number> {
    const { db, clock } = this.components;
    return db.repository(InviteEntity).count(openSince(clock.now()));
  }
}

/** Nobody more may be admitted; who came by merging partitions stays. */
export function networkFull(): DfsError {
  return new DfsError(
    'network-full',
    `The network has ${MAX_MEMBERS} members, and may not have more: remove one that is not needed any more first.`,
  );
}

/** Invites that nobody has used, and that were valid after a time. */
function openSince(time: number): Where<InviteEntity> {
  return { usedBy: IsNull(), revoked: false, expiresAt: MoreThan(time) };
}

function checked({ role = 'member', expiresInSeconds: seconds = DEFAULT_INVITE_SECONDS }: InviteRequest) {
  const errors: FieldProblem[] = [];
  if (!ROLES.includes(role)) errors.push({ field: 'role', detail: 'It must be owner, member or storage.' });
  if (!Number.isInteger(seconds) || seconds < MIN_INVITE_SECONDS || seconds > MAX_INVITE_SECONDS) {
    const detail = `It must be a whole number of seconds from ${MIN_INVITE_SECONDS} to ${MAX_INVITE_SECONDS}.`;
    errors.push({ field: 'expiresInSeconds', detail });
  }
  if (errors.length > 0) throw new DfsError('validation-failed', 'The invite cannot be made as asked.', { errors });
  return { role, seconds };
}
