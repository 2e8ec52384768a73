import type { INestApplicationContext } from '@nestjs/common';
import { Generation, Scrubber } from '@dfs/chunks';
import type { Log } from '@dfs/runtime';
import { MultipartUploads } from '@dfs/s3';
import { Uploads } from '@dfs/tus';
import { Keys } from '../access/keys/keys.js';
import { Backup } from '../backup/backup.js';
import { Joining } from './joining.js';
import { LiveFolders } from '@dfs/live-folders';
import { startSteps, stopSteps, type NodeParts, type Step } from '@dfs/node';
import { NODE } from '../modules/node.module.js';
import { HeapKeeper } from '../node/heap.js';
import { LoopDelay } from '../process/loop-delay.js';
import { NodeHealth } from '../node/node-health.js';
import { NodeSettings } from '../node/node-settings.js';
import { NodeStatus } from '../node/node-status.js';
import { NodeWork } from '../node/node-work.js';
import { Removals } from '../removals/removals.js';

/** Parts that run by themselves while the node is up, in the order in which it starts; it stops in the other one. */
export class Runtime {
  private readonly steps: readonly Step[];
  private started: Step[] = [];

  constructor(
    app: INestApplicationContext,
    private readonly log: Log,
  ) {
    const { steps } = app.get<NodeParts>(NODE);
    const status = app.get(NodeStatus);
    const health = app.get(NodeHealth);
    const joining = app.get(Joining);
    const generation = app.get(Generation);
    const uploads = app.get(Uploads);
    const multipart = app.get(MultipartUploads);
    // Of modules that the API knows nothing of.
    for (const worker of [uploads, multipart]) app.get(NodeWork).add(worker);
    this.steps = [
      // Each part has drawn its conclusions from any doubt, and committed them.
      { name: 'generation', start: () => generation.raise(), stop: () => generation.raise() },
      // Ends after all that stores records.
      { name: 'backup', start: () => app.get(Backup).start(), stop: () => app.get(Backup).stop() },
      ...steps,
      { name: 'joining', start: (signal) => joining.start(signal), stop: () => joining.stop() },
      { name: 'removals', start: () => app.get(Removals).start(), stop: () => app.get(Removals).stop() },
      { name: 'scrub', start: () => app.get(Scrubber).start(), stop: () => app.get(Scrubber).stop() },
      { name: 'settings', start: () => app.get(NodeSettings).start(), stop: () => app.get(NodeSettings).stop() },
      { name: 'keys', start: () => app.get(Keys).start(), stop: () => app.get(Keys).stop() },
      { name: 'uploads', start: () => uploads.start(), stop: () => uploads.stop() },
      { name: 'multipart uploads', start: () => multipart.start(), stop: () => multipart.stop() },
      { name: 'live folders', start: () => app.get(LiveFolders).start(), stop: () => app.get(LiveFolders).stop() },
      { name: 'health', start: () => health.start(), stop: () => health.stop() },
      { name: 'status', start: () => status.start(), stop: () => status.stop() },
      { name: 'delay', start: () => app.get(LoopDelay).start(), stop: () => app.get(LoopDelay).stop() },
      { name: 'heap', start: () => app.get(HeapKeeper).start(), stop: () => app.get(HeapKeeper).stop() },
    ];
  }

  /** @param signal ends what would wait for others */
  start(signal: AbortSignal): Promise<void> {
    return startSteps(this.steps, signal, (step) => this.started.push(step));
  }

  /** A layer that fails to stop is logged, and does not keep the others from stopping. */
  stop(): Promise<void> {
    return stopSteps(this.started.splice(0), this.log);
  }
}
