import { networkInterfaces } from 'node:os';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const WILDCARDS = new Set(['0.0.0.0', '::']);

/**
 * The names this node answers to, port included. A page elsewhere can make its own name point here (DNS rebinding), but
 * it cannot make a browser send one of these.
 */
export class AllowedHosts {
  private readonly names: readonly string[];
  private hosts = new Set<string>();

  /**
   * @param bound the host that is listened at
   * @param extra `host:port` is taken exactly; `host` stands for our own port, and for the default one behind a proxy
   */
  constructor(
    bound: string,
    private readonly extra: readonly string[],
    /** It speaks TLS itself. */
    private readonly secure = false,
  ) {
    // Listening at every address means answering to every address; an address cannot be rebound, unlike a name.
    const here = WILDCARDS.has(bound) ? [bound, ...interfaceAddresses()] : [bound];
    this.names = [...new Set([...LOOPBACK, ...here.map(asHost)])];
  }

  /** To be called as soon as the port is known: nothing is allowed before. */
  listeningAt(port: number): void {
    const own = this.names.flatMap((name) => this.withPort(name, port));
    const named = this.extra.flatMap((entry) => (hasPort(entry) ? [entry] : [entry, ...this.withPort(entry, port)]));
    this.hosts = new Set([...own, ...named]);
  }

  private withPort(name: string, port: number): string[] {
    return port === (this.secure ? HTTPS_PORT : HTTP_PORT) ? [name, `${name}:${port}`] : [`${name}:${port}`];
  }

  /** Whether a `Host` header names us. */
  allows(host: string | undefined): boolean {
    return host !== undefined && this.hosts.has(host.toLowerCase());
  }

  /** Whether an `Origin` header is that of a page this very host served. */
  isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined || host === undefined || !this.allows(host)) return false;
    // https is what a proxy before us may speak; host and port are those the browser asked for.
    return origin === `http://${host.toLowerCase()}` || origin === `https://${host.toLowerCase()}`;
  }
}

function hasPort(entry: string): boolean {
  return /:\d+$/.test(entry) && !entry.endsWith(']');
}

function asHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address.toLowerCase();
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((item) => item.address));
}
