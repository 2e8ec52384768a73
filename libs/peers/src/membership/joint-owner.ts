import { performance } from 'node:perf_hooks';
import type { OwnerVotes } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import { DfsError, Recurring, type Clock, type Log, type Ran, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import {
  MAX_OWNER_VOTES,
  membershipBody,
  normalisePeerId,
  ownersSection,
  peerIdToBytes,
  readMembershipBody,
  sealMembershipRecord,
  SIGN_PROTOCOL,
  signatureMessage,
  signMessage,
  type WireValue,
} from '@dfs/protocol';
import { ask, firstFrame, type Channel, type Transport } from '@dfs/transport';
import { GATHER_TURN, OWNER_VOTE_TIME, SIGN_TIME } from '../constants.js';
import { OwnerVoteEntity } from './membership.entity.js';
import type { Membership } from './membership.js';
import type { Presence } from '../presence/presence.js';
import { StatusSection } from '../status/status-section.js';

/** The parts by which members agree on a joint owner. */
export interface JointOwnerComponents {
  db: Database;
  transport: Transport;
  membership: Membership;
  presence: Presence;
  clock: Clock;
  log: Log;
}

interface Signature {
  signer: string;
  signature: Uint8Array;
}

/** The section of a status in which a node says whom it would have as an owner. */
const OWNERS = new StatusSection('owners', ownersSection);

/**
 * How a network whose owners are gone gets one: a person at each of more than half of the members asks for the same
 * member as an owner. Each node keeps that and says it in its status; the connected one of the lowest id among those who
 * agree gathers their signatures under one record, and should it not, the next. Nobody signs what nobody has asked for at
 * its own node.
 */
export class JointOwner {
  /** When it was asked for here, by member. */
  private readonly votes = new Map<string, number>();
  private readonly unsubscribe: Unsubscribe[] = [];
  private readonly gathering: Recurring;
  /** Since when enough agree, by member and the monotonic clock. */
  private readonly agreed = new Map<string, number>();
  /** Milliseconds until it falls to this node, should those before it not have made one. */
  private turnIn = Infinity;

  constructor(private readonly components: JointOwnerComponents) {
    const { transport, presence, log } = components;
    this.gathering = new Recurring(
      {
        name: 'gather signatures for a new owner',
        every: () => this.turnIn,
        failed: 'the signatures for a new owner could not be gathered',
        run: () => this.gatherAll(),
      },
      { log },
    );
    transport.handle(SIGN_PROTOCOL, (channel) => this.answer(channel));
    OWNERS.say(presence, () => [...this.votes.keys()].sort());
  }

  async start(): Promise<void> {
    const { db, presence, membership } = this.components;
    for (const { member, votedAt } of await db.repository(OwnerVoteEntity).find()) this.votes.set(member, votedAt);
    this.gathering.start(Infinity);
    this.unsubscribe.push(
      presence.onStatus(OWNERS.name, () => this.gatherSoon()),
      membership.onChange(() => this.gatherSoon()),
    );
  }

  async stop(): Promise<void> {
    for (const off of this.unsubscribe.splice(0)) off();
    await this.gathering.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.gathering.status();
  }

  /**
   * A person here would have this member as an owner. An owner makes it one at once; otherwise it is one when more than
   * half of the members have asked for it.
   * @throws DfsError `peer-not-found`, `not-a-member` when this node was removed, `conflict` when there are too many wishes
   */
  async support(given: string): Promise<OwnerVotes> {
    const { membership, presence } = this.components;
    const peerId = this.memberOf(given);
    if (membership.isRemoved) {
      throw new DfsError('not-a-member', 'This node was removed from its network and has no say in it.');
    }
    if (this.isOwner(peerId)) return this.state(peerId);
    if (membership.self().role === 'owner') await this.appoint(peerId);
    else {
      await this.vote(peerId);
      presence.nudge();
      await this.gathering.now();
    }
    return this.state(peerId);
  }

  private memberOf(given: string): string {
    const { membership } = this.components;
    try {
      const peerId = normalisePeerId(given);
      if (membership.isMember(peerId)) return peerId;
    } catch {
      // Said below.
    }
    throw new DfsError('peer-not-found', 'No member of this network has that peer id.');
  }

  private isOwner(peerId: string): boolean {
    return this.components.membership.member(peerId)?.role === 'owner';
  }

  private state(peerId: string): OwnerVotes {
    return { peerId, owner: this.isOwner(peerId), votes: this.supporters(peerId).length, needed: this.needed() };
  }

  private needed(): number {
    return Math.floor(this.components.membership.members().length / 2) + 1;
  }

  private async appoint(member: string): Promise<void> {
    const { membership } = this.components;
    const name = membership.member(member)?.name ?? '';
    await membership.unit((unit) => unit.write({ kind: 'admission', member, role: 'owner', invite: null, name }));
  }

  private async vote(member: string): Promise<void> {
    const { db, clock } = this.components;
    await this.prune();
    if (!this.votes.has(member) && this.votes.size >= MAX_OWNER_VOTES) {
      throw new DfsError('conflict', `This node has asked for ${MAX_OWNER_VOTES} other owners already.`);
    }
    const now = clock.now();
    await db.write(async (tx) => {
      await tx.repository(OwnerVoteEntity).put({ member, votedAt: now });
      tx.afterCommit(() => this.votes.set(member, now));
    });
  }

  /** Forgets what has come true, and what has not for a long time. */
  private async prune(): Promise<void> {
    const { db } = this.components;
    for (const member of [...this.votes.keys()]) {
      if (this.isAskedFor(member) && !this.isOwner(member)) continue;
      await db.write((tx) => tx.repository(OwnerVoteEntity).delete({ member }));
      this.votes.delete(member);
      this.agreed.delete(member);
    }
  }

  /** Members that have asked for it: this one and those connected, in order of their ids. */
  private supporters(member: string): string[] {
    const { membership, presence } = this.components;
    const others = presence.sessions.ready().filter((peerId) => this.votesOf(peerId).includes(member));
    const self = this.votes.has(member) ? [membership.self().peerId] : [];
    return [...self, ...others].filter((peerId) => membership.isMember(peerId)).sort();
  }

  private votesOf(peerId: string): string[] {
    return OWNERS.read(this.components.presence.sessions.of(peerId)?.sections.get(OWNERS.name)) ?? [];
  }

  private gatherSoon(): void {
    if (this.votes.size > 0) this.gathering.soon();
  }

  private async gatherAll(): Promise<Ran> {
    this.turnIn = Infinity;
    await this.prune();
    for (const member of this.votes.keys()) await this.gather(member);
    return 'idle';
  }

  /** Should enough agree, and it fall to this node: makes the record. Those who do not sign are left out at once. */
  private async gather(member: string): Promise<void> {
    const { membership, log } = this.components;
    const self = membership.self().peerId;
    let agreeing = this.supporters(member);
    if (!this.isMyTurn(member, agreeing.indexOf(self), agreeing.length)) return;
    while (agreeing.length >= this.needed()) {
      const body = this.bodyFor(member, agreeing);
      const asked = await Promise.all(agreeing.map((peerId) => this.signatureOf(peerId, body)));
      const signatures = asked.filter((one): one is Signature => one !== undefined);
      if (signatures.length === agreeing.length) {
        const record = sealMembershipRecord(body, signatures);
        const { added } = await membership.receive([record.bytes]);
        if (added.length > 0)
          log.info({ member, signers: agreeing.length }, 'the members have made one of them an owner');
        return;
      }
      agreeing = signatures.map(({ signer }) => signer).sort();
    }
  }

  /** The lowest id gathers at once. The next one does when that has had its time: it may not reach all. */
  private isMyTurn(member: string, place: number, count: number): boolean {
    if (place < 0 || count < this.needed()) {
      this.agreed.delete(member);
      return false;
    }
    const now = performance.now();
    const since = this.agreed.get(member) ?? now;
    this.agreed.set(member, since);
    const pause = since + place * GATHER_TURN - now;
    if (pause <= 0) return true;
    this.turnIn = Math.min(this.turnIn, pause);
    return false;
  }

  /** Signers in the order that the record asks for. */
  private bodyFor(member: string, agreeing: string[]): Uint8Array {
    const { membership, clock } = this.components;
    const bytes = (peerId: string) => Buffer.from(peerIdToBytes(peerId));
    agreeing.sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    const parents = membership.parents();
    const name = membership.member(member)?.name ?? '';
    const content = { kind: 'joint', member, name, signers: agreeing } as const;
    const { networkId } = membership;
    return membershipBody({ networkId, time: clock.now(), parents, content }, membership.self().peerId);
  }

  /** Never rejects. @returns undefined from one who does not sign */
  private async signatureOf(peerId: string, body: Uint8Array): Promise<Signature | undefined> {
    const { transport, membership, log } = this.components;
    if (peerId === transport.peerId) return { signer: peerId, signature: membership.sign(body) };
    try {
      const message = signMessage.form({ body }) as WireValue;
      const { header } = await ask(transport, peerId, SIGN_PROTOCOL, message, { timeoutMs: SIGN_TIME });
      return { signer: peerId, signature: signatureMessage.parse(header, 'signature').signature };
    } catch (error) {
      log.info({ err: error, peer: peerId }, 'a member did not sign for a new owner');
      return undefined;
    }
  }

  /** Signs what a person has asked for here, if it holds by all that this node knows, and nothing else. */
  private async answer(channel: Channel): Promise<void> {
    const { membership } = this.components;
    const { header } = await firstFrame(channel);
    const { body } = signMessage.parse(header, 'sign');
    const { networkId, author, parents, content } = readMembershipBody(body);
    const isWanted = content?.kind === 'joint' && this.isWanted(content);
    if (!isWanted || networkId !== membership.networkId || author !== channel.peerId || membership.isRemoved) {
      throw new DfsError('forbidden', 'Nobody has asked for that at this node.');
    }
    // By a past that its author has chosen, others would be more than half.
    if (parents.join() !== membership.parents().join()) {
      throw new DfsError('forbidden', 'That is not by the membership records that this node has: ask again.');
    }
    await channel.send(signatureMessage.form({ signature: membership.sign(body) }) as WireValue);
  }

  private isWanted({ member, signers }: { member: string; signers: readonly string[] }): boolean {
    const { membership, transport } = this.components;
    const isMember = (peerId: string) => membership.isMember(peerId);
    if (!this.isAskedFor(member) || !signers.includes(transport.peerId)) return false;
    return signers.filter(isMember).length >= this.needed();
  }

  /** Whether a person has asked for this member here, not too long ago. */
  private isAskedFor(member: string): boolean {
    const at = this.votes.get(member);
    const { membership, clock } = this.components;
    return at !== undefined && membership.isMember(member) && clock.now() - at < OWNER_VOTE_TIME;
  }
}
