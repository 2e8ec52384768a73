import { randomBytes } from 'node:crypto';
import { DfsError, type Clock, type Log } from '@dfs/runtime';
import { joinChallenge, joinProof, joinRequest, joinWelcome, MAX_MEMBERS, type WireValue } from '@dfs/protocol';
import type { Channel, Frame } from '@dfs/transport';
import { JOIN_TIME, MAX_STRANGERS } from '../constants.js';
import { networkFull, type Invite, type Invites } from './invites.js';
import { membershipFrames } from '../membership/membership-frames.js';
import type { Membership, MembershipUnit } from '../membership/membership.js';
import { cleanName } from '../clean-name.js';
import { isProof, proofOf } from './invite-proof.js';

/** The parts by which this node, as inviter, admits a newcomer. */
export interface AdmissionComponents {
  membership: Membership;
  invites: Invites;
  clock: Clock;
  log: Log;
  addressesOf: (peerId: string) => string[];
}

/** Members whose addresses a newcomer is given; it hears of the others' from them. */
const MAX_WELCOME_MEMBERS = MAX_MEMBERS;
const MAX_WELCOME_ADDRESSES = 4;
const MAX_WELCOME_ADDRESS_LENGTH = 128;

/** The inviter's side of `/dfs/join/1`. */
export class Admission {
  private running = 0;

  constructor(private readonly components: AdmissionComponents) {}

  /** @throws DfsError what the newcomer is told */
  async answer(channel: Channel): Promise<void> {
    if (this.running >= MAX_STRANGERS) {
      throw new DfsError('too-many-requests', 'Too many nodes are joining at the moment: try again in a few seconds.');
    }
    this.running++;
    const timer = setTimeout(
      () => channel.abort(new DfsError('timeout', 'Joining took too long: try again.')),
      JOIN_TIME,
    );
    try {
      await this.admit(channel);
    } finally {
      clearTimeout(timer);
      this.running--;
    }
  }

  private async admit(channel: Channel): Promise<void> {
    const { membership, invites } = this.components;
    const frames = channel.frames()[Symbol.asyncIterator]();
    const request = joinRequest.parse(await next(frames), 'request');
    const invite = await invites.find(request.invite);
    if (!invite) throw unknownTicket();
    const transcript = {
      networkId: membership.networkId,
      inviter: membership.self().peerId,
      newcomer: channel.peerId,
      inviterNonce: randomBytes(32),
      newcomerNonce: request.nonce,
    };
    const proofOfMine = proofOf(invite.key, 'inviter', transcript);
    // A member that comes back stays what it is.
    const role = membership.member(channel.peerId)?.role ?? invite.role;
    const challenge = { nonce: transcript.inviterNonce, proof: proofOfMine, role };
    await channel.send(joinChallenge.form(challenge) as WireValue);
    const { proof } = joinProof.parse(await next(frames), 'proof');
    // Only one who has the ticket learns what has become of it.
    if (!isProof(proof, invite.key, 'newcomer', transcript)) throw unknownTicket();
    await this.store(invite.id, channel.peerId, cleanName(request.name));
    await this.welcome(channel);
  }

  /**
   * The admission and the use of the invite: both are stored, or none. A member that comes back, having lost its database
   * or the answer, needs neither.
   */
  private async store(inviteId: string, newcomer: string, name: string): Promise<void> {
    const { membership, invites, clock, log } = this.components;
    const isNew = await membership.unit(async (unit) => {
      const invite = await invites.find(inviteId, unit.tx);
      if (!invite || invite.revoked) throw unknownTicket();
      const usedBy = invite.usedBy ?? admittedBy(unit, inviteId, membership.self().peerId);
      if (unit.roster().members.has(newcomer)) return false;
      if (usedBy !== null) {
        throw new DfsError('ticket-used', 'That ticket has been used: each is good for one node. Ask for another.');
      }
      refuseLate(invite, clock.now());
      if (unit.roster().members.get(membership.self().peerId)?.role !== 'owner') {
        throw new DfsError('not-an-owner', 'The node that made this ticket is no owner any more: ask another owner.');
      }
      if (unit.roster().members.size >= MAX_MEMBERS) throw networkFull();
      await unit.write({ kind: 'admission', member: newcomer, role: invite.role, invite: inviteId, name });
      await invites.use(unit.tx, inviteId, newcomer);
      return true;
    });
    if (isNew) log.info({ peer: newcomer, name }, 'a node has joined the network');
  }

  private async welcome(channel: Channel): Promise<void> {
    const { membership, addressesOf } = this.components;
    const records = membership.missingFrom([]);
    const addresses = membership.members().flatMap(({ peerId }) => {
      const known = addressesOf(peerId).filter((address) => address.length <= MAX_WELCOME_ADDRESS_LENGTH);
      return known.length > 0 ? [{ peerId, addresses: known.slice(0, MAX_WELCOME_ADDRESSES) }] : [];
    });
    const welcome = { records: records.length, addresses: addresses.slice(0, MAX_WELCOME_MEMBERS) };
    await channel.send(joinWelcome.form(welcome) as WireValue);
    for (const part of membershipFrames(records)) await channel.send({ records: part });
  }
}

/** The member that this invite has admitted, by the records: a node restored from an old copy has forgotten. */
function admittedBy(unit: MembershipUnit, inviteId: string, inviter: string): string | null {
  for (const { record } of unit.graph().recordsBy(inviter)) {
    if (record.content?.kind === 'admission' && record.content.invite === inviteId) return record.content.member;
  }
  return null;
}

function refuseLate(invite: Invite, now: number): void {
  if (invite.expiresAt > now) return;
  const when = new Date(invite.expiresAt).toISOString();
  throw new DfsError('ticket-expired', `That ticket was good until ${when}: ask for another.`);
}

function unknownTicket(): DfsError {
  return new DfsError(
    'ticket-invalid',
    'The node that should have made this ticket does not know it: ask for another.',
  );
}

async function next(frames: AsyncIterator<Frame>): Promise<WireValue> {
  const { value, done } = (await frames.next()) as IteratorResult<Frame, undefined>;
  if (done || !value) throw new DfsError('bad-request', 'The exchange ended before it was complete.');
  return value.header;
}
