import type { Settings, SettingsPatch, TransferLimits } from '@dfs/contracts';
import type { ChunkStore } from '@dfs/chunks';
import type { Database, MigrationClass, Tx } from '@dfs/database';
import type { Membership, Peers } from '@dfs/peers';
import { second } from '@dfs/runtime';
import type { NetworkSettings } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { defaultName, type Config } from '../config.js';
import { SettingEntity } from './setting.entity.js';

type Migration = InstanceType<MigrationClass>;

const NO_LIMITS: TransferLimits = { uploadBytesPerSecond: null, downloadBytesPerSecond: null };

/** Settings that a person has made on this node, besides its configuration. */
class EngineBaseline1796000000000 implements Migration {
  async up(runner: Parameters<Migration['up']>[0]): Promise<void> {
    await runner.query('CREATE TABLE engine_setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID');
  }

  async down(runner: Parameters<Migration['down']>[0]): Promise<void> {
    await runner.query('DROP TABLE engine_setting');
  }
}
/** Tables of the application itself. */
export const engineMigrations: MigrationClass[] = [EngineBaseline1796000000000];

/** Where settings of the node are kept, and what they act on at once. */
export interface SettingsComponents {
  db: Database;
  chunks: Pick<ChunkStore, 'setQuota' | 'usage'>;
  transport: Pick<Transport, 'setLimits'>;
}

/** Settings of this node alone. The configuration wins at each start; settings of a person last otherwise. */
export class NodeSettings {
  private constructor(
    private readonly parts: SettingsComponents,
    private nodeName: string,
    private limits: TransferLimits,
  ) {
    this.apply();
  }

  static async open(parts: SettingsComponents, config: Pick<Config, 'name' | 'quota'>): Promise<NodeSettings> {
    const { db, chunks } = parts;
    const rows = await db.repository(SettingEntity).find();
    const stored = new Map(rows.map(({ key, value }) => [key, value]));
    const quota = stored.get('quotaBytes');
    if (config.quota === undefined && quota !== undefined) chunks.setQuota(Number(quota));
    const limits = { ...NO_LIMITS, ...(JSON.parse(stored.get('limits') ?? '{}') as Partial<TransferLimits>) };
    return new NodeSettings(parts, config.name ?? stored.get('name') ?? defaultName(), limits);
  }

  get name(): string {
    return this.nodeName;
  }

  /** With those of the network, which are the same on every node. */
  read(membership: Membership): Settings {
    const { replicas, graceMs, retentionMs, retainedVersions, syncPeriodMs } = membership.settings();
    return {
      name: this.nodeName,
      networkName: membership.networkName,
      replicas,
      quotaBytes: this.parts.chunks.usage().quotaBytes,
      graceSeconds: Math.round(graceMs / second),
      retentionSeconds: Math.round(retentionMs / second),
      retainedVersions,
      syncPeriodSeconds: Math.round(syncPeriodMs / second),
      limits: this.limits,
    };
  }

  /**
   * Settings of the network only an owner may change, for all nodes: that is done first, and the rest only after it.
   * @throws DfsError `not-an-owner`; then nothing is changed
   */
  async change(patch: SettingsPatch, membership: Membership, peers: Pick<Peers, 'rename'>): Promise<Settings> {
    const { name, quotaBytes } = patch;
    const { db, chunks } = this.parts;
    const ofNetwork = changesOfNetwork(patch, this.read(membership));
    if (Object.keys(ofNetwork).length > 0) await membership.changeSettings(ofNetwork);
    await db.write(async (tx) => {
      if (name !== undefined) await store(tx, 'name', name);
      if (quotaBytes !== undefined) await store(tx, 'quotaBytes', String(quotaBytes));
      if (patch.limits) await this.changeLimits(tx, patch.limits);
    });
    if (quotaBytes !== undefined) chunks.setQuota(quotaBytes);
    if (name !== undefined) {
      this.nodeName = name;
      peers.rename(name);
    }
    return this.read(membership);
  }

  private async changeLimits(tx: Tx, patch: Partial<TransferLimits>): Promise<void> {
    const limits = {
      uploadBytesPerSecond: given(patch.uploadBytesPerSecond, this.limits.uploadBytesPerSecond),
      downloadBytesPerSecond: given(patch.downloadBytesPerSecond, this.limits.downloadBytesPerSecond),
    };
    await store(tx, 'limits', JSON.stringify(limits));
    tx.afterCommit(() => {
      this.limits = limits;
      this.apply();
    });
  }

  private apply(): void {
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.limits;
    this.parts.transport.setLimits({
      send: uploadBytesPerSecond ?? undefined,
      receive: downloadBytesPerSecond ?? undefined,
    });
  }
}

/** Null means something: no limit. */
function given<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value;
}

function store(tx: Tx, key: string, value: string): Promise<void> {
  return tx.repository(SettingEntity).put({ key, value });
}

/** Those of the network's settings that are to be others than they are. */
function changesOfNetwork(patch: SettingsPatch, current: Settings): Partial<NetworkSettings> {
  const changed = <K extends Exclude<keyof Settings, 'limits'>>(key: K): SettingsPatch[K] =>
    patch[key] === current[key] ? undefined : patch[key];
  const [networkName, replicas, retainedVersions] = [
    changed('networkName'),
    changed('replicas'),
    changed('retainedVersions'),
  ];
  const [graceSeconds, retentionSeconds, syncPeriodSeconds] = [
    changed('graceSeconds'),
    changed('retentionSeconds'),
    changed('syncPeriodSeconds'),
  ];
  return {
    ...(networkName !== undefined && { networkName }),
    ...(replicas !== undefined && { replicas }),
    ...(retainedVersions !== undefined && { retainedVersions }),
    ...(graceSeconds !== undefined && { graceMs: graceSeconds * second }),
    ...(retentionSeconds !== undefined && { retentionMs: retentionSeconds * second }),
    ...(syncPeriodSeconds !== undefined && { syncPeriodMs: syncPeriodSeconds * second }),
  };
}
