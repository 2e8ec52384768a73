import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isClaimed, isRunning } from './ports.js';

const run = promisify(execFile);

/** Milliseconds for which a host believes what it has found out about a neighbour. */
const ARP_VALIDITY = 3_600_000;
/** Where `ip netns` keeps its namespaces. */
const NAMESPACES = '/run/netns';
/** Of names of namespaces and interfaces made here: then the process that made them, so that its leftovers are known. */
const PREFIX = 'dfs';
/** Hosts on one network, as addresses of a /24 allow. */
const MAX_HOSTS = 200;
/** Bytes that may pass at once through a limited link: a little above the largest piece a kernel hands over. */
const BURST_BYTES = 256 * 1024;
/** Milliseconds a byte may wait in front of a limited link before it is dropped. */
const QUEUE_TIME = 100;
/** Milliseconds that making or removing one thing may take, where many programs want the processor. */
const COMMAND_TIME = 120_000;
/** A file for each pair of networks that a test has claimed. */
const CLAIMS = join(tmpdir(), 'dfs-test-subnets');

/** Faults of a link; none when left out. */
export interface LinkLimit {
  /** Bytes a second, in each direction. */
  rateBytesPerSecond?: number;
  /** Milliseconds that each packet waits, in each direction. Needs `sch_netem`. */
  delayMs?: number;
}

/** A host of a NetnsLan. */
export interface NetnsHost {
  /** Of its namespace. */
  readonly name: string;
  /** On the network that can be limited and cut: for what the hosts say to each other. */
  readonly address: string;
  /** Reached from the test at any time, whatever was cut: for HTTP. */
  readonly control: string;
  /** Put before a command to run it on this host; the process is the command's own. */
  readonly exec: readonly string[];
}

let counter = 0;
let probed: Promise<string | undefined> | undefined;

/** Whether hosts of their own can be made here; otherwise why not. It needs root, `ip` and `tc`. */
export function netnsUnavailable(): Promise<string | undefined> {
  probed ??= probe();
  return probed;
}

/**
 * Hosts with addresses of their own on one network: Linux network namespaces on a bridge, whose links can be slowed and
 * cut. Each host has a second link, for the test alone, that always works. Removed with all that is in it when disposed;
 * what a test that was killed left behind is removed by the next one. Processes are the caller's to end first.
 */
export class NetnsLan implements AsyncDisposable {
  private readonly hosts: NetnsHost[] = [];
  private readonly bridges: string[] = [];

  private constructor(
    private readonly prefix: string,
    private readonly network: { lan: string; control: string; claim: string },
  ) {}

  /** @throws Error where it is not available */
  static async create(count: number, limit: LinkLimit = {}): Promise<NetnsLan> {
    const why = await netnsUnavailable();
    if (why !== undefined) throw new Error(why);
    if (count > MAX_HOSTS) throw new RangeError(`at most ${MAX_HOSTS} hosts`);
    await removeLeftovers();
    // One digit of base 36, so that names of interfaces stay short and can be told apart.
    const number = counter++ % 36;
    // Each has a pair of networks of its own, so that tests run side by side.
    const { subnet, claim } = await claimSubnet(process.pid * 31 + number);
    const network = { lan: `10.217.${subnet}`, control: `10.218.${subnet}`, claim };
    const lan = new NetnsLan(`${PREFIX}${process.pid.toString(36)}${number.toString(36)}`, network);
    try {
      await lan.build(count);
      for (let index = 0; index < count; index++) await lan.limit(index, limit);
      return lan;
    } catch (error) {
      await lan.remove();
      throw error;
    }
  }

  get size(): number {
    return this.hosts.length;
  }

  host(index: number): NetnsHost {
    const host = this.hosts[index];
    if (!host) throw new RangeError(`no host ${index} of ${this.hosts.length}`);
    return host;
  }

