import { HttpContextToken, type HttpInterceptorFn } from '@angular/common/http';
import { inject } from '@angular/core';
import { CSRF_HEADER, routes } from '@dfs/contracts';
import { catchError, tap, throwError } from 'rxjs';
import { atBase } from './base-path.js';
import { toApiProblem } from './problem.js';
import { retryTransient } from './retry-policy.js';
import { SessionState } from './session-state.js';

/**
 * Whether a call may be sent twice. By its method when left out; `POST /files` says so itself, because equal bytes under
 * an equal path change nothing.
 */
export const IDEMPOTENT = new HttpContextToken<boolean | null>(() => null);

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set([...SAFE_METHODS, 'PUT', 'DELETE']);

/**
 * The common part of all calls: writes carry the header no cross-site form can send, failures become `ApiProblem`,
 * idempotent calls are retried by the one policy, and a 401 signs the console out.
 */
export const apiInterceptor: HttpInterceptorFn = (request, next) => {
  const session = inject(SessionState);
  const headers: Record<string, string> = SAFE_METHODS.has(request.method) ? {} : { [CSRF_HEADER]: '1' };
  const sent = request.clone({ url: atBase(request.url), setHeaders: headers });
  const answer = next(sent).pipe(catchError((error: unknown) => throwError(() => toApiProblem(error))));
  const idempotent = request.context.get(IDEMPOTENT) ?? IDEMPOTENT_METHODS.has(request.method);
  return (idempotent ? answer.pipe(retryTransient()) : answer).pipe(
    tap({
      error: (problem: unknown) => {
        // A refused token is told by the sign-in form itself.
        if (request.url !== routes.session && toApiProblem(problem).code === 'unauthorized') session.set('signed-out');
      },
    }),
  );
};
