import type { HttpServer } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { basePathOfApp } from '../http/base-path.js';
import { serveProblemPages } from './problem-pages.js';
import { asyncApi } from './async-api.js';
import { describeApi, openApi } from './open-api.js';

/** Serves Swagger UI and both documents, made when they are first asked for. */
export function serveDocuments(app: NestExpressApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApi(app), {
    jsonDocumentUrl: 'api/openapi.json',
    raw: ['json'],
    customSiteTitle: 'DFS API',
  });
  serveProblemPages(app);
  const http = app.getHttpAdapter() as HttpServer;
  http.get('/api/asyncapi.json', (_request: unknown, response: unknown) => {
    http.reply(response, asyncApi(describeApi(app).schemas, basePathOfApp(app)), 200);
  });
}