  /** From now on a host's link is as slow as this; with nothing, as fast as the machine. */
  async limit(index: number, { rateBytesPerSecond, delayMs }: LinkLimit = {}): Promise<void> {
    const inside = [...this.host(index).exec, 'tc'];
    for (const [tc, device] of [
      [inside, 'lan'],
      [['tc'], this.port(index)],
    ] as const) {
      const qdisc = (...words: string[]): Promise<unknown> => command(...tc, 'qdisc', ...words);
      await qdisc('del', 'dev', device, 'root').catch(() => undefined);
      if (rateBytesPerSecond !== undefined) {
        const rate = `${Math.round(rateBytesPerSecond * 8)}bit`;
        const shape = ['rate', rate, 'burst', String(BURST_BYTES), 'latency', `${QUEUE_TIME}ms`];
        await qdisc('add', 'dev', device, 'root', 'handle', '1:', 'tbf', ...shape);
      }
      if (delayMs !== undefined) {
        const where = rateBytesPerSecond === undefined ? ['root'] : ['parent', '1:1'];
        await qdisc('add', 'dev', device, ...where, 'handle', '10:', 'netem', 'delay', `${delayMs}ms`);
      }
    }
  }

  /**
   * Only hosts of one group reach each other; a host in no group reaches nobody. Nothing is told to either side, as when
   * a cable between two switches is cut: packets vanish.
   */
  async partition(groups: readonly (readonly number[])[]): Promise<void> {
    const group = (index: number): number => groups.findIndex((members) => members.includes(index));
    for (const index of this.hosts.keys()) {
      const to = group(index);
      await (to < 0 ? command('ip', 'link', 'set', this.port(index), 'nomaster') : this.plug(index, to));
    }
  }

  /** From now on these hosts reach all others, and not each other. */
  async isolate(...indexes: number[]): Promise<void> {
    for (const index of this.hosts.keys()) {
      const state = indexes.includes(index) ? 'on' : 'off';
      await command('bridge', 'link', 'set', 'dev', this.port(index), 'isolated', state);
    }
  }

  /** Everyone reaches everyone again, but for those that are isolated. */
  async heal(): Promise<void> {
    for (const index of this.hosts.keys()) await this.plug(index, 0);
  }

  /** A host's link goes down, as when its cable is pulled, or up again. The test still reaches it. */
  async link(index: number, state: 'up' | 'down'): Promise<void> {
    await command('ip', 'link', 'set', this.port(index), state);
  }

