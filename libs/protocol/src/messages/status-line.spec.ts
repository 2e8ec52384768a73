import fc from 'fast-check';
import { encode, decode } from '../codec/codec.js';
import { StatusLine } from './status-line.js';
import { statusMessage, type StatusMessage } from './status-messages.js';

const peers = [
  '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
  '12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu',
] as const;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const small = fc.nat(3);
const status: fc.Arbitrary<StatusMessage> = fc.record({
  method: fc.constant('status' as const),
  boot: small,
  uptime: fc.option(fc.nat(), { nil: null }),
  revision: small,
  since: small,
  seen: fc.option(fc.record({ boot: small, revision: small }), { nil: null }),
  beat: fc.nat(),
  heard: small,
  membership: fc.constantFrom(1, 2).map((byte) => new Uint8Array(32).fill(byte)),
  synced: fc.boolean(),
  latency: fc.option(small, { nil: null }),
  sections: fc.array(fc.record({ name: fc.constantFrom('a', 'b'), value: small }), { maxLength: 2 }),
  missing: fc.subarray([...peers]),
  relayed: fc.array(fc.record({ peerId: fc.constantFrom(...peers), beat: small, addresses: fc.constant([]) }), {
    maxLength: 2,
  }),
  proof: fc.option(bytes(64), { nil: null }),
  proofs: fc.array(bytes(64), { maxLength: 2 }),
  heardProof: fc.option(bytes(64), { nil: null }),
  time: fc.option(small, { nil: null }),
  runs: fc.array(fc.record({ boot: small, rank: small, addresses: fc.constant(['/ip4/10.0.0.1/tcp/4001']) }), {
    maxLength: 2,
  }),
});
const plain = (message: StatusMessage): unknown => decode(encode(statusMessage.form(message) ?? null));
const quiet = (beat: number): StatusMessage =>
  statusMessage.parse(
    {
      ...{ method: 'status', boot: 1_795_000_000_000, uptime: 60 * beat, revision: 7, since: 7 },
      ...{ seen: [1_795_000_000_001, 9], beat: 2 ** 33 + beat, membership: new Uint8Array(32).fill(5), synced: true },
      ...{ latency: beat, time: 1_795_000_000_000 + 60_000 * beat },
    },
    'status',
  );

describe('a stream of statuses', () => {
  it('is heard as it was told', () => {
    fc.assert(
      fc.property(fc.array(status, { minLength: 1, maxLength: 6 }), (told) => {
        const [teller, hearer] = [new StatusLine(), new StatusLine()];
        for (const [at, each] of told.entries()) {
          const heard = hearer.hear(decode(encode(teller.tell(each))));
          const expected = { ...each, uptime: at > 0 ? heard.uptime : each.uptime, latency: heard.latency };
          // A proof that was told just before need not be told again.
          if (at > 0 && each.proof && told[at - 1]?.proof && heard.proof === null) expected.proof = null;
          expect(plain(heard)).toEqual(plain(expected));
          if (heard.uptime !== null) expect(told.map(({ uptime }) => uptime)).toContain(heard.uptime);
        }
      }),
    );
  });

  it('takes little while nothing but the time changes, and says once how long a way takes', () => {
    const [teller, hearer] = [new StatusLine(), new StatusLine()];
    expect(hearer.hear(teller.tell({ ...quiet(1), latency: null }))).toMatchObject({ uptime: 60, latency: null });
    expect(hearer.hear(teller.tell(quiet(2)))).toMatchObject({ uptime: null, latency: 2 });
    const third = teller.tell(quiet(3));
    expect(encode(third).length).toBeLessThan(32);
    expect(hearer.hear(third)).toEqual({ ...quiet(3), uptime: null, latency: null });
  });

  it('refuses what is no status, and keeps nothing that it does not know', () => {
    const hearer = new StatusLine();
    expect(() => hearer.hear({ method: 'status' })).toThrow('status.boot');
    hearer.hear(new StatusLine().tell(quiet(1)));
    for (const wrong of [null, 1, 'status', [], new Uint8Array(3)]) expect(() => hearer.hear(wrong)).toThrow('a map');
    expect(() => hearer.hear({ boot: null })).toThrow('status.boot');
    expect(() => hearer.hear({ method: 'pull' })).toThrow('status.method');
    const odd = decode(encode({ beat: 9, constructor: 1, toString: 2, other: 3 }));
    expect(hearer.hear(odd)).toEqual({ ...quiet(1), beat: 9, uptime: null, latency: null });
  });
});
