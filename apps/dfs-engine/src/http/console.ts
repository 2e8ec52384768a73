import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { day } from '@dfs/protocol';

/** Names the Angular build has put a hash of the content into. */
const HASHED = /[.-][\w-]{8}\.[a-z0-9]+$/;
const OURS = /^\/(api|health|metrics|socket\.io)(\/|$)/i;
const YEAR_SECONDS = (365 * day) / 1000;

/**
 * Serves the built console from `folder`: hashed files for good, the rest asked anew; addresses of its own pages (deep
 * links) get its index. Nothing is served when there is no build.
 */
export function serveConsole(app: NestExpressApplication, folder: string): void {
  const index = join(folder, 'index.html');
  if (!existsSync(index)) return;
  app.useStaticAssets(folder, {
    index: 'index.html',
    redirect: false,
    dotfiles: 'ignore',
    setHeaders: (response: ServerResponse, path: string) => {
      response.setHeader('Cache-Control', cacheControl(path));
    },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!isPageOfConsole(request)) return next();
    response.setHeader('Cache-Control', cacheControl(index));
    response.sendFile(index, { cacheControl: false }, (error?: Error) => {
      if (error) next(error);
    });
  });
}

function isPageOfConsole({ method, path }: Request): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return !OURS.test(path) && !(path.split('/').at(-1) ?? '').includes('.');
}

function cacheControl(path: string): string {
  return HASHED.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
}
