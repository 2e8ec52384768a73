import { performance } from 'node:perf_hooks';
import { Recurring, second, type Log, type Timers, type WorkStatus } from '@dfs/runtime';

const MiB = 1024 * 1024;
/** How often the node looks whether it is at rest. */
const LOOK_EVERY = 10 * second;
/** Share of the time in which the event loop of a node at rest may be busy, from one look to the next. */
const AT_REST = 0.05;
/** Growth of a heap, in bytes, from which giving it back is worth the pause. */
const WORTH_IT = 16 * MiB;

/** V8, as far as the heap of the main thread goes. Sizes are in bytes. */
export interface HeapPort {
  /** Memory of the machine that the heap takes, used or not. Bytes. */
  size(): number;
  /** Share of the time since the last call in which the event loop was busy, 0 to 1. */
  busy(): number;
  /** Collects what is unreachable, and gives free pages back: twice the processor time of a collection alone. */
  collect(): void;
}

/** The heap of this process. Without `--expose-gc`, which the engine sets, nothing is collected by request. */
export function heapOfProcess(): HeapPort {
  let before = performance.eventLoopUtilization();
  return {
    size: () => process.memoryUsage().heapTotal,
    busy: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    collect: () => void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  };
}

/** A test scripts the heap; that of the process when left out. */
export interface HeapKeeperParts {
  heap?: HeapPort;
  timers?: Timers;
  log?: Log;
}

/**
 * Keeps the heap of a node at rest small. V8 collects old objects only when the heap has grown by half or more, and keeps
 * the pages: a node would go on with the garbage of its start, and with the size it had in its busiest minute. A node at
 * work is never paused by this.
 */
export class HeapKeeper {
  private readonly heap: HeapPort;
  private readonly looking: Recurring;
  /** Its size after it was last given back. */
  private kept = 0;

  constructor({ heap = heapOfProcess(), timers, log }: HeapKeeperParts = {}) {
    this.heap = heap;
    this.looking = new Recurring(
      {
        name: 'give memory back',
        every: LOOK_EVERY,
        failed: 'memory could not be given back',
        run: () => {
          this.look();
          return Promise.resolve('idle');
        },
      },
      { ...(timers && { timers }), ...(log && { log }) },
    );
  }

  /** Looks now and then. A few MiB that the start has left go with the first rest: to collect them at once would delay the node. */
  start(): void {
    this.heap.busy();
    this.looking.start();
  }

  async stop(): Promise<void> {
    await this.looking.stop();
  }

  work(): WorkStatus {
    return this.looking.status();
  }

  private look(): void {
    if (this.heap.busy() > AT_REST || this.heap.size() - this.kept < WORTH_IT) return;
    this.heap.collect();
    this.kept = this.heap.size();
    // Its own time is not that of the node's work.
    this.heap.busy();
  }
}
