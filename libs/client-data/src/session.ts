import { DOCUMENT } from '@angular/common';
import { HttpClient, HttpContext } from '@angular/common/http';
import { DestroyRef, Service, inject, signal } from '@angular/core';
import { routes, type NodeInfo, type SessionRequest } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import { IDEMPOTENT } from './api.interceptor.js';
import { toApiProblem, type ApiProblem } from './problem.js';
import { SessionState } from './session-state.js';

/**
 * Signing in: the token of the link that the node printed, or one typed by a person, is traded once for an HttpOnly
 * cookie. The token itself is never kept, and leaves the address bar and the history before anything else happens.
 */
@Service()
export class Session {
  readonly #http = inject(HttpClient);
  readonly #state = inject(SessionState);
  readonly #destroyed = inject(DestroyRef);
  readonly #window = inject(DOCUMENT).defaultView;
  readonly #problem = signal<ApiProblem | null>(null);

  #node: NodeInfo | null = null;

  /** Where the session stands. */
  readonly status = this.#state.status;
  /** Why the last attempt to sign in, or to reach the node, failed. */
  readonly problem = this.#problem.asReadonly();

  /** To be called once, before the router looks at the address. */
  async start(): Promise<void> {
    // A link opened in a tab that shows the console already changes only the hash.
    const onHashChange = () => {
      const later = takeTokenFromAddress(this.#window);
      if (later !== null) void this.signIn(later);
    };
    this.#window?.addEventListener('hashchange', onHashChange);
    this.#destroyed.onDestroy(() => this.#window?.removeEventListener('hashchange', onHashChange));
    const token = takeTokenFromAddress(this.#window);
    await (token === null ? this.check() : this.signIn(token));
  }

  /** Asks the node whether the cookie is good; once, because a person is waiting for the first picture. */
  async check(): Promise<void> {
    try {
      this.#node = await firstValueFrom(
        this.#http.get<NodeInfo>(routes.node, { context: new HttpContext().set(IDEMPOTENT, false) }),
      );
      this.#problem.set(null);
      this.#state.set('signed-in');
    } catch (error) {
      const problem = toApiProblem(error);
      this.#state.set(problem.code === 'unauthorized' ? 'signed-out' : 'unreachable');
      this.#problem.set(problem.code === 'unauthorized' ? null : problem);
    }
  }

  /** This node, as it answered whether the cookie is good; once, so that nobody asks a second time or keeps it. */
  takeNode(): NodeInfo | null {
    const node = this.#node;
    this.#node = null;
    return node;
  }

  /** Ends the session, here and on the node. */
  async signOut(): Promise<void> {
    try {
      await firstValueFrom(this.#http.delete(routes.session, { responseType: 'text' }));
      this.#problem.set(null);
      this.#state.set('signed-out');
    } catch (error) {
      this.#problem.set(toApiProblem(error));
    }
  }

  /** Trades a token for the cookie; true when the node took it. */
  async signIn(token: string): Promise<boolean> {
    const body: SessionRequest = { token: tokenOf(token) };
    try {
      await firstValueFrom(this.#http.post(routes.session, body, { responseType: 'text' }));
      this.#problem.set(null);
      this.#state.set('signed-in');
      return true;
    } catch (error) {
      const problem = toApiProblem(error);
      this.#problem.set(problem);
      this.#state.set(problem.code === 'unreachable' ? 'unreachable' : 'signed-out');
      return false;
    }
  }
}

/** The token in `#token=…`, which is removed from the address and the history at once; null when there is none. */
export function takeTokenFromAddress(window: Window | null): string | null {
  if (window === null) return null;
  const token = new URLSearchParams(window.location.hash.replace(/^#/, '')).get('token');
  if (token === null || token === '') return null;
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return token;
}

/** People paste the whole link as often as the token alone. */
function tokenOf(text: string): string {
  const trimmed = text.trim();
  const hash = trimmed.indexOf('#token=');
  return hash === -1 ? trimmed : (new URLSearchParams(trimmed.slice(hash + 1)).get('token') ?? trimmed);
}
