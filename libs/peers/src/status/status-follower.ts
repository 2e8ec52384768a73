import type { WireValue } from '@dfs/protocol';

/**
 * Follows up what members say in a section of their status: of each member one at a time, and of what came meanwhile
 * only the newest. A failure is told to `failed`; the next status is the next try.
 */
export class StatusFollower {
  /** Members that are being followed up, with the newest status that came meanwhile. */
  private readonly following = new Map<string, WireValue | undefined>();

  constructor(
    private readonly follow: (peerId: string, value: WireValue) => Promise<void>,
    private readonly failed: (peerId: string, error: unknown) => void,
  ) {}

  heard(peerId: string, value: WireValue): void {
    if (this.following.has(peerId)) this.following.set(peerId, value);
    else void this.followAll(peerId, value);
  }

  private async followAll(peerId: string, first: WireValue): Promise<void> {
    try {
      for (let value: WireValue | undefined = first; value !== undefined; value = this.following.get(peerId)) {
        this.following.set(peerId, undefined);
        await this.follow(peerId, value);
      }
    } catch (error) {
      this.failed(peerId, error);
    } finally {
      this.following.delete(peerId);
    }
  }
}
