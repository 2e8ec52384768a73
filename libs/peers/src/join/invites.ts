import { randomBytes } from 'node:crypto';
import type { FieldProblem, InviteInfo, MemberRole, ReturnTicketInfo } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import { DfsError, second, type Clock } from '@dfs/runtime';
import {
  encodeReturnTicket,
  encodeTicket,
  MAX_MEMBERS,
  peerIdFromBytes,
  peerIdToBytes,
  TICKET_SECRET_BYTES,
} from '@dfs/protocol';
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

/** What this node keeps of an invite: enough to check a proof, not enough to make the ticket again. */
export interface Invite {
  /** 32 hex digits. */
  id: string;
  key: Uint8Array;
  role: MemberRole;
  expiresAt: number;
  /** Peer id of the one it admitted. */
  usedBy: string | null;
  revoked: boolean;
}

interface InviteRow {
  id: Uint8Array;
  key: Uint8Array;
  role: string;
  expires_at: number;
  used_by: Uint8Array | null;
  revoked: number;
}

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
    await db.write((tx) => tx.run('DELETE FROM invite WHERE expires_at < ?', [now - KEEP_CLOSED_INVITES]));
    this.doors.clear();
    const rows = await db.query<{ id: Uint8Array; expires_at: number }>(
      'SELECT id, expires_at FROM invite WHERE used_by IS NULL AND revoked = 0 AND expires_at > ?',
      [now - LATECOMERS],
    );
    for (const { id, expires_at } of rows) this.doors.set(Buffer.from(id).toString('hex'), expires_at + LATECOMERS);
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
      await tx.insertMany(
        'invite',
        ['id', 'key', 'role', 'created_at', 'expires_at'],
        [[Buffer.from(id, 'hex'), inviteKeyOf(secret), role, now, expiresAt]],
      );
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

  async find(id: string, tx?: Tx): Promise<Invite | undefined> {
    const [row] = await (tx ?? this.components.db).query<InviteRow>(
      'SELECT id, key, role, expires_at, used_by, revoked FROM invite WHERE id = ?',
      [Buffer.from(id, 'hex')],
    );
    return row && inviteOf(row);
  }

  /** In the unit of work that stores the admission. */
  async use(tx: Tx, id: string, peerId: string): Promise<void> {
    await tx.run('UPDATE invite SET used_by = ? WHERE id = ?', [peerIdToBytes(peerId), Buffer.from(id, 'hex')]);
    tx.afterCommit(() => this.doors.set(id, this.components.clock.now() + LATECOMERS));
  }

  private async countOpen(): Promise<number> {
    const { db, clock } = this.components;
    const [row] = await db.query<{ count: number }>(
      'SELECT count(*) AS count FROM invite WHERE used_by IS NULL AND revoked = 0 AND expires_at > ?',
      [clock.now()],
    );
    return row?.count ?? 0;
  }
}

/** Nobody more may be admitted; who came by merging partitions stays. */
export function networkFull(): DfsError {
  return new DfsError(
    'network-full',
    `The network has ${MAX_MEMBERS} members, and may not have more: remove one that is not needed any more first.`,
  );
}

function inviteOf(row: InviteRow): Invite {
  return {
    id: Buffer.from(row.id).toString('hex'),
    key: row.key,
    role: row.role as MemberRole,
    expiresAt: row.expires_at,
    usedBy: row.used_by && peerIdFromBytes(row.used_by),
    revoked: row.revoked === 1,
  };
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
