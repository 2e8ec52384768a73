import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AddressInfo, Socket } from 'node:net';
import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger as NestPinoLogger } from 'nestjs-pino';
import type { Logger } from 'pino';
import { startRefusal } from '@dfs/database';
import { EventsGateway, EventsSocketAdapter, EventStreams } from '@dfs/events';
import { Files } from '@dfs/files';
import { DfsError, second, systemClock, systemTimers, type Clock, type Timers } from '@dfs/runtime';
import { Access } from '../access/access.js';
import { AllowedHosts } from '../access/allowed-hosts.js';
import { Proxies } from '../access/proxies.js';
import { loadApiToken } from '../access/api-token.js';
import { AppModule } from '../app.module.js';
import type { Config } from '../config.js';
import { openDataDir, type DataDir } from './data-dir.js';
import { serveDocuments } from '../docs/documents.js';
import { installFront } from '../http/front.js';
import { UnderWay } from '../http/under-way.js';
import { HttpServerAdapter } from '../http/http-server.adapter.js';
import { exposureOf } from './exposure.js';
import { openIdentity } from './identity.js';
import { NodeHealth } from '../node/node-health.js';
import { NodeMetrics } from '../node/node-metrics.js';
import { Runtime } from './runtime.js';
import { loadTls } from './tls.js';

/** Time that requests under way have to end, once the node is told to stop. */
const DRAIN_TIME = 3 * second;
const CONSOLE_DIR = fileURLToPath(new URL('../../../client-ui/dist/browser', import.meta.url));

/** A node that serves. */
export interface RunningNode {
  /** `http://HOST:PORT/` */
  readonly url: string;
  readonly token: string;
  readonly app: NestExpressApplication;
  /** Ends everything in good order; what is acknowledged stays. */
  stop(): Promise<void>;
}

/** Options of `start` from `main.ts`, or from tests in its place. */
export interface StartOptions {
  logger: Logger;
  /** By which the node tells the time; that of the machine when left out. */
  clock?: Clock;
  /** By which it looks at itself now and then; those of the process when left out. */
  timers?: Timers;
  /** Folder of the built console. */
  consoleDir?: string;
  /** Ends a start that waits for others; the node is up all the same, and to be stopped. */
  signal?: AbortSignal;
}

/** Starts a node. @throws DfsError `not-ready` with the reason a start was refused */
export async function startNode(config: Config, options: StartOptions): Promise<RunningNode> {
  const dataDir = await openDataDir(config.dataDir);
  try {
    return await startIn(dataDir, config, options);
  } catch (error) {
    await dataDir.release();
    // Damage may be met only when a part reads what is its own.
    throw startRefusal(error);
  }
}

async function startIn(dataDir: DataDir, config: Config, options: StartOptions): Promise<RunningNode> {
  const { logger, clock = systemClock, timers = systemTimers, consoleDir = CONSOLE_DIR } = options;
  const exposure = exposureOf(dataDir.path);
  if (exposure !== undefined) logger.warn(exposure);
  const { signer, privateKeyRaw } = await openIdentity(dataDir);
  const token = await loadApiToken(dataDir.tokenFile, config.apiToken);
  const tls = await loadTls(config);
  const { basePath } = config;
  const proxies = new Proxies(config.trustedProxies);
  const hosts = new AllowedHosts(config.http.host, config.allowedHosts, tls !== undefined);
  const pause = (ms: number): Promise<void> => timers.sleep(ms);
  const access = new Access({ token, peerId: signer.peerId, hosts, clock, log: logger, proxies, basePath, pause });
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot({ config, dataDir, signer, privateKeyRaw, logger, clock, timers }, access),
    new HttpServerAdapter({}, { tls, basePath, proxies }),
    // When the start fails, the buffer has Nest's own account of it; ours follows.
    { bufferLogs: true, autoFlushLogs: false, bodyParser: false, abortOnError: false },
  );
  app.useLogger(app.get(NestPinoLogger));
  app.flushLogs();
  app.useWebSocketAdapter(new EventsSocketAdapter(app, access.forEvents()));
  const underWay = new UnderWay();
  const metrics = app.get(NodeMetrics);
  installFront(app, {
    ...{ access, logger, consoleDir, basePath, underWay },
    onAnswer: (...answer) => metrics.observe(...answer),
    pathOfFile: (fileId) => app.get(Files).pathOf(fileId),
  });
  serveDocuments(app);
  const connections = connectionsOf(app.getHttpServer());
  const runtime = new Runtime(app, logger);
  const stop = async (): Promise<void> => {
    app.get(NodeHealth).drain();
    // Those who only listen are not waited for.
    app.get(EventStreams).stop();
    app.get(EventsGateway).stop();
    await underWay.over(config.drainMs);
    await drain(app.getHttpServer(), connections);
    await runtime.stop();
    await app.close();
    await rm(dataDir.addressFile, { force: true });
    await dataDir.release();
  };
  try {
    await app.init();
    await runtime.start(options.signal ?? new AbortController().signal);
    const url = await listen(app, config, hosts);
    await writeFile(dataDir.addressFile, `${url}\n`, { mode: 0o600 });
    return { url, token, app, stop };
  } catch (error) {
    await runtime.stop();
    await app.close().catch(() => undefined);
    throw error;
  }
}

async function listen(app: NestExpressApplication, config: Config, hosts: AllowedHosts): Promise<string> {
  const { host, port } = config.http;
  const server = app.getHttpServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      hosts.listeningAt((server.address() as AddressInfo).port);
      resolve();
    });
  });
  const bound = (server.address() as AddressInfo).port;
  const scheme = config.tls ? 'https' : 'http';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}${config.basePath}/`;
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): DfsError {
  const detail =
    cause.code === 'EADDRINUSE'
      ? `Port ${port} is already in use (EADDRINUSE ${host}:${port}): stop the other program, or choose another DFS_HTTP_PORT.`
      : `Listening at ${host}:${port} failed (${cause.code}): check DFS_HTTP_HOST and DFS_HTTP_PORT.`;
  return new DfsError('not-ready', detail, { cause });
}

/** Open connections. The server itself does not know a connection any more once that has become a WebSocket. */
function connectionsOf(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return open;
}

/** Takes no new request, lets those under way end, and then cuts what is left. */
async function drain(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of connections) socket.destroy();
  }, DRAIN_TIME);
  await closed;
  clearTimeout(timer);
}
