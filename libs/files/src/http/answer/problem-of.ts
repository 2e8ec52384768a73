import type { Request, Response } from 'express';
import type { Problem } from '@dfs/contracts';
import { basePathOf, toProblem } from '@dfs/runtime';

/** The problem of one file among many that a request names: told within its answer, not in place of it. */
export function problemOf(error: unknown, request: Request, response: Response): Problem {
  const requestId = String(response.getHeader('X-Request-Id') ?? '');
  return toProblem(error, { requestId, base: basePathOf(request), instance: request.path });
}
