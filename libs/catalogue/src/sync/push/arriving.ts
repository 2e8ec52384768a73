/** Members whose pushes come in now, or came a moment ago: one frame follows on the other. */
export class Arriving {
  /** Frames that are being stored, and when the last one was, by the monotonic clock. */
  private readonly frames = new Map<string, { underWay: number; lastAt: number }>();

  /** Rejects as `work` does. */
  async during<T>(peerId: string, work: Promise<T>): Promise<T> {
    const frames = this.frames.get(peerId) ?? { underWay: 0, lastAt: -Infinity };
    this.frames.set(peerId, frames);
    frames.underWay++;
    try {
      return await work;
    } finally {
      frames.underWay--;
      frames.lastAt = performance.now();
    }
  }

  /** @param within milliseconds after a frame in which the next one is awaited */
  is(peerId: string, within: number): boolean {
    const frames = this.frames.get(peerId);
    return frames !== undefined && (frames.underWay > 0 || performance.now() - frames.lastAt < within);
  }
}
