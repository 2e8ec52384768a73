import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import staticFiles from 'express-static-gzip';
import { CONSOLE_PAGES } from '@dfs/contracts';
import { day } from '@dfs/runtime';
import { isOfS3 } from '../access/scopes.js';

/** Names the Angular build has put a hash of the content into, and their compressed forms. */
const HASHED = /[.-][\w-]{8}\.[a-z0-9]+?(\.br|\.gz)?$/;
const YEAR_SECONDS = (365 * day) / 1000;

/**
 * Serves the built console from `folder`: hashed files for good, the rest asked anew, each in the compressed form beside it
 * that the browser accepts; the addresses of its pages, and of
 * what is below them, get its index where HTML is accepted. Every other address is left to the routes: a mistyped one of the
 * API must not look like an answer. Nothing is served when there is no build.
 */
export function serveConsole(app: NestExpressApplication, folder: string, basePath = ''): void {
  const index = join(folder, 'index.html');
  if (!existsSync(index)) return;
  const page = pageAt(index, basePath);
  const files = staticFiles(folder, {
    enableBrotli: true,
    orderPreference: ['br', 'gzip'],
    // As a page, below.
    index: false,
    serveStatic: {
      redirect: false,
      dotfiles: 'ignore',
      setHeaders: (response: ServerResponse, path: string) => {
        response.setHeader('Cache-Control', cacheControl(path));
      },
    },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (mayBeFile(request)) files(request, response, next);
    else next();
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!isPageOfConsole(request)) return next();
    response.setHeader('Cache-Control', cacheControl(index));
    if (page !== undefined) {
      response.type('html').send(page);
      return;
    }
    response.sendFile(index, { cacheControl: false }, (error?: Error) => {
      if (error) next(error);
    });
  });
}

/** Writes, and addresses that are no path, are answered further on. */
function mayBeFile({ method, path }: Request): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || isOfS3(path)) return false;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** By the path as it was sent: `//files` and `/%66iles` are none of its pages. */
function isPageOfConsole(request: Request): boolean {
  const { method, path } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const isPage = path === '/' || CONSOLE_PAGES.some((page) => path === `/${page}` || path.startsWith(`/${page}/`));
  return isPage && request.accepts('html') !== false;
}

function cacheControl(path: string): string {
  return HASHED.test(path) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
}

/** The index, at whose base its parts and the API are; undefined where that is the root, as it was built for. */
function pageAt(index: string, basePath: string): string | undefined {
  if (basePath === '') return undefined;
  return readFileSync(index, 'utf8').replace(/<base href="[^"]*"/, `<base href="${basePath}/"`);
}
