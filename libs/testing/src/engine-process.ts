import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileInfo, InviteInfo, InviteRequest, NodeInfo, PeerList } from '@dfs/contracts';
import type { NetnsHost } from './netns.js';
import { claimPort, type ClaimedPort } from './ports.js';
import { eventually } from './wait.js';

/** From `libs/testing/{src,dist}` to the root of the workspace. */
const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const MAIN = join(ROOT, 'apps/dfs-engine/dist/bundle/main.js');
/** Generous: with thirty programs that want the same core a start takes a minute. */
const READY_DEADLINE = 180_000;
const STOP_DEADLINE = 60_000;

/**
 * How an engine is started. Ports are free ones, the address is loopback, mDNS and UPnP are off, unless `env` says
 * otherwise.
 */
export interface EngineOptions {
  /** DFS_NAME */
  name?: string;
  /** DFS_JOIN: a ticket. */
  join?: string;
  /** Kept when given; otherwise made, and removed by `remove()`. */
  dataDir?: string;
  /** More DFS_* variables. */
  env?: Record<string, string>;
  /** Runs on this host rather than on loopback. */
  host?: NetnsHost;
}

/** Bytes, text or a stream of bytes. */
export type UploadBody = NonNullable<RequestInit['body']>;

/** One engine process, with the REST calls that most specs need. */
export interface Engine {
  readonly name: string;
  readonly dataDir: string;
  /** `http://127.0.0.1:PORT`, or of its host, without a slash at the end. Changes with a restart. */
  readonly url: string;
  readonly token: string;
  /** The console with its token: what `npm start` prints. */
  readonly link: string;
  readonly pid: number;
  readonly running: boolean;
  /** Everything the process wrote to stderr since it started. */
  log(): string;
  /** An API call with the token; `path` begins after `/api/v1`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The same, answered as JSON. @throws Error with status and problem for anything but 2xx */
  json<T>(path: string, init?: RequestInit): Promise<T>;
  put(path: string, body: UploadBody): Promise<FileInfo>;
  node(): Promise<NodeInfo>;
  peers(): Promise<PeerList>;
  invite(request?: InviteRequest): Promise<string>;
  file(id: string): Promise<FileInfo>;
  /** SIGTERM, then waits for the end. Answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, then waits for the end. */
  kill(): Promise<void>;
  /** Starts again on the same data directory, after `stop()` or `kill()`. */
  start(): Promise<void>;
  /** Kills it and removes its data directory. */
  remove(): Promise<void>;
}

/** Starts a built engine and waits until it says that it is ready. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'dfs-engine-')));
  const engine = new EngineProcess(dataDir, options);
  try {
    await engine.start();
  } catch (error) {
    await engine.remove();
    throw error;
  }
  return engine;
}

/**
 * Starts a network of `count` engines, the first its founder, whom the others join all at once; waits until every node is
 * connected to every other.
 */
export async function startNetwork(
  count: number,
  options: {
    env?: Record<string, string>;
    name?: (index: number) => string;
    /** Each node on a host of its own. */
    host?: (index: number) => NetnsHost;
  } = {},
): Promise<Engine[]> {
  const name = options.name ?? ((index: number) => `node-${String.fromCharCode(97 + index)}`);
  const env = options.env ?? {};
  const at = (index: number): EngineOptions => ({
    name: name(index),
    env,
    ...(options.host && { host: options.host(index) }),
  });
  const founder = await startEngine(at(0));
  const starts = Array.from({ length: count - 1 }, async (_, before) =>
    startEngine({ ...at(before + 1), join: await founder.invite() }),
  );
  const started = await Promise.allSettled(starts);
  const engines = [founder, ...started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))];
  try {
    await Promise.all(starts);
    await connected(engines);
    return engines;
  } catch (error) {
    await removeAll(engines);
    throw error;
  }
}

/** Waits until each of these nodes sees all the others as connected members. */
export async function connected(engines: readonly Engine[], deadline = 60_000): Promise<void> {
  for (const engine of engines) {
    await eventually(
      async () => {
        const { items } = await engine.peers();
        return items.filter((peer) => peer.state === 'connected').length >= engines.length - 1;
      },
      { deadline, poll: 100, what: `${engine.name} connected to ${engines.length - 1} peers` },
    );
  }
}

/** Kills all of them and removes their data. */
export async function removeAll(engines: readonly Engine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.remove()));
}

class EngineProcess implements Engine {
  url = '';
  token = '';
  private child: ChildProcess | undefined;
  private stderr = '';
  /** A restart keeps it: a network whose nodes all move at once finds nobody. */
  private p2pPort: ClaimedPort | undefined;
  private exit: Promise<number | null> = Promise.resolve(null);

