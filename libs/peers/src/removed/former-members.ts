import { performance } from 'node:perf_hooks';
import { DfsError, type Log } from '@dfs/runtime';
import { FAREWELL_PROTOCOL, farewellMessage, membershipIdOf, recordsMessage, type WireValue } from '@dfs/protocol';
import { firstFrame, request, type Channel, type Transport } from '@dfs/transport';
import { MAX_FAREWELL_OFFENCES, OFFENDED_TIME, STATUS_TIME } from '../constants.js';
import { membershipFrames } from '../membership/membership-frames.js';
import type { Membership } from '../membership/membership.js';

/** The parts by which a former member is told of its removal. */
export interface FormerMembersComponents {
  transport: Transport;
  membership: Membership;
  log: Log;
}

/**
 * Both sides of `/dfs/farewell/1`: one who was removed while it was away, and comes back to members that do not speak
 * to it any more, learns why. It is let in for that alone, as a stranger is while an invite is open.
 */
export class FormerMembers {
  /** By peer id: who told what does not undo its removal, how often, and until when it is not let in if that is too often. */
  private readonly offences = new Map<string, { count: number; until: number }>();

  constructor(private readonly components: FormerMembersComponents) {
    components.transport.handle(FAREWELL_PROTOCOL, (channel) => this.answer(channel), { strangers: true });
  }

  /** Whether a peer was a member and is none: it may come in to ask. */
  isFormer(peerId: string): boolean {
    const { count = 0, until = 0 } = this.offences.get(peerId) ?? {};
    if (count >= MAX_FAREWELL_OFFENCES && performance.now() < until) return false;
    return this.components.membership.removed(peerId) !== undefined;
  }

  /**
   * Asks a member that says nothing whether this node was removed; what it proves holds from then on. Where the proof is
   * void by what this node knows, as when it has removed its remover, tells the member what that is. Never throws.
   */
  async ask(peerId: string, signal: AbortSignal): Promise<void> {
    const { membership, log } = this.components;
    const wasRemoved = membership.isRemoved;
    try {
      const told = await this.converse(peerId, [], signal);
      if (told.length === 0 || wasRemoved || membership.isRemoved) return;
      // All at once: one that undoes nothing by itself is not kept.
      const against = membership.defence(told);
      const [defence] = membershipFrames(against.length > 0 ? against : membership.missingFrom(told));
      if (defence) await this.converse(peerId, defence, signal);
    } catch (error) {
      log.debug({ err: error, peer: peerId }, 'a member does not say whether this node was removed');
    }
  }

  /** @returns ids of the records that came */
  private async converse(peerId: string, tell: Uint8Array[], signal: AbortSignal): Promise<string[]> {
    const { transport, membership } = this.components;
    const message = farewellMessage.form({ known: membership.sample(), records: tell }) as WireValue;
    const ids: string[] = [];
    const options = { signal, timeoutMs: STATUS_TIME };
    for await (const { header } of request(transport, peerId, FAREWELL_PROTOCOL, message, options)) {
      const { records } = recordsMessage.parse(header, 'records');
      await this.receive(records, peerId);
      ids.push(...records.map(membershipIdOf));
    }
    return ids;
  }

  /** A stranger learns nothing. One who is a member here and asks may believe that it is none: it gets what it lacks. */
  private async answer(channel: Channel): Promise<void> {
    const { membership, log } = this.components;
    const { header } = await firstFrame(channel);
    const { known, records: told } = farewellMessage.parse(header, 'farewell');
    if (!membership.isRemoved && membership.isMember(channel.peerId)) {
      for (const records of membershipFrames(membership.missingFrom(known))) await channel.send({ records });
      return;
    }
    if (!this.isFormer(channel.peerId)) return;
    if (told.length > 0) await this.reinstate(told, channel.peerId);
    if (!this.isFormer(channel.peerId)) return;
    for (const records of membershipFrames(membership.removalOf(channel.peerId, known))) {
      await channel.send({ records });
    }
    log.info({ peer: channel.peerId }, 'a node that was removed while it was away was told so');
  }

  private async reinstate(told: readonly Uint8Array[], peerId: string): Promise<void> {
    const { membership, log } = this.components;
    try {
      await membership.reinstate(told, peerId);
      this.offences.delete(peerId);
    } catch (error) {
      const { count = 0, until = 0 } = this.offences.get(peerId) ?? {};
      const now = performance.now();
      this.offences.set(peerId, { count: now < until ? count + 1 : 1, until: now + OFFENDED_TIME });
      log.warn({ err: error, peer: peerId }, 'a node that was removed told what does not undo that');
      if (!this.isFormer(peerId)) await this.components.transport.hangUp(peerId).catch(() => undefined);
      throw error;
    }
  }

  /** @throws DfsError `peer-misbehaved` when some of them nobody should have */
  private async receive(records: readonly Uint8Array[], peerId: string): Promise<void> {
    const { refused } = await this.components.membership.receive(records, peerId);
    if (refused > 0) throw new DfsError('peer-misbehaved', `${refused} membership records were refused.`);
  }
}
