import type { ErrorCode, Health, WarningEvent } from '@dfs/contracts';
import type { Catalogue } from '@dfs/catalogue';
import type { ChunkStore, Generation, Scrubber } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { LiveFolders } from '@dfs/live-folders';
import type { Membership, Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { Recurring, second, type Clock, type Log, type Timers, type WorkStatus } from '@dfs/runtime';
import type { Joining } from '../start/joining.js';
import { backupReport } from '../backup/backup-report.js';
import type { Backup } from '../backup/backup.js';
import { diskReport } from './disk-report.js';
import { foldersReport } from './folders-report.js';
import { scrubReport } from './scrub-report.js';
import { storageReport } from './storage-report.js';
import { workReport } from './work-report.js';

const WATCH_EVERY = 10 * second;
/** Members that a sentence names. */
const NAMED = 5;

/** The parts that health looks at. */
export interface NodeHealthParts {
  db: Database;
  chunks: ChunkStore;
  generation: Pick<Generation, 'detail'>;
  catalogue: Pick<Catalogue, 'forks'>;
  membership: Membership;
  peers: Peers;
  events: EventLog;
  joining: Joining;
  placement: Pick<Placement, 'doubts'>;
  scrubber: Pick<Scrubber, 'status'>;
  backup: Pick<Backup, 'status'>;
  folders: Pick<LiveFolders, 'standing'>;
  /** Recurring work of the node. */
  work: () => readonly WorkStatus[];
  clock: Clock;
  timers: Timers;
  log: Log;
}

interface Check {
  name: string;
  ok: boolean;
  detail: string;
  /** Code of the warning while it is not ok. */
  code: WarningEvent['code'];
  /** Nothing can be served without it. */
  vital?: boolean;
  /** The part it is about warns of it by itself. */
  told?: boolean;
}

/** How well this node is: asked by health checks, and told as warnings that come and go by themselves. */
export class NodeHealth {
  private readonly warned = new Map<string, WarningEvent>();
  private readonly watching: Recurring;
  private stopping = false;

  constructor(private readonly parts: NodeHealthParts) {
    const { timers, log } = parts;
    this.watching = new Recurring(
      {
        name: 'watch the health of this node',
        every: WATCH_EVERY,
        failed: 'health could not be watched',
        severity: 'error',
        run: async () => {
          await this.watch();
          return 'idle';
        },
      },
      { timers, log },
    );
  }

  async check(): Promise<Health> {
    const checks = await this.checks();
    const failed = checks.filter((check) => !check.ok);
    return {
      status: failed.some((check) => check.vital) ? 'unavailable' : failed.length > 0 ? 'degraded' : 'ok',
      checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail })),
    };
  }

  /** Warns from now on, within seconds of a change. */
  start(): void {
    this.watching.start();
  }

  /** It is about to stop: whoever chooses among nodes takes another one. */
  drain(): void {
    this.stopping = true;
  }

  stop(): Promise<void> {
    this.stopping = true;
    return this.watching.stop();
  }

  private async checks(): Promise<Check[]> {
    return [
      {
        name: 'process',
        ok: !this.stopping,
        detail: this.stopping ? 'The node is shutting down.' : 'Running.',
        code: 'shutting-down',
        vital: true,
      },
      await this.database(),
      await this.generation(),
      this.storage(),
      this.chunks(),
      this.snapshot(),
      { name: 'disk', ...diskReport(this.parts.chunks.trouble()) },
      { name: 'scrub', ...scrubReport(this.parts.scrubber.status()), code: 'timeout' },
      this.clock(),
      await this.chains(),
      this.runs(),
      this.network(),
      await this.holders(),
      ...this.joining(),
      // Told by events of their own.
      { name: 'folders', ...foldersReport(await this.parts.folders.standing()), code: 'disk-failed', told: true },
      { name: 'work', ok: true, detail: workReport(this.parts.work()), code: 'internal-error' },
    ];
  }

  private async database(): Promise<Check> {
    const code: ErrorCode = 'internal-error';
    try {
      await this.parts.db.query('SELECT 1');
      const failing = this.parts.db.failing;
      if (failing === null) return { name: 'database', ok: true, detail: 'It answers.', code, vital: true };
      const detail = `Nothing can be written to the database (${failing}): check the disk, and whether it is mounted read-only.`;
      return { name: 'database', ok: false, detail, code: 'disk-failed' };
    } catch (error) {
      this.parts.log.error({ err: error }, 'the database does not answer');
      return { name: 'database', ok: false, detail: 'The database does not answer: see the log.', code, vital: true };
    }
  }

  /** Until the next start, so that a person sees it. */
  private async generation(): Promise<Check> {
    const { chunks, generation } = this.parts;
    const name = 'generation';
    const code = 'old-database';
    if (generation.detail === undefined)
      return { name, ok: true, detail: 'The database is the newest of its directory.', code };
    const { packs, unread } = await chunks.found();
    const found =
      packs === 0
        ? 'Every pack of chunks is known to it.'
        : `${packs} packs of chunks that it did not know are kept${unread > 0 ? `; ${unread} of them are still to be read` : ''}.`;
    const advice = 'Nothing was removed. Where a newer database is at hand, stop the node and put that back.';
    return { name, ok: false, detail: `${generation.detail} ${found} ${advice}`, code };
  }

  private storage(): Check {
    const { chunks } = this.parts;
    return { name: 'storage', ...storageReport(chunks.usage(), chunks.room()), code: 'low-space' };
  }

  private snapshot(): Check {
    const { backup, clock } = this.parts;
    const status = backup.status();
    const code = status.problem === 'no-space' ? 'low-space' : 'internal-error';
    return { name: 'snapshot', ...backupReport(status, clock.now()), code };
  }

  private chunks(): Check {
    const count = this.parts.chunks.damaged().length;
    const detail =
      count === 0
        ? 'None is damaged.'
        : `${count} chunks are damaged here. ${this.parts.membership.members().length > 1 ? 'They are fetched anew from members that hold them' : 'No other member can heal them: check the disk. They are kept'}, and are tried again at each read, at each start and every hour.`;
    return { name: 'chunks', ok: count === 0, detail, code: 'damaged-chunk' };
  }

  private clock(): Check {
    const { peers } = this.parts;
    const problem = peers.clockProblem() ?? peers.clockDifference();
    const detail = problem ?? 'It agrees with those of the members heard from lately, as far as there are any.';
    return { name: 'clock', ok: problem === undefined, detail, code: 'clock-skew' };
  }

  /** Told of when it is found, and true for ever: nothing is wrong with a node that knows of it. */
  private async chains(): Promise<Check> {
    const forks = await this.parts.catalogue.forks();
    const detail =
      forks === 0
        ? 'Every member writes one chain of changes.'
        : `${forks} changes fork the chain of their author: a node was restored from an old copy, or runs twice.`;
    return { name: 'chains', ok: true, detail, code: 'fork' };
  }

  /** A data directory that was copied, and is run twice: this node's, or that of a member. */
  private runs(): Check {
    const { peers } = this.parts;
    const clones = peers.clones().map(({ peerId, addresses }) => {
      const where = addresses.length > 0 ? `, at ${addresses.join(', ')}` : '';
      return `The node ${peerId} (${peers.nameOf(peerId) ?? 'no name'}) runs twice${where}: its data directory was copied. Stop one of the two.`;
    });
    const problems = [peers.cloneProblem() ?? [], clones].flat();
    const detail = problems.length > 0 ? problems.join(' ') : 'Every node runs once, as far as it is heard here.';
    return { name: 'runs', ok: problems.length === 0, detail, code: 'cloned' };
  }

  private network(): Check {
    const { membership } = this.parts;
    if (membership.isReturning) {
      const detail =
        `This node lost its database, and belongs to the network "${membership.networkName}". It asks the ` +
        `${membership.remembered.length} members it remembers for membership and catalogue, and has reached none so far. ` +
        'Start one of them, or give this node a return ticket made by one. If none will ever come back, stop this node, ' +
        'remove network.json from its data directory, and start it again: it then founds a network of its own.';
      return { name: 'network', ok: false, detail, code: 'not-ready' };
    }
    if (membership.isRemoved) {
      const detail = `This node was removed from the network "${membership.networkName}". Its files can still be read here. To come back, join with a new ticket.`;
      return { name: 'network', ok: false, detail, code: 'not-a-member', told: true };
    }
    const others = membership.members().length - 1;
    const connected = this.parts.peers.connected().length;
    const detail =
      others === 0 ? 'This node is alone in its network.' : `${connected} of ${others} other members are connected.`;
    return { name: 'network', ok: others === 0 || connected > 0, detail, code: 'peer-unreachable' };
  }

  private async holders(): Promise<Check> {
    const doubts = await this.parts.placement.doubts();
    const of = doubts.map(
      ({ peerId, contents }) => `${this.parts.peers.nameOf(peerId) ?? peerId} (${contents} contents)`,
    );
    const detail =
      doubts.length === 0
        ? 'No member has sent wrong bytes lately.'
        : `Members sent wrong bytes: ${of.slice(0, NAMED).join(', ')}${of.length > NAMED ? ', …' : ''}. Their copies of these do not count for a day, or until they have fetched them anew: check memory and disk there.`;
    return { name: 'holders', ok: doubts.length === 0, detail, code: 'peer-misbehaved' };
  }

  private joining(): Check[] {
    const problem = this.parts.joining.problem();
    return problem ? [{ name: 'join', ok: false, detail: problem.detail, code: problem.code }] : [];
  }

  /** Records what has changed since it was last asked. */
  private async watch(): Promise<void> {
    for (const { name, detail, code, ...check } of await this.checks()) {
      const known = this.warned.get(name);
      const ok = check.ok || check.told === true;
      if (ok ? !known : known?.code === code) continue;
      // Where it cannot be recorded, as on a disk that takes nothing, it is tried again.
      await this.parts.events.recordNow('node.warning', {
        code: ok ? (known?.code ?? code) : code,
        detail,
        active: !ok,
      });
      if (ok) this.warned.delete(name);
      else this.warned.set(name, { code, detail, active: true });
    }
    await this.endJoinWarning();
  }

  private async endJoinWarning(): Promise<void> {
    const known = this.warned.get('join');
    if (!known || this.parts.joining.problem()) return;
    this.warned.delete('join');
    await this.parts.events.recordNow('node.warning', {
      ...known,
      detail: 'This node has joined its network.',
      active: false,
    });
  }
}
