import { setTimeout as delay } from 'node:timers/promises';
import { second, type Log } from '@dfs/runtime';
import {
  pullMessage,
  pushMessage,
  receivedMessage,
  recordsMessage,
  STATUS_PROTOCOL,
  type MembershipRecord,
  type WireValue,
} from '@dfs/protocol';
import { ask, request, type Channel, type Transport } from '@dfs/transport';
import { MAX_REFUSED_RECORDS, STATUS_TIME } from '../constants.js';
import type { Received } from '../membership/add-valid.js';
import { membershipFrames } from '../membership/membership-frames.js';
import type { Membership } from '../membership/membership.js';
import type { Session } from './session.js';

const PULL_PAUSE = 1 * second;

/** The parts by which membership records are exchanged. */
export interface RecordExchangeComponents {
  transport: Transport;
  membership: Membership;
  log: Log;
}

/** Membership records between this node and a member that it has a session with, until both have the same. */
export class RecordExchange {
  /** @param pulled told of a session whose records have all come: statuses are exchanged anew */
  constructor(
    private readonly components: RecordExchangeComponents,
    private readonly pulled: (session: Session) => Promise<void>,
  ) {}

  /** Sends records to a member. Never throws. */
  async push(session: Session, records: readonly MembershipRecord[]): Promise<void> {
    const { transport, log } = this.components;
    try {
      for (const part of membershipFrames(records)) {
        const message = pushMessage.form({ method: 'push', records: part }) as WireValue;
        await ask(transport, session.peerId, STATUS_PROTOCOL, message, {
          signal: session.ended.signal,
          timeoutMs: STATUS_TIME,
        });
      }
    } catch (error) {
      log.debug({ err: error, peer: session.peerId }, 'membership records could not be pushed');
    }
  }

  /** Answers with the records that a member lacks. */
  async answerPull(channel: Channel, header: WireValue): Promise<void> {
    const { known } = pullMessage.parse(header, 'pull');
    for (const records of membershipFrames(this.components.membership.missingFrom(known))) {
      await channel.send({ records });
    }
  }

  /** Takes the records that a member sends. */
  async answerPush(channel: Channel, session: Session, header: WireValue): Promise<void> {
    const { records } = pushMessage.parse(header, 'push');
    const { added, orphans } = await this.receive(session, records);
    await channel.send(receivedMessage.form({ added: added.length }) as WireValue);
    if (orphans > 0) this.pull(session, undefined);
  }

  /** Fetches the membership records that are missing here, once for each state of the other side. */
  pull(session: Session, state: Uint8Array | undefined): void {
    if (state && session.pulled && Buffer.compare(state, session.pulled) === 0) return;
    session.pulling ??= this.pullUntilDone(session, state).finally(() => (session.pulling = undefined));
  }

  private async pullUntilDone(session: Session, state: Uint8Array | undefined): Promise<void> {
    const { signal } = session.ended;
    while (!signal.aborted) {
      try {
        await this.pullOnce(session);
        session.pulled = state;
        session.synced = true;
        return await this.pulled(session);
      } catch (error) {
        if (signal.aborted) return;
        this.components.log.debug({ err: error, peer: session.peerId }, 'membership records could not be pulled');
        await delay(PULL_PAUSE, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  private async pullOnce(session: Session): Promise<void> {
    const { transport, membership } = this.components;
    const message = pullMessage.form({ method: 'pull', known: membership.sample() }) as WireValue;
    const options = { signal: session.ended.signal, timeoutMs: STATUS_TIME };
    for await (const { header } of request(transport, session.peerId, STATUS_PROTOCOL, message, options)) {
      const { records } = recordsMessage.parse(header, 'records');
      await this.receive(session, records);
    }
  }

  /** One who keeps sending what nobody should have is cut off. */
  private async receive(session: Session, records: readonly Uint8Array[]): Promise<Received> {
    const { membership, transport, log } = this.components;
    const { peerId } = session;
    const received = await membership.receive(records, peerId);
    if (received.refused === 0) return received;
    if (session.refused === 0) log.warn({ peer: peerId, refused: received.refused }, 'membership records were refused');
    session.refused += received.refused;
    if (session.refused > MAX_REFUSED_RECORDS) await transport.hangUp(peerId).catch(() => undefined);
    return received;
  }
}
