import 'reflect-metadata';
import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { Body, Controller, Get, Module, Post, Query, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';
import type { Request, Response } from 'express';
import { pino } from 'pino';
import type { Problem } from '@dfs/contracts';
import { DecimalQuery, NoQuery, StreamedBody, requestBody } from '@dfs/files';
import { DfsError, systemClock } from '@dfs/runtime';
import { tempDir, type TempDir } from '@dfs/testing';
import { Access } from '../access/access.js';
import { AllowedHosts } from '../access/allowed-hosts.js';
import { SessionController } from '../api/session.controller.js';
import { installFront } from '../http/front.js';
import { HttpServerAdapter } from '../http/http-server.adapter.js';

export const TOKEN = 'the-token-of-this-very-node-0123';
const PEER = '12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC';
export const WHEEL = 'X-Dfs-Request';

class ThingBody {
  @IsString()
  @MaxLength(10)
  name!: string;

  @IsOptional()
  @IsString()
  note?: string;
}
class ThingQuery {
  @DecimalQuery()
  @IsInt()
  @Min(0)
  n: number = 1;
}

@Controller('api/v1/things')
class ThingsController {
  @Get()
  list(@Query() { n }: ThingQuery): object {
    return { n };
  }
  @Post()
  make(@Query() _query: NoQuery, @Body() body: ThingBody): object {
    return { ...body };
  }
  @Post('raw')
  @StreamedBody()
  async raw(@Req() request: Request): Promise<object> {
    let size = 0;
    for await (const part of requestBody(request, { windowMs: 400, bytes: 1000 })) size += part.length;
    return { size };
  }
  @Get('broken')
  broken(): never {
    throw new TypeError('SELECT secret FROM /var/lib/dfs');
  }
  @Get('ours')
  ours(): never {
    throw new DfsError('last-copy', 'Three files would be lost.', { facts: { count: 3 }, cause: new Error('hidden') });
  }
  @Get('busy')
  busy(): never {
    throw new DfsError('too-many-requests', 'Wait a little.', { retryAfter: 7 });
  }
  @Get('half')
  half(@Res() response: Response): void {
    response.writeHead(200, { 'content-length': 100 });
    response.write('only the first');
    throw new Error('in the middle');
  }
}
@Module({
  controllers: [ThingsController, SessionController],
})
class TestModule {}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  problem: Problem;
}

/** A server with the front that the engine has, over a few routes of its own, for all tests of a file. */
export interface Front {
  port: number;
  /** All that was logged. */
  log: string;
  /** Milliseconds that answers to wrong tokens have waited. */
  readonly pauses: number[];
  /** By the token, unless `headers` says otherwise. */
  call(path: string, options?: { method?: string; headers?: object; body?: string }): Promise<Answer>;
  /** Options of a call that posts JSON. */
  json(body: unknown, headers?: object): { method: string; headers: object; body: string };
  /** Sends text as it is, and takes all that comes back. */
  raw(text: string, more?: (socket: ReturnType<typeof connect>) => void): Promise<string>;
}

/** Registers what starts and ends it. */
export function frontUnderTest(): Front {
  let app: NestExpressApplication;
  let dir: TempDir;

  beforeAll(async () => {
    dir = await tempDir();
    await mkdir(dir.file('assets'));
    await writeFile(dir.file('index.html'), '<!doctype html><title>console</title>');
    await writeFile(dir.file('main-ABCD1234.js'), 'console.log(1)');
    await writeFile(dir.file('assets/plain.js'), 'console.log(2)');
    const hosts = new AllowedHosts('127.0.0.1', ['files.example', 'proxy.example:8443']);
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        front.log += line.toString();
        done();
      },
    });
    const logger = pino({ level: 'debug' }, sink);
    const pause = (ms: number): Promise<number> => Promise.resolve(front.pauses.push(ms));
    const access = new Access({ token: TOKEN, peerId: PEER, hosts, clock: systemClock, log: logger, pause });
    const providers = [{ provide: Access, useValue: access }];
    app = await NestFactory.create<NestExpressApplication>({ module: TestModule, providers }, new HttpServerAdapter(), {
      logger: false,
      bodyParser: false,
    });
    installFront(app, { access, logger, consoleDir: dir.path, pathOfFile: async () => undefined });
    await app.listen(0, '127.0.0.1');
    front.port = (app.getHttpServer().address() as { port: number }).port;
    hosts.listeningAt(front.port);
  });
  afterAll(async () => {
    await app.close();
    await dir.remove();
  });

  const bearer = { authorization: `Bearer ${TOKEN}` };
  const call = (path: string, options: { method?: string; headers?: object; body?: string } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { ...bearer, ...options.headers };
      const request = httpRequest(
        { host: '127.0.0.1', port: front.port, path, method: options.method ?? 'GET', headers },
        (answer) => {
          let body = '';
          answer.on('data', (part: Buffer) => (body += part.toString()));
          answer.on('error', reject);
          answer.on('end', () => {
            const isProblem = String(answer.headers['content-type']).startsWith('application/problem+json');
            const problem = (isProblem && body ? JSON.parse(body) : {}) as Problem;
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, problem });
          });
        },
      );
      request.on('error', reject);
      request.end(options.body);
    });
  const json = (body: unknown, headers: object = {}) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const raw = (text: string, more: (socket: ReturnType<typeof connect>) => void = () => undefined): Promise<string> =>
    new Promise((resolve) => {
      let answer = '';
      const socket = connect(front.port, '127.0.0.1', () => {
        socket.write(text);
        more(socket);
      });
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(answer));
    });
  const front: Front = { port: 0, log: '', pauses: [], call, json, raw };
  return front;
}