  /** Bytes a host has sent and received on the network, headers of every layer included. */
  async traffic(index: number): Promise<{ sent: number; received: number }> {
    const { stdout } = await run('ip', ['-j', '-s', 'link', 'show', this.port(index)]);
    const [link] = JSON.parse(stdout) as { stats64: { rx: { bytes: number }; tx: { bytes: number } } }[];
    // The port on the bridge receives the bytes that the host sends.
    return { sent: link?.stats64.rx.bytes ?? 0, received: link?.stats64.tx.bytes ?? 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  private async build(count: number): Promise<void> {
    const control = `${this.prefix}c`;
    await this.addBridge(control);
    await command('ip', 'address', 'add', `${this.network.control}.254/24`, 'dev', control);
    for (let index = 0; index < count; index++) {
      const name = `${this.prefix}-${index}`;
      await command('ip', 'netns', 'add', name);
      const address = `${this.network.lan}.${index + 1}`;
      const host = { name, address, control: `${this.network.control}.${index + 1}` };
      this.hosts.push({ ...host, exec: ['ip', 'netns', 'exec', name] });
      await command('ip', '-n', name, 'link', 'set', 'lo', 'up');
      const control = `${this.prefix}k${index}`;
      await this.wire(name, control, 'control', host.control);
      await command('ip', 'link', 'set', control, 'master', `${this.prefix}c`);
      // By this way hosts reach the test and not each other.
      await command('bridge', 'link', 'set', 'dev', control, 'isolated', 'on');
      await this.wire(name, this.port(index), 'lan', address);
      await this.plug(index, 0);
    }
  }

  private async wire(namespace: string, port: string, inside: string, address: string): Promise<void> {
    await command('ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
    await command('ip', 'link', 'set', port, 'up');
    await command('ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', inside);
    // Messages by which a LAN finds neighbours and routers are kept out of the measure.
    await command('ip', '-n', namespace, 'link', 'set', inside, 'addrgenmode', 'none', 'up');
    const cache = ['ntable', 'change', 'name', 'arp_cache', 'dev', inside];
    await command('ip', '-n', namespace, ...cache, 'base_reachable', String(ARP_VALIDITY));
  }

  /** A host's port: the end of its cable that is not in the host. */
  private port(index: number): string {
    return `${this.prefix}l${index}`;
  }

  private async plug(index: number, into: number): Promise<void> {
    const bridge = `${this.prefix}b${into}`;
    if (!this.bridges.includes(bridge)) await this.addBridge(bridge);
    await command('ip', 'link', 'set', this.port(index), 'master', bridge);
  }

  private async addBridge(name: string): Promise<void> {
    await command('ip', 'link', 'add', name, 'type', 'bridge');
    this.bridges.push(name);
    await command('ip', 'link', 'set', name, 'up');
  }

  private async remove(): Promise<void> {
    const quietly = (...words: string[]): Promise<unknown> => command(...words).catch(() => undefined);
    // Links go with the namespace they end in, but some time later: their names would still be taken for the next one.
    for (const index of this.hosts.keys()) {
      for (const port of [`${this.prefix}k${index}`, this.port(index)]) await quietly('ip', 'link', 'del', port);
    }
    for (const { name } of this.hosts.splice(0)) await quietly('ip', 'netns', 'del', name);
    for (const name of this.bridges.splice(0)) await quietly('ip', 'link', 'del', name);
    await rm(this.network.claim, { force: true });
  }
}

/** Claims the first of which no network is here, and which no other test is about to make, counted from some number. */
export async function claimSubnet(from: number): Promise<{ subnet: number; claim: string }> {
  await mkdir(CLAIMS, { recursive: true });
  for (let number = from; ; number++) {
    const subnet = 16 + (number % 224);
    const claim = join(CLAIMS, String(subnet));
    if (!(await isClaimed(claim))) continue;
    const taken = await command('ip', '-o', '-4', 'address', 'show');
    if (!taken.includes(` 10.218.${subnet}.`)) return { subnet, claim };
    await rm(claim, { force: true });
  }
}

async function command(...words: string[]): Promise<string> {
  const [program = '', ...rest] = words;
  try {
    return (await run(program, rest, { timeout: COMMAND_TIME })).stdout;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`${words.join(' ')}: ${stderr.trim() || String(error)}`, { cause: error });
  }
}

async function probe(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `${PREFIX}${process.pid.toString(36)}try`;
  try {
    await command('ip', 'netns', 'add', name);
    await command('ip', 'link', 'add', `${name}v`, 'type', 'veth', 'peer', 'name', 'lan', 'netns', name);
    await command('ip', 'link', 'add', `${name}b`, 'type', 'bridge');
    await command('ip', 'link', 'set', `${name}v`, 'master', `${name}b`);
    await command('bridge', 'link', 'set', 'dev', `${name}v`, 'isolated', 'on');
    const shape = ['rate', '8mbit', 'burst', String(BURST_BYTES), 'latency', '50ms'];
    await command('ip', 'netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', 'lan', 'root', 'tbf', ...shape);
    return undefined;
  } catch (error) {
    return `network namespaces cannot be made here: ${(error as Error).message}`;
  } finally {
    await command('ip', 'netns', 'del', name).catch(() => undefined);
    await command('ip', 'link', 'del', `${name}b`).catch(() => undefined);
  }
}

/** Of processes that are no more. */
async function removeLeftovers(): Promise<void> {
  const gone = (name: string): boolean => {
    const match = /^dfs([0-9a-z]+?)[0-9a-z](-\d+|b\d+|c)$/.exec(name);
    return match?.[1] !== undefined && !isRunning(Number.parseInt(match[1], 36));
  };
  const namespaces = await readdir(NAMESPACES).catch(() => []);
  for (const name of namespaces.filter(gone)) await command('ip', 'netns', 'del', name).catch(() => undefined);
  const bridges = JSON.parse(await command('ip', '-j', 'link', 'show', 'type', 'bridge')) as { ifname?: string }[];
  for (const { ifname } of bridges) {
    if (ifname && gone(ifname)) await command('ip', 'link', 'del', ifname).catch(() => undefined);
  }
}
