import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { Problem } from '@dfs/contracts';
import { tempDir } from '@dfs/testing';
import { openApi } from '../docs/open-api.js';
import { ApiContract } from './api-contract.suite.js';
import { parseConfig } from '../config.js';
import { startNode, type RunningNode, type StartOptions } from '../start/start.js';

/** An answer, read to its end. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
  problem: Problem;
}
export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sent as JSON. */
  json?: unknown;
}

/** A whole node in this process, on free ports of loopback, with its data in a temporary folder. */
export interface TestNode {
  readonly node: RunningNode;
  readonly dir: string;
  readonly port: number;
  /** A call with the token; `path` begins after `/api/v1`. */
  api(path: string, options?: CallOptions): Promise<Answer>;
  /** A call as it is, without a token unless given. */
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** Writes bytes to a socket and returns what comes until it closes. */
  raw(text: string | Uint8Array, then?: (socket: Socket) => void): Promise<string>;
  remove(): Promise<void>;
}

export const silent: Logger = pino({ level: 'silent' });

/** Variables of a node that keeps to itself. */
export function quietEnv(dataDir: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    DFS_DATA_DIR: dataDir,
    DFS_HTTP_PORT: '0',
    DFS_P2P_HOST: '127.0.0.1',
    DFS_P2P_PORT: '0',
    DFS_MDNS: 'off',
    DFS_NAME: 'test node',
    DFS_QUOTA: '256MiB',
    // The node does not wait long for work that a test leaves under way.
    DFS_DRAIN: '1s',
    ...more,
  };
}

export async function startTestNode(
  env: Record<string, string> = {},
  options: Pick<StartOptions, 'clock' | 'timers'> = {},
): Promise<TestNode> {
  const temp = await tempDir('dfs-node-');
  const dir = temp.file('data');
  const node = await startNode(parseConfig(quietEnv(dir, env)), { logger: silent, ...options });
  const port = Number(new URL(node.url).port);
  let contract: ApiContract | undefined;
  const call = async (path: string, options: CallOptions = {}): Promise<Answer> => {
    const answer = await send(port, path, options);
    contract ??= new ApiContract(openApi(node.app));
    const { body, json } = options;
    const method = options.method ?? (body === undefined && json === undefined ? 'GET' : 'POST');
    const faults = contract.faultsOf(method, path, answer);
    if (faults.length > 0) {
      throw new Error(
        `not as the API document has it: ${method} ${path}: ${faults.join('; ')}: ${answer.text.slice(0, 500)}`,
      );
    }
    return answer;
  };
  return {
    node,
    dir,
    port,
    call,
    api: (path, options = {}) =>
      call(`/api/v1${path}`, { ...options, headers: { authorization: `Bearer ${node.token}`, ...options.headers } }),
    raw: (text, then) => speak(port, text, then),
    remove: async () => {
      await node.stop();
      await temp.remove();
    },
  };
}

/** Every file below a folder, by its hash; but for what SQLite makes of a lock, and makes anew at every start. */
export async function filesBelow(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (/-shm$|^lock\.sqlite-journal$/.test(entry.name)) continue;
    if (entry.isFile())
      found[path] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
  }
  return found;
}

function send(port: number, path: string, { method, headers = {}, body, json }: CallOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const content = json === undefined ? body : JSON.stringify(json);
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const verb = method ?? (content === undefined ? 'GET' : 'POST');
    const request = httpRequest({ host: '127.0.0.1', port, path, method: verb, headers: { ...type, ...headers } });
    request.on('error', reject);
    request.on('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => {
        const bytes = Buffer.concat(parts);
        const text = bytes.toString();
        const parse = <T>(): T => JSON.parse(text) as T;
        const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
        const problem = isProblem && text !== '' ? parse<Problem>() : ({} as Problem);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text, json: parse, problem });
      });
    });
    request.end(content);
  });
}

function speak(
  port: number,
  text: string | Uint8Array,
  then: (socket: Socket) => void = () => undefined,
): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      then(socket);
    });
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}
