import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CSRF_HEADER, PROBLEMS_PATH, routes } from '@dfs/contracts';
import type { ClientPass, EventsAccess } from '@dfs/events';
import type { Caller } from '@dfs/files';
import { DfsError, type Clock, type Log } from '@dfs/runtime';
import { DAV_ROOT, isDavPath } from '@dfs/webdav';
import { isS3Error, setSigned, verify, type Signed } from '@dfs/s3';
import type { AllowedHosts } from './allowed-hosts.js';
import { GuessLimit, type GuessLimitComponents, type TokenEntrance } from './guess-limit.js';
import { onAbort } from './ends.js';
import { viewOf } from './event-view.js';
import { tokenOf } from './keys/key-secret.js';
import type { Keys } from './keys/keys.js';
import { covers, scopeFor, scopeOfMethod } from './scopes.js';
import { Proxies } from './proxies.js';
import { equalSecrets } from './secrets.js';
import type { SessionStore } from './sessions/session-store.js';
import { Sessions } from './sessions/sessions.js';

/** The parts of a request that decide whether it may pass. */
export interface Entrance {
  method: string;
  /** Without query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Of the client, as the connection tells it. */
  address: string;
}

/** The parts that decide about access. `token` is the secret itself and goes into no log; `peerId` names the cookie. */
export interface AccessComponents {
  token: string;
  peerId: string;
  hosts: AllowedHosts;
  clock: Clock;
  log: Log;
  /** None when left out. */
  proxies?: Proxies;
  /** Where the console stands behind a proxy; at the root when left out. */
  basePath?: string;
  /** As that of `GuessLimit`. */
  pause?: GuessLimitComponents['pause'];
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const OPEN_PATHS = new Set(['/api/docs', '/api/openapi.json', '/api/asyncapi.json', PROBLEMS_PATH]);
const OPEN_FOLDERS = ['/api/docs/', `${PROBLEMS_PATH}/`];
/** End of the cookie's name over HTTPS. */
const SECURE = '_s';
/** Of the peer id, in the name of the cookie: its end, since they all begin alike. */
const NAME_LENGTH = 16;

/** All that the token may, and those who have shown it. */
const OWNER: Caller = { key: null, scope: 'admin', prefix: '' };

/** Access to this node's API: for those who know the token or a key, and browsers that have shown the token once. */
export class Access {
  readonly cookieName: string;
  readonly sessions: Sessions;
  private keys: Pick<Keys, 'callerOf' | 'secretOf'> | undefined;
  private readonly guesses: GuessLimit;
  private readonly proxies: Proxies;

