import { setTimeout as delay } from 'node:timers/promises';
import type { MembershipRecord } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { FAREWELL_TIME } from '../constants.js';

/** Those who were removed, and are still being told so: they may pass a moment longer, and are cut off then. */
export class RemovalNotice {
  private readonly leaving = new Set<string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly transport: Transport) {}

  has(peerId: string): boolean {
    return this.leaving.has(peerId);
  }

  /** Members that these records remove. */
  static removedBy(records: readonly MembershipRecord[]): string[] {
    return records.flatMap(({ content }) => (content?.kind === 'removal' ? [content.member] : []));
  }

  /** Lets them pass until they were told, for a short time at most. */
  begin(peerIds: readonly string[], tell: () => Promise<unknown>): void {
    for (const peerId of peerIds) this.leaving.add(peerId);
    this.last = this.end(peerIds, tell());
  }

  /** Resolves when all were cut off. Never rejects. */
  async done(): Promise<void> {
    await this.last;
  }

  private async end(peerIds: readonly string[], told: Promise<unknown>): Promise<void> {
    const timeout = new AbortController();
    const { signal } = timeout;
    await Promise.race([
      told.catch(() => undefined),
      delay(FAREWELL_TIME, undefined, { signal }).catch(() => undefined),
    ]);
    timeout.abort();
    if (peerIds.length === 0) return;
    for (const peerId of peerIds) this.leaving.delete(peerId);
    await this.transport.enforceGate().catch(() => undefined);
    await Promise.all(peerIds.map((peerId) => this.transport.forget(peerId).catch(() => undefined)));
  }
}