  constructor(
    readonly dataDir: string,
    private readonly options: EngineOptions,
  ) {}

  get name(): string {
    return this.options.name ?? 'node';
  }

  get link(): string {
    return `${this.url}/#token=${this.token}`;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  log(): string {
    return this.stderr;
  }

  async start(): Promise<void> {
    if (this.running) return;
    this.stderr = '';
    this.p2pPort ??= await claimPort();
    const [program, ...rest] = [...(this.options.host?.exec ?? []), process.execPath, MAIN];
    const child = spawn(program, rest, {
      cwd: this.dataDir,
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.exit = new Promise((done) => child.once('close', (code) => done(code)));
    child.stderr.on('data', (data: Buffer) => {
      this.stderr = (this.stderr + data.toString()).slice(-1_000_000);
    });
    await this.keepLog(child);
    this.url = await this.readyUrl(child);
    this.token = (await readFile(join(this.dataDir, 'api-token'), 'utf8')).trim();
  }

  async stop(): Promise<number | null> {
    if (!this.running) return this.exit;
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOP_DEADLINE);
    const code = await this.exit;
    clearTimeout(timer);
    return code;
  }

  async kill(): Promise<void> {
    if (this.running) this.child?.kill('SIGKILL');
    await this.exit;
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.p2pPort?.release();
    if (this.options.dataDir === undefined) await rm(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('authorization')) headers.set('authorization', `Bearer ${this.token}`);
    return fetch(`${this.url}/api/v1${path}`, { ...init, headers });
  }

  async json<T>(path: string, init?: RequestInit): Promise<T> {
    const answer = await this.fetch(path, init);
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${this.name}: ${init?.method ?? 'GET'} ${path}: ${answer.status} ${body}`);
    return (body === '' ? undefined : JSON.parse(body)) as T;
  }

  put(path: string, body: UploadBody): Promise<FileInfo> {
    const init: RequestInit & { duplex: 'half' } = { method: 'PUT', body, duplex: 'half' };
    return this.json<FileInfo>(`/files/content?path=${encodeURIComponent(path)}`, init);
  }

  node(): Promise<NodeInfo> {
    return this.json<NodeInfo>('/node');
  }

  peers(): Promise<PeerList> {
    return this.json<PeerList>('/peers');
  }

  async invite(request: InviteRequest = {}): Promise<string> {
    const { ticket } = await this.json<InviteInfo>('/network/invites', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    return ticket;
  }

  file(id: string): Promise<FileInfo> {
    return this.json<FileInfo>(`/files/${id}`);
  }

  private environment(): NodeJS.ProcessEnv {
    const { PATH, HOME, TMPDIR, NODE_OPTIONS_ENGINE } = process.env;
    const { host } = this.options;
    return {
      PATH,
      HOME,
      TMPDIR,
      NODE_OPTIONS: NODE_OPTIONS_ENGINE,
      DFS_DATA_DIR: this.dataDir,
      DFS_HTTP_PORT: '0',
      ...(host && { DFS_HTTP_HOST: host.control }),
      DFS_P2P_HOST: host?.address ?? '127.0.0.1',
      DFS_P2P_PORT: String(this.p2pPort?.port ?? 0),
      DFS_MDNS: 'off',
      DFS_UPNP: 'off',
      DFS_NAME: this.name,
      ...(this.options.join === undefined ? {} : { DFS_JOIN: this.options.join }),
      ...this.options.env,
    };
  }

  /** Logs of the last run stay in `artifacts/logs`, for a look at what failed. */
  private async keepLog(child: ChildProcess): Promise<void> {
    const folder = join(ROOT, 'artifacts', 'logs');
    await mkdir(folder, { recursive: true });
    const file = createWriteStream(join(folder, `${this.name}-${child.pid}.log`));
    child.stderr?.pipe(file);
  }

  private readyUrl(child: ChildProcess): Promise<string> {
    return new Promise((done, fail) => {
      let stdout = '';
      const failed = (why: string): void => {
        clearTimeout(timer);
        fail(new Error(`${this.name} ${why}\n${stdout}\n${this.stderr.slice(-4000)}`));
      };
      const timer = setTimeout(() => failed('was not ready in time'), READY_DEADLINE);
      child.once('error', (error) => failed(`did not start: ${error.message}`));
      child.once('close', (code) => failed(`ended with ${code} before it was ready`));
      child.stdout?.on('data', (data: Buffer) => {
        stdout += data.toString();
        const match = /^DFS ready at (http:\/\/\S+?)\/$/m.exec(stdout);
        if (!match?.[1]) return;
        clearTimeout(timer);
        done(match[1]);
      });
    });
  }
}
