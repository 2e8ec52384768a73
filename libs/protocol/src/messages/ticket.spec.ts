import fc from 'fast-check';
import { isDfsError } from '@dfs/runtime';
import { signerFromRaw } from '../ids/keys.js';
import { decodeTicket, encodeReturnTicket, encodeTicket, MAX_TICKET_ADDRESSES, type Ticket } from './ticket.js';

const inviter = signerFromRaw(Buffer.alloc(32, 7)).peerId;
const ticket: Ticket = {
  networkId: 'ab'.repeat(32),
  inviter,
  addresses: [`/ip4/192.168.1.20/tcp/4001/p2p/${inviter}`, `/ip6/fe80::1/tcp/4001/p2p/${inviter}`],
  secret: Buffer.alloc(32, 9),
  expiresAt: Date.UTC(2026, 10, 23),
};

function problemOf(text: string): string {
  try {
    decodeTicket(text);
  } catch (error) {
    if (isDfsError(error, 'ticket-invalid')) return error.message;
    throw error;
  }
  throw new Error('it was taken for a ticket');
}

describe('ticket', () => {
  it('is pinned: this text stays readable', () => {
    const text = encodeTicket(ticket);
    expect(text).toMatchInlineSnapshot(
      `"dfs1acmzlrbavov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov4ijqaeqeacera5jfgyy7ctrjavpxvkb5rglwf7gkuo5vox27hxescd3vgsfcg2iwjfraiatakqaiuayh2draufh7iaaaaaaaaaaaaaaaaaaaaaaaqmd5byqqascijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscoonmbyeafhj3lq4"`,
    );
    expect(decodeTicket(text)).toEqual(ticket);
  });

  it('is pinned as a return ticket too, which holds no secret', () => {
    const member = signerFromRaw(Buffer.alloc(32, 8)).peerId;
    const { networkId, addresses } = ticket;
    const text = encodeReturnTicket({ networkId, inviter, addresses, member });
    expect(text).toMatchInlineSnapshot(
      `"dfs1acnjjrbavov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov2xk5lvov4ijqaeqeacera5jfgyy7ctrjavpxvkb5rglwf7gkuo5vox27hxescd3vgsfcg2iwjfraiatakqaiuayh2draufh7iaaaaaaaaaaaaaaaaaaaaaaaqmd5byqtaajaiaejcae4y6ywg2gsfpri3u2sll4632l3j7sutefrbrxejs7sbnpix3e6kikf66pq"`,
    );
    expect(decodeTicket(text)).toEqual({ networkId, inviter, addresses, member });
  });

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.array(fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })), { maxLength: MAX_TICKET_ADDRESSES }),
        fc.integer({ min: 0, max: 2 ** 33 }),
        (network, secret, hosts, seconds) => {
          const given: Ticket = {
            networkId: Buffer.from(network).toString('hex'),
            inviter,
            addresses: hosts.map(([host, port]) => `/ip4/${host}/tcp/${port}/p2p/${inviter}`),
            secret: Buffer.from(secret),
            expiresAt: seconds * 1000,
          };
          expect(decodeTicket(encodeTicket(given))).toEqual(given);
        },
      ),
    );
  });

  it('survives capitals, space and line breaks around and within it', () => {
    const text = encodeTicket(ticket);
    const wrapped = `  ${text.slice(0, 40).toUpperCase()}\n  ${text.slice(40)}\r\n`;
    expect(decodeTicket(wrapped)).toEqual(ticket);
  });

  it('carries no more addresses than fit, and none that are not addresses', () => {
    const addresses = ['nonsense', ...Array.from({ length: 12 }, (_, i) => `/ip4/10.0.0.${i}/tcp/4001/p2p/${inviter}`)];
    const read = decodeTicket(encodeTicket({ ...ticket, addresses }));
    expect(read.addresses).toEqual(addresses.slice(1, 1 + MAX_TICKET_ADDRESSES));
  });

  it('knows a ticket that is cut short', () => {
    const text = encodeTicket(ticket);
    for (const length of [4, 5, 10, text.length - 20, text.length - 2, text.length - 1]) {
      expect(problemOf(text.slice(0, length))).toContain('cut short');
    }
  });

  it('knows a mistyped ticket, wherever the mistake is', () => {
    const text = encodeTicket(ticket);
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === 'a' ? 'b' : 'a';
      expect(problemOf(text.slice(0, at) + other + text.slice(at + 1))).toMatch(/mistyped/);
    }
    expect(problemOf(`${text.slice(0, 20)}!${text.slice(21)}`)).toContain('cannot contain "!"');
    expect(problemOf(`${text}a`)).toContain('mistyped');
    expect(problemOf(`${text}${text}`)).toContain('mistyped');
  });

  it.each(['', 'hello', 'https://example.org/', '/ip4/10.0.0.1/tcp/4001'])('knows that %j is no ticket', (text) => {
    expect(problemOf(text)).toContain('not a ticket');
  });

  it('does not look at endless text', () => {
    expect(problemOf(`dfs1${'a'.repeat(1_000_000)}`)).toContain('too long');
  });

  it('never throws anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => decodeTicket(`dfs1${text}`)).toThrow(expect.objectContaining({ code: 'ticket-invalid' }));
      }),
    );
  });
});
