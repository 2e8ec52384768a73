import type { PeerEvent } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { Recurring, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { DISCONNECT_DEBOUNCE } from '../constants.js';

/** Milliseconds for which events are gathered, so that a start with many members is one write. */
const GATHER = 50;

interface Told {
  connected: boolean;
  /** Runs until a member that has gone is reported so. */
  timer: NodeJS.Timeout | undefined;
}

/** `peer.connected` and `peer.disconnected`, durable: a link that flaps is not reported again and again. */
export class PeerEvents {
  private readonly told = new Map<string, Told>();
  private readonly queue: { type: 'peer.connected' | 'peer.disconnected'; data: PeerEvent }[] = [];
  private readonly writing: Recurring;

  constructor(
    private readonly components: {
      db: Database;
      events: EventLog;
      log: Log;
      describe(peerId: string): Omit<PeerEvent['peer'], 'state'> | undefined;
    },
  ) {
    this.writing = new Recurring(
      {
        name: 'tell who has come and gone',
        every: Infinity,
        gather: GATHER,
        failed: 'events of members could not be written',
        run: () => this.write(),
      },
      { log: components.log },
    ).start();
  }

  connected(peerId: string): void {
    const told = this.of(peerId);
    clearTimeout(told.timer);
    told.timer = undefined;
    if (told.connected) return;
    told.connected = true;
    this.add(peerId, 'peer.connected');
  }

  disconnected(peerId: string): void {
    const told = this.of(peerId);
    told.timer ??= setTimeout(() => this.reportGone(peerId, told), DISCONNECT_DEBOUNCE).unref();
  }

  /** It was removed: that is reported instead. */
  forget(peerId: string): void {
    clearTimeout(this.told.get(peerId)?.timer);
    this.told.delete(peerId);
  }

  /** Reports nobody as gone: it is this node that goes. */
  async stop(): Promise<void> {
    for (const peerId of [...this.told.keys()]) this.forget(peerId);
    await this.writing.now();
    await this.writing.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.writing.status();
  }

  private reportGone(peerId: string, told: Told): void {
    told.timer = undefined;
    if (!told.connected) return;
    told.connected = false;
    this.add(peerId, 'peer.disconnected');
  }

  private add(peerId: string, type: 'peer.connected' | 'peer.disconnected'): void {
    const peer = this.components.describe(peerId);
    if (!peer) return;
    const state = type === 'peer.connected' ? 'connected' : 'disconnected';
    this.queue.push({ type, data: { peer: { ...peer, state } } });
    this.writing.soon();
  }

  private async write(): Promise<Ran> {
    const { db, events } = this.components;
    const batch = this.queue.splice(0);
    if (batch.length === 0) return 'idle';
    await db.write(async (tx) => {
      for (const { type, data } of batch) await events.record(tx, type, data);
    });
    return 'idle';
  }

  private of(peerId: string): Told {
    let told = this.told.get(peerId);
    if (!told) this.told.set(peerId, (told = { connected: false, timer: undefined }));
    return told;
  }
}
