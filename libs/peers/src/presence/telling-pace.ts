import { Recurring, type Log, type WorkStatus } from '@dfs/runtime';
import { NUDGE_DELAY } from '../constants.js';

/** The acts that the pace is set for. */
export interface TellingPacePorts {
  /** Milliseconds between two heartbeats, at most. */
  periodMs(): number;
  /** @param periodMs the period by which this heartbeat was set */
  beat(periodMs: number): void;
  /** Sends this node's status to all. */
  tellAll(): void;
  log: Log;
}

/** When this node tells members of itself: by heartbeats at a steady pace, and soon where there is news. */
export class TellingPace {
  private readonly heartbeats: Recurring;
  private readonly news: Recurring;
  /** Milliseconds by which the next heartbeat was set. */
  private period = 0;

  constructor(private readonly ports: TellingPacePorts) {
    const { log } = ports;
    this.heartbeats = new Recurring(
      {
        name: 'send heartbeats',
        every: () => (this.period = ports.periodMs()) * (0.9 + Math.random() * 0.1),
        failed: 'a heartbeat failed',
        severity: 'error',
        run: async () => {
          ports.beat(this.period);
          return 'idle';
        },
      },
      { log },
    );
    this.news = new Recurring(
      {
        name: 'send news of this node',
        every: Infinity,
        gather: NUDGE_DELAY,
        failed: 'news of this node could not be sent',
        severity: 'error',
        run: async () => {
          ports.tellAll();
          return 'idle';
        },
      },
      { log },
    );
  }

  start(): void {
    this.news.start();
    this.heartbeats.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.heartbeats.stop(), this.news.stop()]);
  }

  /** There is news; before the start nobody could hear it. */
  nudge(): void {
    if (this.news.isOn) this.news.soon();
  }

  /** A shorter period counts at once: the next heartbeat may be a minute off. */
  periodChanged(): void {
    if (this.heartbeats.isOn && this.ports.periodMs() < this.period) this.heartbeats.reschedule();
  }

  /** Recurring work in the background. */
  work(): WorkStatus[] {
    return [this.heartbeats.status(), this.news.status()];
  }
}
