import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { tempDir, type TempDir } from '@dfs/testing';
import { ACCEPTED, plainRequest, textOf } from '../testing/plain-request.suite.js';
import { serveConsole } from './console.js';

const SCRIPT = 'console.log(1)';

@Module({})
class Nothing {}

describe('the files of the console', () => {
  let dir: TempDir;
  let app: NestExpressApplication;
  let port: number;

  beforeAll(async () => {
    dir = await tempDir();
    await writeFile(dir.file('index.html'), '<!doctype html><title>console</title>');
    await writeFile(dir.file('main-ABCD1234.js'), SCRIPT);
    await writeFile(dir.file('main-ABCD1234.js.br'), brotliCompressSync(SCRIPT));
    await writeFile(dir.file('main-ABCD1234.js.gz'), gzipSync(SCRIPT));
    await writeFile(dir.file('plain.js'), SCRIPT);
    app = await NestFactory.create<NestExpressApplication>(Nothing, { logger: false });
    serveConsole(app, dir.path);
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as { port: number }).port;
  });
  afterAll(async () => {
    await app.close();
    await dir.remove();
  });

  const call = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    plainRequest(port, path, { headers, method });

  it.each(ACCEPTED)('are sent to a browser that accepts "%s" as %s', async (accepted, encoding) => {
    const answer = await call('/main-ABCD1234.js', { 'accept-encoding': accepted });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers['content-type']).toMatch(/^text\/javascript/);
    expect(answer.headers['cache-control']).toContain('immutable');
    expect(answer.headers.vary).toContain('Accept-Encoding');
    expect(textOf(answer)).toBe(SCRIPT);
  });

  it('are sent as they are where there is no compressed form', async () => {
    const answer = await call('/plain.js', { 'accept-encoding': 'br, gzip' });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.bytes.toString()).toBe(SCRIPT);
  });

  it('are read alone, by an address that can be decoded', async () => {
    expect((await call('/main-ABCD1234.js', {}, 'HEAD')).status).toBe(200);
    expect((await call('/main-ABCD1234.js', {}, 'POST')).status).toBe(404);
    expect((await call('/main-ABCD1234.js%zz')).status).toBe(404);
  });
});
