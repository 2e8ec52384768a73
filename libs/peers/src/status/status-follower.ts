/**
 * Follows up what members say: of each member one at a time, and of what came meanwhile only the newest. A failure is
 * told to `failed`; what is heard next is the next try.
 */
export class StatusFollower<T> {
  /** Members that are being followed up, with the newest that came meanwhile. */
  private readonly following = new Map<string, { said: T } | undefined>();

  constructor(
    private readonly follow: (peerId: string, said: T) => Promise<void>,
    private readonly failed: (peerId: string, error: unknown) => void,
  ) {}

  heard(peerId: string, said: T): void {
    if (this.following.has(peerId)) this.following.set(peerId, { said });
    else void this.followAll(peerId, said);
  }

  private async followAll(peerId: string, first: T): Promise<void> {
    try {
      for (let next: { said: T } | undefined = { said: first }; next; next = this.following.get(peerId)) {
        this.following.set(peerId, undefined);
        await this.follow(peerId, next.said);
      }
    } catch (error) {
      this.failed(peerId, error);
    } finally {
      this.following.delete(peerId);
    }
  }
}