  constructor(private readonly components: AccessComponents) {
    this.cookieName = `dfs_${components.peerId.slice(-NAME_LENGTH)}`;
    this.sessions = new Sessions(components.token, components.peerId, components.clock, components.log);
    this.guesses = new GuessLimit(components);
    this.proxies = components.proxies ?? new Proxies();
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

  /** Keys and sessions in the database, once that is open: until then there are none of an earlier start. */
  async use(keys: Pick<Keys, 'callerOf' | 'secretOf'>, sessions: SessionStore): Promise<void> {
    this.keys = keys;
    await this.sessions.keepIn(sessions);
  }

  /**
   * The one that a request comes from; undefined for what is open to all.
   * @throws DfsError `unauthorized`, `origin-refused`, `forbidden`
   */
  async check(request: Entrance): Promise<Caller | undefined> {
    if (!needsToken(request)) return undefined;
    const { headers, address, method, path } = request;
    // Another web page is refused whatever it carries.
    if (headers.origin !== undefined && !this.isOwnPage(headers)) throw foreignOrigin();
    // A wrong token is wrong, whatever cookie comes with it.
    const isDav = isDavPath(path.toLowerCase());
    if (headers.authorization) {
      const shown = bearerOf(headers) ?? (isDav ? passwordOf(headers) : undefined);
      const caller = await this.checkToken(
        shown,
        this.proxies.addressOf(address, headers),
        isDav ? 'webdav' : 'bearer',
      );
      if (!covers(caller.scope, scopeFor(method, path))) throw outOfScope(caller);
      return caller;
    }
    if (isDav) throw noPassword();
    const session = this.sessionOf(headers);
    if (!session) throw unauthorized();
    if (!SAFE_METHODS.has(method)) this.checkOwnPage(headers);
    return { ...OWNER, ended: this.sessions.ended(session) };
  }

  /**
   * The one whose key has signed a request to the S3 front: that takes neither tokens nor cookies.
   * @throws DfsError `origin-refused`, `forbidden`; as `verify` of S3, and later the more wrong signatures come from there
   */
  async checkSigned(request: IncomingMessage & { originalUrl?: string }): Promise<Caller> {
    const { headers, headersDistinct, socket, method = 'GET', originalUrl: url = request.url ?? '' } = request;
    if (headers.origin !== undefined && !this.isOwnPage(headers)) throw foreignOrigin();
    const signed = await this.signedBy({ method, url, headers, headersDistinct }, socket.remoteAddress ?? '');
    const secret = this.keys?.secretOf(signed.keyId);
    const caller = secret === undefined ? undefined : this.keys?.callerOf(tokenOf({ id: signed.keyId, secret }));
    if (!caller) throw unauthorized();
    if (!covers(caller.scope, scopeOfMethod(method))) throw outOfScope(caller);
    setSigned(request, signed);
    return caller;
  }

  private async signedBy(request: Parameters<typeof verify>[0], address: string): Promise<Signed> {
    const { clock, basePath = '' } = this.components;
    const secretOf = (id: string): string | undefined => this.keys?.secretOf(id);
    try {
      return verify(request, { secretOf, now: clock.now(), base: basePath });
    } catch (error) {
      if (isS3Error(error, 'SignatureDoesNotMatch', 'InvalidAccessKeyId'))
        await this.guesses.wrong(this.proxies.addressOf(address, request.headers), 's3');
      throw error;
    }
  }

  /**
   * Whether a socket may open: by its handshake's token from anywhere that is not another web page; by the cookie only
   * from a page of ours. The pass ends with its session, or its key.
   * @throws DfsError `unauthorized`, `origin-refused`
   */
  async checkSocket(headers: IncomingHttpHeaders, token: string | undefined, address: string): Promise<ClientPass> {
    const ownPage = this.isOwnPage(headers);
    if (headers.origin !== undefined && !ownPage) throw foreignOrigin();
    if (token !== undefined || headers.authorization) {
      const client = this.proxies.addressOf(address, headers);
      return passOf(await this.checkToken(token ?? bearerOf(headers), client, 'socket'));
    }
    const session = this.sessionOf(headers);
    if (!session) throw unauthorized();
    if (!ownPage) throw foreignOrigin();
    return passOf({ ...OWNER, ended: this.sessions.ended(session) });
  }

  /** Before a client of events has named itself. @throws DfsError as `checkHost`; `origin-refused` for other web pages */
  private checkPage(request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>): void {
    this.checkHost(request);
    if (request.headers.origin !== undefined && !this.isOwnPage(request.headers)) throw foreignOrigin();
  }

  /** The same rules for the event stream. */
  forEvents(): EventsAccess {
    return {
      checkRequest: (request) => this.checkPage(request),
      checkClient: (headers, token, address) => this.checkSocket(headers, token, address),
    };
  }

  /**
   * Trades the token for a session; resolves with the cookie. A key is for programs, and opens none.
   * @throws DfsError `unauthorized`, `origin-refused`
   */
  async signIn(token: string, request: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<string> {
    const { headers, socket } = request;
    if (headers.origin !== undefined && !this.isOwnPage(headers)) throw foreignOrigin();
    if (!equalSecrets(token, this.components.token)) {
      await this.guesses.wrong(this.proxies.addressOf(socket.remoteAddress ?? '', headers), 'sign-in');
      throw wrongToken();
    }
    const session = await this.sessions.begin(headers['user-agent'] ?? '');
    return this.cookie(session, Sessions.maxAgeSeconds, this.proxies.isSecure(request));
  }

  /** Ends the sessions that are asking; answers the cookies that remove them. */
  async signOut(request: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<string[]> {
    for (const session of this.sessionsOf(request.headers)) await this.sessions.end(session);
    const plain = this.cookie('', 0, false);
    return this.proxies.isSecure(request) ? [this.cookie('', 0, true), plain] : [plain];
  }

  /** @throws DfsError `unauthorized`, and later the more wrong tokens come from there */
  private async checkToken(token: string | undefined, address: string, entrance: TokenEntrance): Promise<Caller> {
    if (token === undefined) throw unauthorized();
    if (equalSecrets(token, this.components.token)) return OWNER;
    const caller = this.keys?.callerOf(token);
    if (caller) return caller;
    await this.guesses.wrong(address, entrance);
    throw wrongToken();
  }

  private isOwnPage(headers: IncomingHttpHeaders): boolean {
    return this.components.hosts.isOwnOrigin(headers.origin, headers.host);
  }

  private sessionOf(headers: IncomingHttpHeaders): string | undefined {
    return this.sessionsOf(headers).find((session) => this.sessions.isValid(session));
  }

  /** Cookies by which a client shows its sessions of this node. */
  sessionsOf(headers: IncomingHttpHeaders): string[] {
    const prefixes = [`${this.cookieName}=`, `${this.cookieName}${SECURE}=`];
    return (headers.cookie ?? '')
      .split(';')
      .map((item) => item.trim())
      .flatMap((item) =>
        prefixes.filter((prefix) => item.startsWith(prefix)).map((prefix) => item.slice(prefix.length)),
      );
  }

  private checkOwnPage(headers: IncomingHttpHeaders): void {
    if (!this.isOwnPage(headers)) throw foreignOrigin();
    if (headers[CSRF_HEADER] !== undefined) return;
    throw new DfsError('forbidden', `A write with the console's cookie needs the header ${CSRF_HEADER}.`);
  }

  /** By HTTPS it has another name: a Secure cookie could not be replaced from plain HTTP. */
  private cookie(value: string, maxAge: number, secure: boolean): string {
    const name = secure ? this.cookieName + SECURE : this.cookieName;
    const path = `${this.components.basePath ?? ''}/`;
    return `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }
}

/** The credential that lets a client of events in. */
function passOf(caller: Caller): ClientPass {
  const { ended } = caller;
  const view = viewOf(caller);
  return {
    onEnd: (listener) => (ended ? onAbort(ended, listener) : () => undefined),
    ...(view && { view }),
  };
}

/** Everything under /api, /metrics and /dav, but for signing in and for the documentation. Case does not matter to routes. */
function needsToken({ method, path }: Entrance): boolean {
  const lower = path.toLowerCase();
  if (OPEN_PATHS.has(lower) || OPEN_FOLDERS.some((folder) => lower.startsWith(folder))) return false;
  if (lower === routes.session && method === 'POST') return false;
  return ['/api', '/metrics', DAV_ROOT].some((root) => lower.startsWith(root));
}

function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(headers.authorization ?? '')?.[1];
}

/** The password of Basic authentication, whatever the user name is. */
function passwordOf(headers: IncomingHttpHeaders): string | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]{1,4096}={0,2}) *$/i.exec(headers.authorization ?? '') ?? [];
  return encoded === undefined ? undefined : /^[^:]*:([^]*)$/.exec(Buffer.from(encoded, 'base64').toString())?.[1];
}

function wrongToken(): DfsError {
  return new DfsError(
    'unauthorized',
    'This is not the token of this node, which is in the file api-token of its data directory, nor an active key.',
  );
}

function unauthorized(): DfsError {
  return new DfsError(
    'unauthorized',
    'Sign in first: send the token of this node as Authorization: Bearer, or open the link it printed at its start.',
  );
}

function noPassword(): DfsError {
  return new DfsError(
    'unauthorized',
    'Sign in first: a key of this node is the password, and any user name will do. The console makes keys under Settings.',
  );
}

function outOfScope({ scope }: Caller): DfsError {
  return new DfsError('forbidden', `A key of the scope ${scope} may not do this: use another one.`);
}

function foreignOrigin(): DfsError {
  return new DfsError('origin-refused', 'This node refuses requests from web pages other than its console.');
}
