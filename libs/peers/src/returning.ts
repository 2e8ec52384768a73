import { FAREWELL_PROTOCOL, farewellMessage, recordsMessage, type Log, type WireValue } from '@dfs/protocol';
import { firstFrame, request, type Channel, type Transport } from '@dfs/transport';
import { STATUS_TIME } from './constants.js';
import { membershipFrames } from './membership-frames.js';
import type { Membership } from './membership.js';

export interface ReturningComponents {
  transport: Transport;
  membership: Membership;
  log: Log;
}

/**
 * Both sides of `/dfs/farewell/1`: one who was removed while it was away, and comes back to members that do not speak
 * to it any more, learns why. It is let in for that alone, as a stranger is while an invite is open.
 */
export class Returning {
  constructor(private readonly components: ReturningComponents) {
    components.transport.handle(FAREWELL_PROTOCOL, (channel) => this.answer(channel), { strangers: true });
  }

  /** Whether a peer was a member and is none: it may come in to ask. */
  isFormer(peerId: string): boolean {
    return this.components.membership.removed(peerId) !== undefined;
  }

  /** Asks a member that says nothing whether this node was removed; what it proves holds from then on. Never throws. */
  async ask(peerId: string, signal: AbortSignal): Promise<void> {
    const { transport, membership, log } = this.components;
    try {
      const message = farewellMessage.form({ known: membership.sample() }) as WireValue;
      const options = { signal, timeoutMs: STATUS_TIME };
      for await (const { header } of request(transport, peerId, FAREWELL_PROTOCOL, message, options)) {
        const { records } = recordsMessage.parse(header, 'records');
        const { refused } = await membership.receive(records, peerId);
        if (refused > 0) return log.warn({ peer: peerId, refused }, 'membership records were refused');
      }
    } catch (error) {
      log.debug({ err: error, peer: peerId }, 'a member does not say whether this node was removed');
    }
  }

  /** Who was not removed learns nothing. */
  private async answer(channel: Channel): Promise<void> {
    const { header } = await firstFrame(channel);
    const { known } = farewellMessage.parse(header, 'farewell');
    if (!this.isFormer(channel.peerId)) return;
    const { membership, log } = this.components;
    for (const records of membershipFrames(membership.removalOf(channel.peerId, known))) {
      await channel.send({ records });
    }
    log.info({ peer: channel.peerId }, 'a node that was removed while it was away was told so');
  }
}
