import {
  DfsError,
  MAX_SYNC_PAYLOAD_BYTES,
  MiB,
  packedRecordSize,
  packRecords,
  parseSyncMessage,
  second,
  type SignedRecord,
} from '@dfs/protocol';
import type { SyncChannel } from './exchange.js';

/** What waits for a slow member; beyond it a later exchange is cheaper than to keep it. */
const MAX_WAITING_BYTES = 16 * MiB;
/** An idle stream is closed after this time, before the transport takes it for a stalled one. */
const IDLE = 15 * second;

export interface OutboxParts {
  open: () => Promise<SyncChannel>;
  /** Not all arrived: the sets must be compared. */
  failed: (error: unknown) => void;
}

/**
 * New records on their way to one member: sent at once over a stream that stays open; what comes while a frame is being
 * sent goes with the next one.
 */
export class Outbox {
  private waiting: SignedRecord[] = [];
  private waitingBytes = 0;
  private reached = Infinity;
  private sending = false;
  private closed = false;
  private channel: SyncChannel | undefined;
  /** Frames on the way. */
  private unanswered = 0;
  private idle: NodeJS.Timeout | undefined;

  constructor(private readonly parts: OutboxParts) {}

  /** @param reached members that get these records from this node */
  push(records: readonly SignedRecord[], reached: number): void {
    if (this.closed) return;
    for (const record of records) this.waitingBytes += packedRecordSize(record);
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.fail(new Error('more waits for this member than is kept'));
      return;
    }
    for (const record of records) this.waiting.push(record);
    this.reached = Math.min(this.reached, reached);
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
        this.unanswered++;
        await this.channel.send({ t: 'records', reached: this.reached }, packRecords(this.takeFrame()));
      }
      this.reached = Infinity;
      this.idle = setTimeout(() => this.hangUp(), IDLE).unref();
    } catch (error) {
      this.fail(error);
    } finally {
      this.sending = false;
    }
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
      }
      if (this.unanswered > 0) throw new DfsError('peer-unreachable', 'The peer took no more records.');
      if (this.channel === channel) this.channel = undefined;
    } catch (error) {
      if (this.channel === channel) this.fail(error);
    }
  }

  private takeFrame(): SignedRecord[] {
    let size = 0;
    let count = 0;
    for (const record of this.waiting) {
      size += packedRecordSize(record);
      if (count > 0 && size > MAX_SYNC_PAYLOAD_BYTES) break;
      count++;
    }
    const frame = this.waiting.splice(0, count);
    for (const record of frame) this.waitingBytes -= packedRecordSize(record);
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
  }

  private hangUp(): void {
    clearTimeout(this.idle);
    const channel = this.channel;
    this.channel = undefined;
    channel?.end().catch((error: unknown) => channel.abort(error instanceof Error ? error : new Error('end failed')));
  }
}
