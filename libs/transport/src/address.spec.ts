import { addressOf, parseAddress } from './address.js';
import { testIdentity } from './transport.suite.js';

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
