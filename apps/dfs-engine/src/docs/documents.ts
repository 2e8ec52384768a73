import type { HttpServer } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { ERROR_STATUS } from '@dfs/contracts';
import { ProblemDto } from '@dfs/files';
import { VERSION } from '../process/version.js';
import { asyncApi } from './async-api.js';

const DESCRIPTION = `One node of a DFS network. Every call but those of health, session and this documentation needs the
token of the node (Authorization: Bearer), or the console's cookie. Errors are RFC 9457 problems with a stable code.`;

/** The API document of the application as it is composed. */
export function openApi(app: NestExpressApplication): OpenAPIObject {
  const base = new DocumentBuilder()
    .setTitle('DFS')
    .setDescription(DESCRIPTION.replaceAll('\n', ' '))
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'token')
    .addCookieAuth('dfs', { type: 'apiKey', in: 'cookie', name: 'dfs_<peer id>' }, 'console')
    .addSecurityRequirements('token')
    .addSecurityRequirements('console')
    .build();
  return withProblems(SwaggerModule.createDocument(app, base, { extraModels: [ProblemDto] }));
}

/** Serves Swagger UI and both documents, made when they are first asked for. */
export function serveDocuments(app: NestExpressApplication): void {
  SwaggerModule.setup('api/docs', app, () => openApi(app), {
    jsonDocumentUrl: 'api/openapi.json',
    raw: ['json'],
    customSiteTitle: 'DFS API',
  });
  const http = app.getHttpAdapter() as HttpServer;
  http.get('/api/asyncapi.json', (_request: unknown, response: unknown) => {
    http.reply(response, asyncApi(), 200);
  });
}

/** Every operation may be answered by a problem; which ones, its code says. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  const problem = {
    description: `A problem. Codes: ${Object.keys(ERROR_STATUS).join(', ')}.`,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
  };
  for (const path of Object.values(document.paths)) {
    for (const method of ['get', 'put', 'post', 'patch', 'delete'] as const) {
      const operation = path[method];
      if (operation) operation.responses = { ...operation.responses, default: problem };
    }
  }
  return document;
}
