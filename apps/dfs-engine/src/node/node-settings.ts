import type { ScheduledLimits, Settings, SettingsPatch, TransferLimits } from '@dfs/contracts';
import type { ChunkStore } from '@dfs/chunks';
import type { Database, MigrationClass, Tx } from '@dfs/database';
import type { Membership, Peers } from '@dfs/peers';
import { minute, Recurring, second, type Clock, type Log, type Timers, type WorkStatus } from '@dfs/runtime';
import type { NetworkSettings } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { defaultName, type Config } from '../config.js';
import { limitsAt } from './limit-schedule.js';
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
  clock: Clock;
  timers: Timers;
  log: Log;
}

/** Limits of transfers as a person has set them. */
interface Limits {
  readonly usual: TransferLimits;
  readonly schedule: readonly ScheduledLimits[];
}

/** Settings of this node alone. The configuration wins at each start; settings of a person last otherwise. */
export class NodeSettings {
  /** Looks at the clock each full minute, as long as there is a schedule: it may be set, and a machine may sleep. */
  private readonly keeping: Recurring;

  private constructor(
    private readonly parts: SettingsComponents,
    private nodeName: string,
    private limits: Limits,
  ) {
    const { clock, timers, log } = parts;
    this.keeping = new Recurring(
      {
        name: 'keep to the schedule of limits',
        every: () => (this.limits.schedule.length > 0 ? minute - (clock.now() % minute) : Infinity),
        failed: 'the limits of this time could not be set',
        run: async () => {
          this.apply();
          return 'idle';
        },
      },
      { timers, log },
    );
    this.apply();
  }

  static async open(parts: SettingsComponents, config: Pick<Config, 'name' | 'quota'>): Promise<NodeSettings> {
    const { db, chunks } = parts;
    const rows = await db.repository(SettingEntity).find();
    const stored = new Map(rows.map(({ key, value }) => [key, value]));
    const quota = stored.get('quotaBytes');
    if (config.quota === undefined && quota !== undefined) chunks.setQuota(Number(quota));
    const limits = {
      usual: { ...NO_LIMITS, ...(JSON.parse(stored.get('limits') ?? '{}') as Partial<TransferLimits>) },
      schedule: JSON.parse(stored.get('limitSchedule') ?? '[]') as ScheduledLimits[],
    };
    return new NodeSettings(parts, config.name ?? stored.get('name') ?? defaultName(), limits);
  }

  get name(): string {
    return this.nodeName;
  }

  /** Changes the limits from now on at the times of the schedule. */
  start(): void {
    this.keeping.start();
  }

  stop(): Promise<void> {
    return this.keeping.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.keeping.status();
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
      limits: this.limits.usual,
      limitSchedule: [...this.limits.schedule],
      limitsNow: this.now(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
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
      await this.changeLimits(tx, patch);
    });
    if (quotaBytes !== undefined) chunks.setQuota(quotaBytes);
    if (name !== undefined) {
      this.nodeName = name;
      peers.rename(name);
    }
    return this.read(membership);
  }

  private async changeLimits(tx: Tx, { limits, limitSchedule }: SettingsPatch): Promise<void> {
    if (!limits && !limitSchedule) return;
    const usual = filled(limits, this.limits.usual);
    const schedule = limitSchedule?.map(({ days, from, to, ...limits }) => ({
      ...{ days, from, to },
      ...filled(limits, NO_LIMITS),
    }));
    if (limits) await store(tx, 'limits', JSON.stringify(usual));
    if (schedule) await store(tx, 'limitSchedule', JSON.stringify(schedule));
    tx.afterCommit(() => {
      this.limits = { usual, schedule: schedule ?? this.limits.schedule };
      this.apply();
      this.keeping.reschedule();
    });
  }

  private now(): TransferLimits {
    return limitsAt(new Date(this.parts.clock.now()), this.limits.usual, this.limits.schedule);
  }

  private apply(): void {
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.now();
    this.parts.transport.setLimits({
      send: uploadBytesPerSecond ?? undefined,
      receive: downloadBytesPerSecond ?? undefined,
    });
  }
}

/** Those that are left out are as otherwise. */
function filled(limits: Partial<TransferLimits> | undefined, otherwise: TransferLimits): TransferLimits {
  return {
    uploadBytesPerSecond: given(limits?.uploadBytesPerSecond, otherwise.uploadBytesPerSecond),
    downloadBytesPerSecond: given(limits?.downloadBytesPerSecond, otherwise.downloadBytesPerSecond),
  };
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
  const changed = <K extends Exclude<keyof SettingsPatch, 'limits' | 'limitSchedule'>>(key: K): SettingsPatch[K] =>
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
