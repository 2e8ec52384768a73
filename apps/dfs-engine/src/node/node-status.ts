import type { NodeInfo } from '@dfs/contracts';
import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { EventLog } from '@dfs/events';
import { storageSection, type Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { Recurring, second, type Clock, type Log, type Timers, type WorkStatus } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import type { Backup } from '../backup/backup.js';
import type { NodeSettings } from './node-settings.js';
import { SteadyFigure } from './steady.js';
import { VERSION } from '../process/version.js';

/** How often consoles are told. */
const TELL_EVERY = 5 * second;

/** By how much what others are told of this node's room may be off. */
const TOLD_SHARE = 1 / 64;

/** The parts from which `GET /node` and the event `node.status` are put together. */
export interface NodeStatusParts {
  settings: Pick<NodeSettings, 'name'>;
  transport: Transport;
  peers: Peers;
  chunks: ChunkStore;
  catalogue: Catalogue;
  placement: Pick<Placement, 'pastBytes'>;
  events: EventLog;
  backup: Pick<Backup, 'status'>;
  clock: Clock;
  timers: Timers;
  log: Log;
}

/** This node's word on itself. */
export class NodeStatus {
  readonly startedAt: number;
  private readonly telling: Recurring;

  constructor(private readonly parts: NodeStatusParts) {
    const { timers, log } = parts;
    this.telling = new Recurring(
      {
        name: 'tell the state of this node',
        every: TELL_EVERY,
        failed: 'the status could not be told',
        severity: 'error',
        run: async () => {
          await this.tell();
          return 'idle';
        },
      },
      { timers, log },
    );
    this.startedAt = parts.clock.now();
    // It travels whenever it has changed; free bytes change all the time, and a quota may be a share of them.
    const [quota, free] = [new SteadyFigure(TOLD_SHARE), new SteadyFigure(TOLD_SHARE)];
    storageSection.say(parts.peers, () => {
      const { chunks, bytes, quotaBytes, freeBytes } = parts.chunks.usage();
      return {
        chunks,
        bytes,
        quotaBytes: quota.of(Math.floor(quotaBytes)),
        freeBytes: free.of(freeBytes),
      };
    });
  }

  async info(): Promise<NodeInfo> {
    const { settings, transport, peers, chunks, catalogue, placement, backup } = this.parts;
    return {
      peerId: transport.peerId,
      name: settings.name,
      version: VERSION,
      startedAt: new Date(this.startedAt).toISOString(),
      uptimeSeconds: this.uptimeSeconds(),
      addresses: transport.addresses(),
      network: peers.network(),
      storage: { ...chunks.usage(), backupBytes: backup.status().bytes, ...placement.pastBytes() },
      files: await catalogue.totals(),
    };
  }

  /** Tells of itself by `node.status` from now on. */
  start(): void {
    this.telling.start();
  }

  stop(): Promise<void> {
    return this.telling.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.telling.status();
  }

  private async tell(): Promise<void> {
    const { uptimeSeconds, storage, files: fileTotals, network } = await this.info();
    const connectedPeers = this.parts.peers.connected().length;
    this.parts.events.tell('node.status', { uptimeSeconds, storage, fileTotals, network, connectedPeers });
  }

  private uptimeSeconds(): number {
    return Math.max(0, Math.floor((this.parts.clock.now() - this.startedAt) / second));
  }
}
