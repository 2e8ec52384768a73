import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore, Scrubber } from '@dfs/chunks';
import type { ProvideQueue } from '@dfs/dht';
import type { LiveFolders } from '@dfs/live-folders';
import type { Membership, Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { hour, second, type WorkStatus } from '@dfs/runtime';
import { folderMetrics } from './folder-metrics.js';
import { loopDelayMetrics, type LoopDelay } from '../process/loop-delay.js';
import type { NodeWork } from './node-work.js';
import { VERSION } from '../process/version.js';

/** The parts from which figures are read, at each request. */
export interface NodeMetricsParts {
  chunks: ChunkStore;
  catalogue: Catalogue;
  membership: Membership;
  peers: Peers;
  dht: ProvideQueue;
  placement: Placement;
  scrubber: Scrubber;
  work: Pick<NodeWork, 'list'>;
  folders: Pick<LiveFolders, 'list'>;
  delay: Pick<LoopDelay, 'read'>;
}

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];

/** Figures for Prometheus: those of the process, and those of the node as `dfs_*`. */
export class NodeMetrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'method' | 'status'>;
  private readonly durations: Histogram<'method'>;

  constructor(parts: NodeMetricsParts) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: hour });
    loopDelayMetrics(this.registry, parts.delay);
    new Gauge({ name: 'dfs_info', help: 'Version of the engine', labelNames: ['version'], registers }).set(
      { version: VERSION },
      1,
    );
    this.requests = new Counter({
      name: 'dfs_http_requests_total',
      help: 'HTTP requests answered',
      labelNames: ['method', 'status'],
      registers,
    });
    this.durations = new Histogram({
      name: 'dfs_http_request_seconds',
      help: 'Time until an answer was sent',
      labelNames: ['method'],
      buckets: SECONDS,
      registers,
    });
    const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
      new Gauge({
        name: `dfs_${name}`,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    };
    const counter = (name: string, help: string, read: () => number): void => {
      new Counter({
        name: `dfs_${name}`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    };
    this.storage(parts, gauge);
    this.upkeep(parts, gauge, counter);
    this.network(parts, gauge, counter);
    this.work(parts.work);
    folderMetrics(this.registry, () => parts.folders.list());
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** One answered request. */
  observe(method: string, status: number, seconds: number): void {
    this.requests.inc({ method, status: String(status) });
    this.durations.observe({ method }, seconds);
  }

  private storage({ chunks, catalogue }: NodeMetricsParts, gauge: DefineGauge): void {
    gauge('chunks', 'Blocks stored here', () => chunks.usage().chunks);
    gauge('chunks_damaged', 'Blocks found damaged and not healed', () => chunks.damaged().length);
    gauge('storage_bytes', 'Bytes stored here', () => chunks.usage().bytes);
    gauge('storage_quota_bytes', 'Bytes that may be stored here', () => chunks.usage().quotaBytes);
    gauge('storage_free_bytes', 'Free bytes of the file system', () => chunks.usage().freeBytes);
    gauge('files', 'Current files of the network', async () => (await catalogue.totals()).count);
    gauge('catalogue_forks', "Records that fork their author's chain", () => catalogue.forks());
    gauge('files_bytes', 'Bytes of the current files', async () => (await catalogue.totals()).bytes);
  }

  /** Times are 0 where there is none yet. */
  private upkeep({ scrubber, placement }: NodeMetricsParts, gauge: DefineGauge, counter: DefineCounter): void {
    const verified = () => scrubber.status().verified;
    const last = () => scrubber.status().last;
    const reclaimed = () => placement.status().reclaimed;
    counter('scrub_chunks_total', 'Blocks the scrub has read and hashed', () => verified().chunks);
    counter('scrub_bytes_total', 'Bytes the scrub has read and hashed', () => verified().bytes);
    counter('scrub_damaged_total', 'Blocks the scrub has found damaged', () => verified().damaged);
    gauge('scrub_progress_ratio', 'Share of the pass under way', () => scrubber.status().underWay?.share ?? 0);
    gauge('scrub_last_pass_timestamp_seconds', 'End of the last full pass', () => (last()?.finishedAt ?? 0) / second);
    gauge('scrub_last_pass_chunks', 'Blocks read in the last full pass', () => last()?.chunks ?? 0);
    gauge('scrub_last_pass_damaged', 'Blocks found damaged in the last full pass', () => last()?.damaged ?? 0);
    counter('reclaim_runs_total', 'Times that what nothing needs was freed', () => reclaimed().runs);
    counter('reclaim_chunks_total', 'Blocks freed', () => reclaimed().chunks);
    counter('reclaim_bytes_total', 'Bytes of the disk freed', () => reclaimed().bytes);
    gauge('reclaim_last_timestamp_seconds', 'End of the last such run', () => (reclaimed().lastAt ?? 0) / second);
  }

  /** Of each piece of work of the background. */
  private work(work: Pick<NodeWork, 'list'>): void {
    const about = { labelNames: ['work'] as const, registers: [this.registry] };
    new Gauge({
      ...{ name: 'dfs_work_running', help: 'Whether work of the background is under way', ...about },
      collect() {
        for (const { name, state } of work.list()) this.set({ work: name }, state === 'running' ? 1 : 0);
      },
    });
    const counter = (name: string, help: string, read: (status: WorkStatus) => number): void => {
      new Counter({
        ...{ name: `dfs_work_${name}_total`, help, ...about },
        collect() {
          this.reset();
          for (const status of work.list()) this.inc({ work: status.name }, read(status));
        },
      });
    };
    counter('runs', 'Runs of work of the background that ended well', ({ runs }) => runs);
    counter('errors', 'Runs of work of the background that failed', ({ errors }) => errors);
  }

  private network(
    { membership, peers, dht, placement }: NodeMetricsParts,
    gauge: DefineGauge,
    counter: DefineCounter,
  ): void {
    counter('blocks_sent_bytes_total', 'Bytes of blocks sent to peers', () => placement.status().sentBytes);
    gauge('ahead_uploads', 'Uploads at other members that are taken ahead', () => placement.status().ahead.uploads);
    gauge('ahead_bytes', 'Bytes of them that are here, unpinned', () => placement.status().ahead.bytes);
    gauge('members', 'Members of the network, this node included', () => membership.members().length);
    gauge('peers_connected', 'Members connected now', () => peers.connected().length);
    gauge('dht_routing_table_size', 'Peers in the routing table', () => dht.routingTableSize);
    gauge('dht_provide_queued', 'Contents that wait to be provided', async () => (await dht.info()).provide.queued);
    gauge('dht_provide_lag_seconds', 'How late providing is', async () => (await dht.info()).provide.lagSeconds);
    gauge(
      'transfers_running',
      'Transfers under way',
      () => placement.transfers.list().filter(({ state }) => state === 'running').length,
    );
  }
}

type DefineGauge = (name: string, help: string, read: () => number | Promise<number>) => void;
type DefineCounter = (name: string, help: string, read: () => number) => void;
