import { setImmediate } from 'node:timers/promises';
import { VirtualTime } from '@dfs/runtime';
import { HeapKeeper, type HeapPort } from './heap.js';

const MiB = 1024 * 1024;
const LOOK = 10_000;

/** A heap that does what the test says, and counts how often it was collected. */
class ScriptedHeap implements HeapPort {
  bytes = 100 * MiB;
  live = 60 * MiB;
  share = 0;
  collected = 0;

  size(): number {
    return this.bytes;
  }

  busy(): number {
    return this.share;
  }

  collect(): void {
    this.collected += 1;
    this.bytes = this.live;
  }
}

describe('the heap of a node', () => {
  const time = new VirtualTime();
  let heap: ScriptedHeap;
  let keeper: HeapKeeper;

  beforeEach(() => {
    heap = new ScriptedHeap();
    keeper = new HeapKeeper({ heap, timers: time });
    keeper.start();
  });
  afterEach(() => keeper.stop());

  async function look(times = 1): Promise<void> {
    for (let left = times; left > 0; left -= 1) {
      const { runs } = keeper.work();
      time.advance(LOOK);
      await setImmediate();
      expect(keeper.work().runs).toBe(runs + 1);
    }
  }

  it('is given back, with what the start left, once the node is at rest', async () => {
    expect(heap.collected).toBe(0);
    await look();
    expect(heap.collected).toBe(1);
  });

  it('is left alone while the node is at work', async () => {
    heap.share = 0.4;
    await look(5);
    expect(heap.collected).toBe(0);
    heap.share = 0.01;
    await look();
    expect(heap.collected).toBe(1);
  });

  it('is given back again only after it has grown', async () => {
    await look();
    heap.bytes += 15 * MiB;
    await look(5);
    expect(heap.collected).toBe(1);
    heap.bytes += 50 * MiB;
    await look(2);
    expect(heap.collected).toBe(2);
    expect(keeper.work()).toMatchObject({ name: 'give memory back', errors: 0 });
  });
});
