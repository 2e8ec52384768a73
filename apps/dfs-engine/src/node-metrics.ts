import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore } from '@dfs/chunks';
import type { ProvideQueue } from '@dfs/dht';
import type { Membership, Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { VERSION } from './version.js';

export interface NodeMetricsParts {
  chunks: ChunkStore;
  catalogue: Catalogue;
  membership: Membership;
  peers: Peers;
  dht: ProvideQueue;
  placement: Placement;
}

const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600];

/** Figures for Prometheus: those of the process, and those of the node as `dfs_*`. */
export class NodeMetrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'method' | 'status'>;
  private readonly durations: Histogram<'method'>;

  constructor(parts: NodeMetricsParts) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
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
    this.storage(parts, gauge);
    this.network(parts, gauge);
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
    gauge('files_bytes', 'Bytes of the current files', async () => (await catalogue.totals()).bytes);
  }

  private network({ membership, peers, dht, placement }: NodeMetricsParts, gauge: DefineGauge): void {
    gauge('members', 'Members of the network, this node included', () => membership.members().length);
    gauge('peers_connected', 'Members connected now', () => peers.connected().length);
    gauge('dht_routing_table_size', 'Peers in the routing table', () => dht.info().routingTableSize);
    gauge('dht_provide_queued', 'Contents that wait to be provided', () => dht.info().provide.queued);
    gauge('dht_provide_lag_seconds', 'How late providing is', () => dht.info().provide.lagSeconds);
    gauge(
      'transfers_running',
      'Transfers under way',
      () => placement.transfers.list().filter(({ state }) => state === 'running').length,
    );
  }
}

type DefineGauge = (name: string, help: string, read: () => number | Promise<number>) => void;
