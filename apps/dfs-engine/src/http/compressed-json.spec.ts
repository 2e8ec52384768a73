import 'reflect-metadata';
import { Controller, Get, Header, HttpCode, Module, Post, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ACCEPTED, plainRequest, textOf } from '../testing/plain-request.suite.js';
import { compressedJson } from './compressed-json.js';

const ROWS = Array.from({ length: 400 }, (_, n) => ({
  path: `Café/photo ${n}.jpg`,
  size: n * 1000,
  mediaType: 'image/jpeg',
}));

@Controller()
class Lists {
  @Get('rows')
  rows(): object {
    return { items: ROWS };
  }
  @Post('rows')
  @HttpCode(207)
  results(): object {
    return { items: ROWS };
  }
  @Get('few')
  few(): object {
    return { items: [] };
  }
  @Get('text')
  @Header('Content-Type', 'text/plain')
  text(): string {
    return JSON.stringify(ROWS);
  }
  @Get('content')
  content(): StreamableFile {
    return new StreamableFile(Buffer.from(JSON.stringify(ROWS)), { type: 'application/json' });
  }
}
@Module({ controllers: [Lists] })
class ListsModule {}

describe('JSON answers', () => {
  let app: NestExpressApplication;
  beforeAll(async () => {
    app = await NestFactory.create<NestExpressApplication>(ListsModule, { logger: false });
    app.use(compressedJson());
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  const call = (path: string, accepted: string, method = 'GET') => {
    const { port } = app.getHttpServer().address() as { port: number };
    return plainRequest(port, path, { headers: { 'accept-encoding': accepted }, method });
  };

  it.each(ACCEPTED)('go to a client that accepts "%s" as %s, and say how long they are', async (accepted, form) => {
    const answer = await call('/rows', accepted);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(answer.bytes.length),
      vary: 'Accept-Encoding',
    });
    expect(answer.headers['content-encoding']).toBe(form);
    expect(JSON.parse(textOf(answer))).toEqual({ items: ROWS });
    if (form !== undefined) expect(answer.bytes.length).toBeLessThan(JSON.stringify(ROWS).length / 8);
  });

  it('keep their status', async () => {
    const answer = await call('/rows', 'br', 'POST');
    expect([answer.status, answer.headers['content-encoding']]).toEqual([207, 'br']);
  });

  it.each([
    ['of a few bytes', '/few'],
    ['that are text', '/text'],
    ['that are the content of a file', '/content'],
  ])('%s go as they are', async (_what, path) => {
    expect((await call(path, 'br')).headers['content-encoding']).toBeUndefined();
  });

  it('have no body where the head alone is asked for', async () => {
    const answer = await call('/rows', 'br', 'HEAD');
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
  });
});
