import { DfsError, type Log } from '@dfs/runtime';
import { parseSyncMessage, splitContents, SYNC_PROTOCOL, unpackRecords, type SignedRecord } from '@dfs/protocol';
import type { SyncChannel, SyncFrame } from '../../ports.js';
import { Outbox } from './outbox.js';
import { Reach } from './reached-members.js';

/** `open` gives a stream of that protocol to a member. @throws DfsError when the member cannot be reached */
export interface PushesParts {
  open: (peerId: string, protocol: string) => Promise<SyncChannel>;
  /** Small contents that go with records to a member, of so many bytes together at most. */
  contentsOf: (records: readonly SignedRecord[], peerId: string, most: number) => Promise<Uint8Array[]>;
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
        contentsOf: (records, most) => this.parts.contentsOf(records, peerId, most),
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
  receive: (records: SignedRecord[], reach: Reach, contents: readonly Uint8Array[]) => Promise<unknown>,
): Promise<void> {
  for (let step = await frames.next(); !step.done; step = await frames.next()) {
    const message = parseSyncMessage(step.value.header);
    if (message.t !== 'records') throw new DfsError('peer-misbehaved', 'A push holds nothing but records.');
    const { records, contents } = splitContents(step.value.payload, message.contents);
    await receive(unpackRecords(records), Reach.unpack(message.reached), contents);
    await channel.send({ t: 'got' });
  }
}
