import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { io } from 'socket.io-client';
import { DefaultHttpStack, Upload } from 'tus-js-client';
import type { FileInfo, Problem } from '@dfs/contracts';
import { tempDir, unless, type TempDir } from '@dfs/testing';
import { parseConfig } from '../config.js';
import { startNode, type RunningNode } from '../start/start.js';
import { quietEnv } from '../testing/running-node.suite.js';
import {
  ask,
  freePort,
  Nginx,
  programUnavailable,
  testCertificate,
  type TestCertificate,
} from '../testing/tls.suite.js';

const MiB = 1024 * 1024;
const noNginx = (await programUnavailable('nginx', '-v')) ?? (await programUnavailable('openssl', 'version'));

unless(noNginx, describe)('behind nginx, with TLS and at a path of its own', () => {
  let temp: TempDir;
  let node: RunningNode;
  let nginx: Nginx;
  let certificate: TestCertificate;
  let secure: string;
  let plain: string;
  let log = '';
  let auth: { authorization: string };

  beforeAll(async () => {
    temp = await tempDir('dfs-proxy-');
    const dir = temp.file('nginx');
    const consoleDir = temp.file('console');
    for (const folder of [dir, consoleDir]) await mkdir(folder);
    await writeFile(`${consoleDir}/index.html`, '<!doctype html><base href="/" /><title>console</title>');
    certificate = await testCertificate(dir);
    const [securePort, plainPort] = [await freePort(), await freePort()];
    [secure, plain] = [`https://localhost:${securePort}`, `http://localhost:${plainPort}`];
    const env = quietEnv(temp.file('data'), {
      DFS_BASE_PATH: '/dfs',
      DFS_TRUSTED_PROXY: '127.0.0.1',
      DFS_ALLOWED_HOSTS: `localhost:${securePort},localhost:${plainPort}`,
    });
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        log += line.toString();
        done();
      },
    });
    node = await startNode(parseConfig(env), { logger: pino({ level: 'warn' }, sink), consoleDir });
    auth = { authorization: `Bearer ${node.token}` };
    const { host } = new URL(node.url);
    const location = `location /dfs/ {
        proxy_pass http://${host};
        proxy_http_version 1.1;
        proxy_request_buffering off;
        proxy_buffering off;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      }`;
    await writeFile(
      `${dir}/nginx.conf`,
      `worker_processes 1; pid ${dir}/nginx.pid; events {}
       http {
         access_log off; client_max_body_size 0; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
         fastcgi_temp_path ${dir}/fastcgi; uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
         map $http_upgrade $connection_upgrade { default upgrade; '' close; }
         server { listen 127.0.0.1:${plainPort}; ${location} }
         server { listen 127.0.0.1:${securePort} ssl; ssl_certificate ${certificate.certFile};
                  ssl_certificate_key ${certificate.keyFile}; ${location} }
       }`,
    );
    nginx = await Nginx.start(dir, `${dir}/nginx.conf`, plainPort);
  });
  afterAll(async () => {
    await nginx?.stop();
    await node?.stop();
    await temp.remove();
  });
  const call = (url: string, options: Parameters<typeof ask>[1] = {}) => ask(url, { ca: certificate.cert, ...options });

  it('takes uploads, gives ranges, and answers with addresses that lead back to it', async () => {
    const bytes = randomBytes(5 * MiB);
    const put = await call(`${secure}/dfs/api/v1/files/content?path=proxied.bin`, {
      method: 'PUT',
      headers: auth,
      body: bytes,
    });
    expect(put.status).toBe(201);
    const { id } = put.json<FileInfo>();
    expect(put.headers.location).toBe(`/dfs/api/v1/files/${id}`);
    const part = await call(`${secure}${put.headers.location}/content`, {
      headers: { ...auth, range: 'bytes=1000000-1000009' },
    });
    expect([part.status, Buffer.compare(part.bytes, bytes.subarray(1_000_000, 1_000_010))]).toEqual([206, 0]);
    const missing = await call(`${secure}/dfs/api/v1/files/${'a'.repeat(26)}`, { headers: auth });
    const { type } = missing.json<Problem & Record<string, unknown>>();
    expect(type).toMatch(/^\/dfs\/api\//);
    expect((await call(`${secure}${type}`)).status).toBe(200);
    const page = await call(`${secure}/dfs/files`, { headers: { accept: 'text/html' } });
    expect(page.bytes.toString()).toContain('<base href="/dfs/"');
    const document = (await call(`${secure}/dfs/api/openapi.json`)).json<{ servers: { url: string }[] }>();
    expect(document.servers[0]?.url).toBe('/dfs/');
    const archive = await call(`${secure}/dfs/api/v1/files/archive`, {
      method: 'POST',
      headers: { ...auth, 'content-type': 'application/json' },
      body: JSON.stringify({ fileIds: [id] }),
    });
    expect((await call(secure + archive.json<{ url: string }>().url, { headers: auth })).status).toBe(200);
    // A proxy that takes the path off is understood, too.
    expect((await call(`${node.url.replace('/dfs/', '')}/api/v1/files/${id}`, { headers: auth })).status).toBe(200);
  });

  it('takes uploads in parts', async () => {
    const bytes = randomBytes(3 * MiB);
    const file = await new Promise<FileInfo>((resolve, reject) => {
      new Upload(bytes, {
        endpoint: `${secure}/dfs/api/v1/uploads`,
        httpStack: new DefaultHttpStack({ ca: certificate.cert }),
        headers: { Authorization: auth.authorization },
        chunkSize: MiB,
        retryDelays: null,
        metadata: { path: 'proxied-parts.bin' },
        onError: reject,
        onSuccess: ({ lastResponse }) => resolve(JSON.parse(lastResponse.getBody()) as FileInfo),
      }).start();
    });
    expect(file.size).toBe(bytes.length);
  });

  it('signs in over HTTPS, and then over HTTP, each with a cookie of its own', async () => {
    const signIn = async (at: string): Promise<string> => {
      const answer = await call(`${at}/dfs/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: at },
        body: JSON.stringify({ token: node.token }),
      });
      expect(answer.status).toBe(204);
      return String(answer.headers['set-cookie']);
    };
    const [overTls, overPlain] = [await signIn(secure), await signIn(plain)];
    expect(overTls).toMatch(/^dfs_\w{16}_s=[^;]+; Path=\/dfs\/; .*SameSite=Strict; Secure$/);
    expect(overPlain).toMatch(/^dfs_\w{16}=[^;]+; Path=\/dfs\/; .*SameSite=Strict$/);
    for (const [at, cookie] of [
      [secure, overTls],
      [plain, overPlain],
    ] as const) {
      const headers = { cookie: cookie.split(';')[0] ?? '', origin: at, 'x-dfs-request': '1' };
      const write = await call(`${at}/dfs/api/v1/files/content?path=signed-in`, { method: 'PUT', headers, body: at });
      expect([200, 201]).toContain(write.status);
      const foreign = await call(`${at}/dfs/api/v1/files`, { headers: { ...headers, origin: 'https://evil.example' } });
      expect(foreign.status).toBe(403);
      const socket = io(`${at}/events`, {
        path: '/dfs/socket.io/',
        transports: ['websocket'],
        reconnection: false,
        ca: certificate.cert.toString(),
        extraHeaders: { cookie: headers.cookie, origin: at },
      });
      await new Promise((resolve, reject) => socket.once('ready', resolve).once('connect_error', reject));
      socket.disconnect();
    }
  });

  it('judges the host that was asked for, and tells of the client rather than of the proxy', async () => {
    const evil = await call(`${plain}/dfs/api/v1/files`, { headers: { ...auth, host: 'evil.example' } });
    expect(evil.status).toBe(403);
    await call(`${secure}/dfs/api/v1/files`, {
      headers: { authorization: 'Bearer wrong', 'x-forwarded-for': '203.0.113.7' },
    });
    expect(log).toContain('203.0.113.7');
  });
});

unless(await programUnavailable('openssl', 'version'), describe)('a node that speaks TLS itself', () => {
  it('serves API and sockets by HTTPS, with a cookie that stays there', async () => {
    const temp = await tempDir('dfs-tls-');
    try {
      const { certFile, keyFile, cert: ca } = await testCertificate(temp.path);
      const env = quietEnv(temp.file('data'), { DFS_TLS_CERT: certFile, DFS_TLS_KEY: keyFile });
      const node = await startNode(parseConfig(env), { logger: pino({ level: 'silent' }) });
      try {
        expect(node.url).toMatch(/^https:/);
        const headers = { authorization: `Bearer ${node.token}` };
        const put = await ask(`${node.url}api/v1/files/content?path=tls`, {
          method: 'PUT',
          headers,
          body: 'by TLS',
          ca,
        });
        expect(put.status).toBe(201);
        const signedIn = await ask(`${node.url}api/v1/session`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token: node.token }),
          ca,
        });
        expect(String(signedIn.headers['set-cookie'])).toMatch(/^dfs_\w{16}_s=.*; Secure$/);
        const socket = io(`${node.url}events`, {
          auth: { token: node.token },
          transports: ['websocket'],
          reconnection: false,
          ca: ca.toString(),
        });
        await new Promise((resolve, reject) => socket.once('ready', resolve).once('connect_error', reject));
        socket.disconnect();
      } finally {
        await node.stop();
      }
      await writeFile(keyFile, 'no key');
      await expect(startNode(parseConfig(env), { logger: pino({ level: 'silent' }) })).rejects.toMatchObject({
        code: 'not-ready',
      });
    } finally {
      await temp.remove();
    }
  });
});
