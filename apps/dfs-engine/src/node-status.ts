import type { NodeInfo } from '@dfs/contracts';
import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { EventLog } from '@dfs/events';
import { STORAGE_SECTION, type Peers } from '@dfs/peers';
import { MiB, second, type Clock } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import type { NodeSettings } from './node-settings.js';
import { VERSION } from './version.js';

/** How often consoles are told. */
const TELL_EVERY = 5 * second;

const FREE_STEP = 256 * MiB;

export interface NodeStatusParts {
  settings: Pick<NodeSettings, 'name'>;
  transport: Transport;
  peers: Peers;
  chunks: ChunkStore;
  catalogue: Catalogue;
  events: EventLog;
  clock: Clock;
}

/** What this node says of itself. */
export class NodeStatus {
  readonly startedAt: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: NodeStatusParts) {
    this.startedAt = parts.clock.now();
    // It travels whenever it has changed: free bytes change all the time, and are told in large steps.
    parts.peers.contribute(STORAGE_SECTION, () => {
      const { chunks, bytes, quotaBytes, freeBytes } = parts.chunks.usage();
      return {
        chunks,
        bytes,
        quotaBytes: Math.floor(quotaBytes),
        freeBytes: Math.floor(freeBytes / FREE_STEP) * FREE_STEP,
      };
    });
  }

  async info(): Promise<NodeInfo> {
    const { settings, transport, peers, chunks, catalogue } = this.parts;
    return {
      peerId: transport.peerId,
      name: settings.name,
      version: VERSION,
      startedAt: new Date(this.startedAt).toISOString(),
      uptimeSeconds: this.uptimeSeconds(),
      addresses: transport.addresses(),
      network: peers.network(),
      storage: chunks.usage(),
      files: await catalogue.totals(),
    };
  }

  /** Tells of itself by `node.status` from now on. */
  start(onError: (error: unknown) => void): void {
    this.timer = setInterval(() => void this.tell().catch(onError), TELL_EVERY);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async tell(): Promise<void> {
    const { uptimeSeconds, storage, files, network } = await this.info();
    const connectedPeers = this.parts.peers.connected().length;
    this.parts.events.tell('node.status', { uptimeSeconds, storage, files, network, connectedPeers });
  }

  private uptimeSeconds(): number {
    return Math.max(0, Math.floor((this.parts.clock.now() - this.startedAt) / second));
  }
}
