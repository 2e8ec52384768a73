import type { INestApplicationContext } from '@nestjs/common';
import { Catalogue, CatalogueSync } from '@dfs/catalogue';
import { Generation, Scrubber } from '@dfs/chunks';
import { ProvideQueue } from '@dfs/dht';
import { Membership, Peers } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { Purge } from '@dfs/purge';
import type { Log } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { Uploads } from '@dfs/tus';
import { Keys } from '../access/keys/keys.js';
import { Backup } from '../backup/backup.js';
import { Joining } from './joining.js';
import { TRANSPORT } from '../modules/transport.module.js';
import { NodeHealth } from '../node/node-health.js';
import { NodeStatus } from '../node/node-status.js';

interface Step {
  name: string;
  start(signal: AbortSignal): unknown;
  stop(): unknown;
}

/** What runs by itself while the node is up, in the order in which it starts; it stops in the other one. */
export class Runtime {
  private readonly steps: readonly Step[];
  private started: Step[] = [];

  constructor(
    app: INestApplicationContext,
    private readonly log: Log,
  ) {
    const transport = app.get<Transport>(TRANSPORT);
    const membership = app.get(Membership);
    const peers = app.get(Peers);
    const dht = app.get(ProvideQueue);
    const sync = app.get(CatalogueSync);
    const placement = app.get(Placement);
    const status = app.get(NodeStatus);
    const health = app.get(NodeHealth);
    const joining = app.get(Joining);
    // Each network has a table of its own.
    peers.onNetworkChanged(async (tx, _from, to) => {
      const failed = (error: unknown): void => log.error({ err: error }, 'the DHT of the new network did not start');
      tx.afterCommit(() => void dht.start(to).catch(failed));
    });
    const generation = app.get(Generation);
    this.steps = [
      // Whatever doubt there was, each part has drawn its conclusions and committed them.
      { name: 'generation', start: () => generation.raise(), stop: () => generation.raise() },
      { name: 'catalogue', start: () => undefined, stop: () => app.get(Catalogue).close() },
      // Ends after all that stores records.
      { name: 'backup', start: () => app.get(Backup).start(), stop: () => app.get(Backup).stop() },
      { name: 'transport', start: () => transport.start(), stop: () => transport.stop() },
      { name: 'dht', start: () => dht.start(membership.networkId), stop: () => dht.stop() },
      // Those that listen to peers are there before the first peer comes.
      { name: 'placement', start: () => placement.start(), stop: () => placement.stop() },
      { name: 'sync', start: () => sync.start(), stop: () => sync.stop() },
      { name: 'peers', start: () => peers.start(), stop: () => peers.stop() },
      { name: 'joining', start: (signal) => joining.start(signal), stop: () => joining.stop() },
      { name: 'purge', start: () => app.get(Purge).start(), stop: () => app.get(Purge).stop() },
      { name: 'scrub', start: () => app.get(Scrubber).start(), stop: () => app.get(Scrubber).stop() },
      { name: 'keys', start: () => app.get(Keys).start(), stop: () => app.get(Keys).stop() },
      { name: 'uploads', start: () => app.get(Uploads).start(), stop: () => app.get(Uploads).stop() },
      { name: 'health', start: () => health.start(), stop: () => health.stop() },
      { name: 'status', start: () => status.start(), stop: () => status.stop() },
    ];
  }

  /** @param signal ends what would wait for others */
  async start(signal: AbortSignal): Promise<void> {
    for (const step of this.steps) {
      await step.start(signal);
      this.started.push(step);
    }
  }

  /** What fails to stop is logged, and does not keep the others from it. */
  async stop(): Promise<void> {
    for (const step of this.started.splice(0).reverse()) {
      try {
        await step.stop();
      } catch (error) {
        this.log.error({ err: error, step: step.name }, 'a part did not stop in good order');
      }
    }
  }
}
