import { DfsError, MiB, second } from '@dfs/runtime';
import {
  MAX_SYNC_PAYLOAD_BYTES,
  packedRecordSize,
  packIndexes,
  packRecords,
  parseSyncMessage,
  type SignedRecord,
} from '@dfs/protocol';
import { framesOf } from '@dfs/transport';
import type { SyncChannel } from '../../ports.js';
import { RECORD_FRAMES } from '../record-frames.js';
import type { Reach } from './reached-members.js';

/** Bytes that wait for a slow member; beyond them a later exchange is cheaper than to keep it. */
const MAX_WAITING_BYTES = 16 * MiB;
/** Frames on the way: what comes meanwhile goes together, and is stored together. */
const MAX_UNANSWERED = 4;
/** An idle stream is closed after this time, before the transport takes it for a stalled one. */
const IDLE = 15 * second;

/** `open` gives a stream of the push protocol to the member; it is called again after one has broken. */
export interface OutboxParts {
  open: () => Promise<SyncChannel>;
  /** Small contents that go with these records, of so many bytes together at most. */
  contentsOf: (records: readonly SignedRecord[], most: number) => Promise<Uint8Array[]>;
  /** Not all arrived: the sets must be compared. */
  failed: (error: unknown) => void;
}

/**
 * New records on their way to one member: sent at once over a stream that stays open; what comes while a few frames are
 * on the way goes with the next one.
 */
export class Outbox {
  private waiting: SignedRecord[] = [];
  private waitingBytes = 0;
  /** Of all that waits. */
  private reach: Reach | undefined;
  private sending = false;
  private closed = false;
  private channel: SyncChannel | undefined;
  /** Frames on the way. */
  private unanswered = 0;
  /** Something was answered, or nothing waits any more. */
  private wake: () => void = () => undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly parts: OutboxParts) {}

  /** @param reach members that need not be sent these records */
  push(records: readonly SignedRecord[], reach: Reach): void {
    if (this.closed) return;
    for (const record of records) this.waitingBytes += packedRecordSize(record);
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.fail(new Error('more waits for this member than is kept'));
      return;
    }
    for (const record of records) this.waiting.push(record);
    this.reach = this.reach?.and(reach) ?? reach;
    if (!this.sending) void this.sendAll();
  }

  close(): void {
    this.closed = true;
    this.drop();
    this.hangUp();
  }

  private async sendAll(): Promise<void> {
    this.sending = true;
    clearTimeout(this.idle);
    try {
      while (this.waiting.length > 0) {
        this.channel ??= await this.openChannel();
        if (this.unanswered >= MAX_UNANSWERED) {
          await new Promise<void>((resolve) => (this.wake = resolve));
          continue;
        }
        this.unanswered++;
        await this.sendFrame(this.channel);
      }
      this.idle = setTimeout(() => this.hangUp(), IDLE).unref();
    } catch (error) {
      this.fail(error);
    } finally {
      this.sending = false;
    }
  }

  private async sendFrame(channel: SyncChannel): Promise<void> {
    const reached = this.reach?.pack() ?? null;
    const frame = this.takeFrame();
    const records = packRecords(frame);
    const contents = await this.parts.contentsOf(frame, MAX_SYNC_PAYLOAD_BYTES - records.length);
    // Lost meanwhile: that not all has arrived is known.
    if (this.channel !== channel) return;
    if (contents.length === 0) return channel.send({ t: 'records', reached }, records);
    const sizes = packIndexes(contents.map(({ length }) => length));
    await channel.send({ t: 'records', reached, contents: sizes }, Buffer.concat([records, ...contents]));
  }

  private async openChannel(): Promise<SyncChannel> {
    const channel = await this.parts.open();
    if (this.closed) {
      channel.abort(new Error('closed'));
      throw new Error('closed');
    }
    this.unanswered = 0;
    await channel.send({ t: 'push' });
    void this.watch(channel);
    return channel;
  }

  /** Every frame is answered, so that a loss shows. */
  private async watch(channel: SyncChannel): Promise<void> {
    try {
      for await (const { header } of channel.frames()) {
        if (parseSyncMessage(header).t !== 'got') throw new DfsError('peer-misbehaved', 'A push is answered by got.');
        this.unanswered--;
        this.wake();
      }
      if (this.unanswered > 0) throw new DfsError('peer-unreachable', 'The peer took no more records.');
      if (this.channel === channel) this.channel = undefined;
    } catch (error) {
      if (this.channel === channel) this.fail(error);
    }
  }

  private takeFrame(): SignedRecord[] {
    const [frame = []] = framesOf(this.waiting, RECORD_FRAMES);
    this.waiting.splice(0, frame.length);
    for (const record of frame) this.waitingBytes -= packedRecordSize(record);
    if (this.waiting.length === 0) this.reach = undefined;
    return frame;
  }

  private fail(error: unknown): void {
    this.drop();
    const channel = this.channel;
    this.channel = undefined;
    channel?.abort(error instanceof Error ? error : new Error('the stream failed'));
    if (!this.closed) this.parts.failed(error);
  }

  private drop(): void {
    this.waiting = [];
    this.waitingBytes = 0;
    this.reach = undefined;
    this.wake();
  }

  private hangUp(): void {
    clearTimeout(this.idle);
    const channel = this.channel;
    this.channel = undefined;
    channel?.end().catch((error: unknown) => channel.abort(error instanceof Error ? error : new Error('end failed')));
  }
}
