import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { answerAtBase } from '@dfs/runtime';

/** Setting of the application: where it stands behind a proxy, such as `/dfs`; empty at the root. */
const SETTING = 'dfs base path';

/**
 * Takes the base path from the address of a request, before anything reads it. A proxy may have taken it already: what comes
 * without it is meant the same.
 */
export function takeBasePath(request: IncomingMessage, base: string): void {
  const { url = '' } = request;
  if (base === '') return;
  answerAtBase(request, base);
  if (!url.startsWith(base)) return;
  const rest = url.slice(base.length);
  if (rest === '' || rest.startsWith('?')) request.url = `/${rest}`;
  else if (rest.startsWith('/')) request.url = rest;
}

/** Has the addresses in answers begin with the base path. */
export function answerAt(app: NestExpressApplication, base: string): void {
  app.set(SETTING, base);
  if (base === '') return;
  app.use((_request: Request, response: Response, next: NextFunction) => {
    const setHeader = response.setHeader.bind(response);
    response.setHeader = (name, value) => {
      const isOurs = name.toLowerCase() === 'location' && typeof value === 'string' && value.startsWith('/');
      return setHeader(name, isOurs ? base + value : value);
    };
    next();
  });
}

/** The base path of an application. */
export function basePathOfApp(app: NestExpressApplication): string {
  const base: unknown = (app.getHttpAdapter().getInstance() as { get(name: string): unknown }).get(SETTING);
  return typeof base === 'string' ? base : '';
}
