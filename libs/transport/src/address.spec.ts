import { addressOf, directTargets, parseAddress, relayedTargets } from './address.js';
import { testIdentity } from './testing/suite-context.js';

const { peerId } = testIdentity();

describe('an address', () => {
  it.each([
    '/ip4/192.168.1.20/tcp/4001',
    '/ip6/fe80::1/tcp/4001',
    '/dns4/node.example.org/tcp/1',
    '/dns6/node/tcp/65535',
    '/dns/localhost/tcp/4001',
  ])('may be %s, with and without a peer id', (text) => {
    expect(parseAddress(text).peerId).toBeUndefined();
    expect(parseAddress(`  ${text}/p2p/${peerId}\n`)).toMatchObject({ peerId });
  });

  it('may lead through another node, wherever that is', () => {
    const relay = testIdentity().peerId;
    for (const before of ['', '/ip4/192.168.1.20/tcp/4001', '/dns4/node.example.org/tcp/1']) {
      const through = `${before}/p2p/${relay}/p2p-circuit`;
      expect(parseAddress(`${through}/p2p/${peerId}`)).toMatchObject({ peerId, relay });
      expect(addressOf(through, peerId)?.toString()).toBe(`${through}/p2p/${peerId}`);
      expect(addressOf(`${through}/p2p/${relay}`, peerId)).toBeUndefined();
    }
    expect(parseAddress(`/ip4/1.2.3.4/tcp/4001/p2p/${peerId}`).relay).toBeUndefined();
  });

  it('is dialled itself where it is direct, each once, and through those that relay otherwise', () => {
    const [relay, other] = [testIdentity().peerId, testIdentity().peerId];
    const given = ['/ip4/1.2.3.4/tcp/1', `/p2p/${relay}/p2p-circuit`, `/ip4/1.2.3.4/tcp/2/p2p/${other}/p2p-circuit`];
    const direct = directTargets(peerId, given, ['/ip4/1.2.3.4/tcp/1', `/ip4/1.2.3.4/tcp/3/p2p/${peerId}`]);
    expect(direct.map(String)).toEqual([1, 3].map((port) => `/ip4/1.2.3.4/tcp/${port}/p2p/${peerId}`));
    const relayed = relayedTargets(peerId, given, (each) => each === other);
    expect(relayed.map(String)).toEqual([`/p2p/${other}/p2p-circuit/p2p/${peerId}`]);
  });

  it.each([
    '',
    '   ',
    'x'.repeat(600),
    'localhost',
    '192.168.1.20:4001',
    'http://192.168.1.20:4001',
    '/ip4/192.168.1.20',
    '/ip4/192.168.1.20/tcp',
    '/ip4/192.168.1.20/tcp/0',
    '/ip4/192.168.1.20/tcp/65536',
    '/ip4/192.168.1.20/tcp/-1',
    '/ip4/999.168.1.20/tcp/4001',
    '/ip4/192.168.1.20/udp/4001/quic-v1',
    '/ip4/192.168.1.20/tcp/4001/ws',
    '/ip4/192.168.1.20/tcp/4001/p2p/nobody',
    `/ip4/192.168.1.20/tcp/4001/p2p/${peerId}/p2p-circuit`,
    `/ip4/1.2.3.4/tcp/4001/p2p/${peerId}/p2p/${peerId}`,
    `/p2p/${peerId}`,
    `/p2p/${peerId}/p2p-circuit`,
    `/p2p-circuit/p2p/${peerId}`,
    `/ip4/1.2.3.4/udp/1/p2p/${peerId}/p2p-circuit/p2p/${peerId}`,
    `/p2p/${peerId}/p2p-circuit/p2p/${peerId}/p2p-circuit/p2p/${peerId}`,
    '/unix/tmp/socket',
    '/dnsaddr/example.org',
    '/ip4/1.2.3.4/tcp/4001/../..',
    '/ip4/1.2.3.4\u0000/tcp/4001',
  ])('may not be %j, and the refusal shows one', (text) => {
    expect(() => parseAddress(text)).toThrow(
      expect.objectContaining({
        code: 'invalid-address',
        message: expect.stringContaining('/ip4/192.168.1.20/tcp/4001') as string,
        errors: [expect.objectContaining({ field: 'address' })],
      }) as Error,
    );
  });

  it('is taken for a peer only if it is no one else’s', () => {
    const bare = '/ip4/1.2.3.4/tcp/4001';
    expect(addressOf(bare, peerId)?.toString()).toBe(`${bare}/p2p/${peerId}`);
    expect(addressOf(`${bare}/p2p/${peerId}`, peerId)?.toString()).toBe(`${bare}/p2p/${peerId}`);
    expect(addressOf(`${bare}/p2p/${testIdentity().peerId}`, peerId)).toBeUndefined();
    expect(addressOf('nonsense', peerId)).toBeUndefined();
  });
});
