import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CSRF_HEADER, PROBLEMS_PATH, routes } from '@dfs/contracts';
import type { ClientPass, EventsAccess } from '@dfs/events';
import { DfsError, type Clock, type Log } from '@dfs/runtime';
import type { AllowedHosts } from './allowed-hosts.js';
import { GuessLimit, type GuessLimitComponents, type TokenEntrance } from './guess-limit.js';
import { equalSecrets } from './secrets.js';
import { Sessions } from './sessions.js';

/** What of a request decides whether it may pass. */
export interface Entrance {
  method: string;
  /** Without query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Of the client, as the connection tells it. */
  address: string;
}

/** What decides who gets in. `token` is the secret itself and goes into no log; `peerId` names the cookie. */
export interface AccessComponents {
  token: string;
  peerId: string;
  hosts: AllowedHosts;
  clock: Clock;
  log: Log;
  /** As that of `GuessLimit`. */
  pause?: GuessLimitComponents['pause'];
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const OPEN_PATHS = new Set(['/api/docs', '/api/openapi.json', '/api/asyncapi.json', PROBLEMS_PATH]);
const OPEN_FOLDERS = ['/api/docs/', `${PROBLEMS_PATH}/`];
/** Of the peer id, in the name of the cookie: its end, since they all begin alike. */
const NAME_LENGTH = 16;

/** Who may use this node's API: those who know the token, and browsers that have shown it once. */
export class Access {
  readonly cookieName: string;
  private readonly sessions: Sessions;
  private readonly guesses: GuessLimit;

  constructor(private readonly components: AccessComponents) {
    this.cookieName = `dfs_${components.peerId.slice(-NAME_LENGTH)}`;
    this.sessions = new Sessions(components.token, components.peerId, components.clock);
    this.guesses = new GuessLimit(components);
  }

  /** @throws DfsError `host-refused`; `bad-request` for no host, and for two, of which a proxy may have judged the other */
  checkHost({ headers, headersDistinct }: Pick<IncomingMessage, 'headers' | 'headersDistinct'>): void {
    const count = headersDistinct['host']?.length ?? 0;
    if (count === 0) throw new DfsError('bad-request', 'The request has no Host header: send one.');
    if (count > 1) throw new DfsError('bad-request', 'The request has more than one Host header: send one.');
    if (this.components.hosts.allows(headers.host)) return;
    throw new DfsError(
      'host-refused',
      'This node does not answer to that host name. Open it by the address it printed at its start, or add the name to DFS_ALLOWED_HOSTS.',
    );
  }

  /** @throws DfsError `unauthorized`, `origin-refused`, `forbidden` */
  async check(request: Entrance): Promise<void> {
    if (!needsToken(request)) return;
    const { headers, address } = request;
    // A wrong token is wrong, whatever cookie comes with it.
    if (headers.authorization) return this.checkToken(bearerOf(headers), address, 'bearer');
    if (!this.sessionOf(headers)) throw unauthorized();
    if (!SAFE_METHODS.has(request.method)) this.checkOwnPage(headers);
  }

  /**
   * Whether a socket may open: by its handshake's token from anywhere that is not another web page; by the cookie only
   * from a page of ours. The pass of a cookie ends with its session.
   * @throws DfsError `unauthorized`, `origin-refused`
   */
  async checkSocket(headers: IncomingHttpHeaders, token: string | undefined, address: string): Promise<ClientPass> {
    const { hosts } = this.components;
    const ownPage = hosts.isOwnOrigin(headers.origin, headers.host);
    if (headers.origin !== undefined && !ownPage) throw foreignOrigin();
    if (token !== undefined || headers.authorization) {
      await this.checkToken(token ?? bearerOf(headers), address, 'socket');
      return { onEnd: () => () => undefined };
    }
    const session = this.sessionOf(headers);
    if (!session) throw unauthorized();
    if (!ownPage) throw foreignOrigin();
    return { onEnd: (listener) => this.sessions.onEnd(session, listener) };
  }

  /** The same rules for the event stream. */
  forEvents(): EventsAccess {
    return {
      checkRequest: (request) => this.checkHost(request),
      checkClient: (headers, token, address) => this.checkSocket(headers, token, address),
    };
  }

  /**
   * Trades the token for a session; resolves with the cookie.
   * @throws DfsError `unauthorized`, `origin-refused`
   */
  async signIn(token: string, headers: IncomingHttpHeaders, address: string): Promise<string> {
    if (headers.origin !== undefined && !this.components.hosts.isOwnOrigin(headers.origin, headers.host)) {
      throw foreignOrigin();
    }
    await this.checkToken(token, address, 'sign-in');
    return this.cookie(this.sessions.begin(), Sessions.maxAgeSeconds);
  }

  /** Ends the session that is asking; answers the cookie that removes the other one. */
  signOut(headers: IncomingHttpHeaders): string {
    for (const session of this.sessionsOf(headers)) this.sessions.end(session);
    return this.cookie('', 0);
  }

  /** @throws DfsError `unauthorized`, and later the more wrong tokens come from there */
  private async checkToken(token: string | undefined, address: string, entrance: TokenEntrance): Promise<void> {
    if (token === undefined) throw unauthorized();
    if (equalSecrets(token, this.components.token)) return;
    await this.guesses.wrong(address, entrance);
    throw wrongToken();
  }

  private sessionOf(headers: IncomingHttpHeaders): string | undefined {
    return this.sessionsOf(headers).find((session) => this.sessions.isValid(session));
  }

  private sessionsOf(headers: IncomingHttpHeaders): string[] {
    const prefix = `${this.cookieName}=`;
    return (headers.cookie ?? '')
      .split(';')
      .map((item) => item.trim())
      .filter((item) => item.startsWith(prefix))
      .map((item) => item.slice(prefix.length));
  }

  private checkOwnPage(headers: IncomingHttpHeaders): void {
    if (!this.components.hosts.isOwnOrigin(headers.origin, headers.host)) throw foreignOrigin();
    if (headers[CSRF_HEADER] !== undefined) return;
    throw new DfsError('forbidden', `A write with the console's cookie needs the header ${CSRF_HEADER}.`);
  }

  private cookie(value: string, maxAge: number): string {
    return `${this.cookieName}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict`;
  }
}

/** Everything under /api and /metrics, but for signing in and for the documentation. Case does not matter to routes. */
function needsToken({ method, path }: Entrance): boolean {
  const lower = path.toLowerCase();
  if (OPEN_PATHS.has(lower) || OPEN_FOLDERS.some((folder) => lower.startsWith(folder))) return false;
  if (lower === routes.session && method === 'POST') return false;
  return lower.startsWith('/api') || lower.startsWith('/metrics');
}

function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(headers.authorization ?? '')?.[1];
}

function wrongToken(): DfsError {
  return new DfsError(
    'unauthorized',
    'This is not the token of this node. The token is in the file api-token of its data directory.',
  );
}

function unauthorized(): DfsError {
  return new DfsError(
    'unauthorized',
    'Sign in first: send the token of this node as Authorization: Bearer, or open the link it printed at its start.',
  );
}

function foreignOrigin(): DfsError {
  return new DfsError('origin-refused', 'This node refuses requests from web pages other than its console.');
}
