import { DfsError, type Log } from '@dfs/runtime';
import { parseSyncMessage, SYNC_PROTOCOL, unpackRecords, type SignedRecord } from '@dfs/protocol';
import type { SyncChannel, SyncFrame } from '../../ports.js';
import { Outbox } from './outbox.js';
import { Reach } from './reached-members.js';

/** `open` gives a stream of that protocol to a member. @throws DfsError when the member cannot be reached */
export interface PushesParts {
  open: (peerId: string, protocol: string) => Promise<SyncChannel>;
  /** Not all arrived at this member: sets must be compared. */
  failed: (peerId: string) => void;
  log: Log;
}

/** New records on their way to members that are here. */
export class Pushes {
  private readonly outboxes = new Map<string, Outbox>();

  constructor(private readonly parts: PushesParts) {}

  /** @param reach members that have them or get them, these included */
  push(records: readonly SignedRecord[], peerIds: readonly string[], reach: Reach): void {
    for (const peerId of peerIds) this.outbox(peerId).push(records, reach);
  }

  /** The member is gone. */
  drop(peerId: string): void {
    this.outboxes.get(peerId)?.close();
    this.outboxes.delete(peerId);
  }

  stop(): void {
    for (const peerId of [...this.outboxes.keys()]) this.drop(peerId);
  }

  private outbox(peerId: string): Outbox {
    let outbox = this.outboxes.get(peerId);
    if (outbox === undefined) {
      outbox = new Outbox({
        open: () => this.parts.open(peerId, SYNC_PROTOCOL),
        failed: (error) => {
          this.parts.log.debug({ err: error, peerId }, 'new records could not be pushed, comparing instead');
          this.parts.failed(peerId);
        },
      });
      this.outboxes.set(peerId, outbox);
    }
    return outbox;
  }
}

/** The other end of a push: stores what comes, and says so. */
export async function receivePushes(
  channel: SyncChannel,
  frames: AsyncIterator<SyncFrame>,
  receive: (records: SignedRecord[], reach: Reach) => Promise<unknown>,
): Promise<void> {
  for (let step = await frames.next(); !step.done; step = await frames.next()) {
    const message = parseSyncMessage(step.value.header);
    if (message.t !== 'records') throw new DfsError('peer-misbehaved', 'A push holds nothing but records.');
    await receive(unpackRecords(step.value.payload), Reach.unpack(message.reached));
    await channel.send({ t: 'got' });
  }
}
