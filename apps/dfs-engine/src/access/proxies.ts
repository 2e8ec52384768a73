import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Reverse proxies before this node: what they forward of a client counts (`X-Forwarded-For`, `-Host`, `-Proto`), what anybody
 * else says of that kind is passed over.
 */
export class Proxies {
  private readonly trusted = new BlockList();

  /** @param addresses IP addresses, or ranges such as `10.0.0.0/8` */
  constructor(addresses: readonly string[] = []) {
    for (const entry of addresses) {
      const [address = '', bits] = entry.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.trusted.addAddress(address, family);
      else this.trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** The address of the client: the last one that no proxy of ours has. @param remote that of the connection */
  addressOf(remote: string, headers: IncomingHttpHeaders): string {
    if (!this.isTrusted(remote)) return remote;
    const hops = listOf(headers['x-forwarded-for'])
      .map(bare)
      .filter((hop) => isIP(hop) !== 0);
    return hops.findLast((hop) => !this.isTrusted(hop)) ?? hops[0] ?? remote;
  }

  /** Whether the client speaks TLS, with us or with a proxy of ours. */
  isSecure({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
    if ((socket as Partial<TLSSocket>).encrypted === true) return true;
    return this.isTrusted(socket.remoteAddress ?? '') && listOf(headers['x-forwarded-proto']).at(-1) === 'https';
  }

  /** The host that the client asked for takes the place of the one by which a proxy asks. */
  takeForwardedHost({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): void {
    const host = listOf(headers['x-forwarded-host']).at(-1);
    if (host !== undefined && this.isTrusted(socket.remoteAddress ?? '')) headers.host = host;
  }

  private isTrusted(address: string): boolean {
    const plain = address.replace(MAPPED, '');
    const kind = isIP(plain);
    return kind !== 0 && this.trusted.check(plain, kind === 6 ? 'ipv6' : 'ipv4');
  }
}

function listOf(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** An address without a port, and without the brackets of IPv6. */
function bare(hop: string): string {
  const [, inBrackets] = /^\[([^\]]+)\](?::\d+)?$/.exec(hop) ?? [];
  if (inBrackets !== undefined) return inBrackets;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(':')) : hop;
}
