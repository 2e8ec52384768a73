import type { IncomingMessage } from 'node:http';
import { Proxies } from './proxies.js';

const request = (remoteAddress: string, headers: Record<string, string>, encrypted = false) =>
  ({ socket: { remoteAddress, encrypted }, headers }) as unknown as Pick<IncomingMessage, 'socket' | 'headers'>;

describe('trusted proxies', () => {
  const proxies = new Proxies(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);

  it.each([
    ['nobody forwards', '192.0.2.1', '', '192.0.2.1'],
    ['a stranger says so', '192.0.2.1', '203.0.113.7', '192.0.2.1'],
    ['a proxy of ours says so', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['it came by IPv6', '::ffff:127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['the client made one up', '10.1.2.3', '6.6.6.6, 203.0.113.7', '203.0.113.7'],
    ['it came by two of ours', '10.1.2.3', '203.0.113.7, 10.9.9.9', '203.0.113.7'],
    ['a port is behind it', 'fd00::1', '203.0.113.7:4711', '203.0.113.7'],
    ['it is of IPv6', 'fd00::1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['it is no address', '127.0.0.1', 'unknown', '127.0.0.1'],
  ])('name the client where %s', (_name, remote, forwarded, client) => {
    expect(proxies.addressOf(remote, forwarded === '' ? {} : { 'x-forwarded-for': forwarded })).toBe(client);
  });

  it('tell of TLS and of the host, and strangers do not', () => {
    const said = { host: 'node', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'files.example' };
    const [ours, stranger] = [request('127.0.0.1', { ...said }), request('192.0.2.1', { ...said })];
    expect([proxies.isSecure(ours), proxies.isSecure(stranger)]).toEqual([true, false]);
    for (const each of [ours, stranger]) proxies.takeForwardedHost(each);
    expect([ours.headers.host, stranger.headers.host]).toEqual(['files.example', 'node']);
    expect(proxies.isSecure(request('192.0.2.1', {}, true))).toBe(true);
    expect(new Proxies().isSecure(ours)).toBe(false);
  });
});
