import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { DfsError, second } from '@dfs/runtime';
import { setCaller, type Caller } from '@dfs/files';
import type { Access } from '../access/access.js';
import { onAbort } from '../access/ends.js';
import { isOfAccess, isOfS3 } from '../access/scopes.js';
import { answerAt } from './base-path.js';
import { compressedJson } from './compressed-json.js';
import { serveConsole } from './console.js';
import { ErrorFilter } from './error.filter.js';
import { JsonBodyInterceptor } from './input/json-body.interceptor.js';
import { KeyViewInterceptor, type PathOfFile } from './key-view.interceptor.js';
import { refuseTransferCodings } from './message.js';
import { pathOf } from './problem-answer.js';
import { parseQuery } from './input/query-parser.js';
import { requestLog } from './request-log.js';
import { methodsFrom } from './route-methods.js';
import { securityHeaders } from './security-headers.js';
import type { UnderWay } from './under-way.js';
import { validation } from './input/validation.js';

/** The layers before the routes: access, the log of requests, the console's files. */
export interface FrontOptions {
  access: Access;
  logger: Logger;
  /** Folder of the built console. */
  consoleDir: string;
  /** Told of every answer that was sent whole. */
  onAnswer?(method: string, status: number, seconds: number): void;
  /** For keys that do not see all files. */
  pathOfFile: PathOfFile;
  /** Where console and API stand behind a proxy; at the root when left out. */
  basePath?: string;
  /** Counts the requests that are being answered. */
  underWay?: UnderWay;
}

/**
 * All that a request passes before it meets a route, in this order: id and log, security headers, host, console,
 * token. To be called before the application is initialised.
 */
export function installFront(app: NestExpressApplication, options: FrontOptions): void {
  const { access, logger, consoleDir } = options;
  app.disable('x-powered-by');
  // Tags are content ids where there is content; a hash of every JSON answer would be work for nothing.
  app.disable('etag');
  app.set('query parser', parseQuery);
  neverFresh(app);
  if (options.underWay) app.use(options.underWay.counting());
  answerAt(app, options.basePath ?? '');
  app.use(requestLog(logger), securityHeaders(), compressedJson());
  app.use((request: Request, response: Response, next: NextFunction) => {
    const began = performance.now();
    response.once('finish', () => {
      options.onAnswer?.(request.method, response.statusCode, (performance.now() - began) / second);
    });
    next();
  });
  app.use((request: Request, _response: Response, next: NextFunction) => {
    access.checkHost(request);
    refuseTransferCodings(request);
    if (!request.originalUrl.startsWith('/'))
      throw new DfsError('bad-request', 'The address must be a path that starts with /.');
    next();
  });
  serveConsole(app, consoleDir, options.basePath);
  app.use(async (request: Request, response: Response, next: NextFunction) => {
    const address = request.socket.remoteAddress ?? '';
    const { method, headers } = request;
    const path = pathOf(request);
    const caller = isOfS3(path)
      ? await access.checkSigned(request)
      : await access.check({ method, path, headers, address });
    if (caller) enter(request, response, caller);
    next();
  });
  app.useGlobalPipes(validation());
  // In this order: what a body names must be read before it is looked at.
  app.useGlobalInterceptors(new JsonBodyInterceptor(), new KeyViewInterceptor(options.pathOfFile));
  app.useGlobalFilters(new ErrorFilter(logger, methodsFrom(app)));
}

/**
 * Express answers 304 to `If-None-Match: *`, whatever the answer is. Conditions are judged where there are tags: of contents by
 * their routes, of the console by what serves its files.
 */
function neverFresh(app: NestExpressApplication): void {
  const { request } = app.getHttpAdapter().getInstance() as unknown as { request: object };
  Object.defineProperty(request, 'fresh', { get: () => false });
}

/** A request under way ends with the key or session of its caller. */
function enter(request: Request, response: Response, caller: Caller): void {
  setCaller(request, caller);
  // The request that ends it is answered all the same.
  if (!caller.ended || isOfAccess(request.path)) return;
  response.once(
    'close',
    onAbort(caller.ended, () => response.destroy()),
  );
}
