import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DfsError, type Log } from '@dfs/runtime';
import { toDfsError } from './known-errors.js';
import { loggedPath, sendProblem } from './problem-answer.js';

/** Which methods a path takes: empty for a path that is no route. */
export type MethodsOf = (path: string) => readonly string[];

/** Every error of every route, and of those that are none, becomes one `application/problem+json`. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly methodsOf: MethodsOf,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') return;
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const known = isUnknownRoute(error) ? this.unknownRoute(request, response) : toDfsError(error);
    this.report(known, request, response);
    if (response.headersSent || known.code === 'aborted') {
      // Part of an answer is out: an end in good order would make it look whole.
      if (!response.writableFinished) response.destroy();
      return;
    }
    sendProblem(request, response, known);
  }

  private unknownRoute(request: Request, response: Response): DfsError {
    const methods = this.methodsOf(request.path);
    if (methods.length === 0)
      return new DfsError('not-found', 'There is nothing at this address. /api/docs describes the API.');
    response.setHeader('Allow', methods.join(', '));
    return new DfsError('method-not-allowed', `This address takes ${methods.join(', ')} and not ${request.method}.`);
  }

  private report(error: DfsError, request: Request, response: Response): void {
    const facts = {
      requestId: response.getHeader('X-Request-Id'),
      method: request.method,
      path: loggedPath(request),
      code: error.code,
    };
    if (error.code === 'internal-error') this.log.error({ ...facts, err: error.cause ?? error }, 'unexpected error');
    else if (error.status >= 500) this.log.warn({ ...facts, err: error.cause ?? error }, error.message);
    else this.log.debug({ ...facts, detail: error.message }, 'request refused');
  }
}

function isUnknownRoute(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() === 404 && /^Cannot [A-Z]+ /.test(error.message);
}
