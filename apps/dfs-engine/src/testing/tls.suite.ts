import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@dfs/testing';

const run = promisify(execFile);

/** A certificate of its own for `localhost` and 127.0.0.1, as PEM files. */
export interface TestCertificate {
  certFile: string;
  keyFile: string;
  cert: Buffer;
}

/** Whether a program is there; otherwise why not. */
export async function programUnavailable(name: string, ...args: string[]): Promise<string | undefined> {
  return run(name, args).then(
    () => undefined,
    () => `there is no ${name} here`,
  );
}

export async function testCertificate(dir: string): Promise<TestCertificate> {
  const [certFile, keyFile] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  return { certFile, keyFile, cert: await readFile(certFile) };
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface WebAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  json<T = Record<string, unknown>>(): T;
}

/** A call by HTTP or HTTPS. */
export function ask(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
    ca,
  }: { method?: string; headers?: object; body?: string | Buffer; ca?: Buffer } = {},
): Promise<WebAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers } as Record<string, string>,
      agent: false as const,
      ...(ca && { ca }),
    };
    const request = (url.startsWith('https') ? httpsRequest : httpRequest)(url, options, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      answer.on('end', () => {
        const bytes = Buffer.concat(parts);
        const json = <T>(): T => JSON.parse(bytes.toString()) as T;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, json });
      });
    });
    request.on('error', reject).end(body);
  });
}

/** nginx with a configuration of its own, in the foreground. */
export class Nginx {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ended: Promise<unknown>,
  ) {}

  /** @param port that it listens at once it is up */
  static async start(dir: string, configFile: string, port: number): Promise<Nginx> {
    let said = '';
    const child = spawn('nginx', ['-p', dir, '-c', configFile, '-e', join(dir, 'error.log'), '-g', 'daemon off;']);
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const nginx = new Nginx(child, ended);
    const isUp = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`nginx has ended: ${said}`);
      return ask(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      );
    };
    await eventually(isUp, { what: 'nginx listens' });
    return nginx;
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.ended;
  }
}
