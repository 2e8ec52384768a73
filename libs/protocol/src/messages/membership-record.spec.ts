import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { sha256 } from '../ids/cid.js';
import { decode, encode, type WireValue } from '../codec/codec.js';
import { isDfsError } from '@dfs/runtime';
import { peerIdToBytes, signerFromRaw, type Signer } from '../ids/keys.js';
import {
  membershipBody,
  membershipIdOf,
  readMembershipRecord,
  sealMembershipRecord,
  signMembershipRecord,
  type MembershipContent,
  type MembershipDraft,
} from './membership-record.js';

const [owner, other, third] = [1, 2, 3].map((seed) => signerFromRaw(Buffer.alloc(32, seed))) as [
  Signer,
  Signer,
  Signer,
];
const networkId = '11'.repeat(32);
const parents = ['22'.repeat(32), '33'.repeat(32)];
const time = Date.UTC(2026, 10, 22);
const settings = {
  networkName: 'home',
  replicas: 3,
  graceMs: 600_000,
  retentionMs: 2_592_000_000,
  retainedVersions: 5,
  syncPeriodMs: 60_000,
};
const founding: MembershipContent = { kind: 'founding', settings, name: 'attic', nonce: '44'.repeat(16) };
const contents: MembershipContent[] = [
  { kind: 'admission', member: other.peerId, role: 'member', invite: '55'.repeat(16), name: 'kitchen' },
  { kind: 'admission', member: other.peerId, role: 'owner', invite: null, name: '' },
  { kind: 'removal', member: other.peerId, lastRecord: '66'.repeat(32), reason: 'sold' },
  { kind: 'removal', member: other.peerId, lastRecord: null, reason: '' },
  { kind: 'settings', settings: { ...settings, replicas: 5 } },
];
const draft = (content: MembershipContent): MembershipDraft => ({ networkId, time, parents, content });
const goldenBytes = (): Record<string, string> =>
  JSON.parse(readFileSync(new URL('../../golden/membership-records.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function jointDraft(signers: Signer[]): MembershipDraft {
  const order = (a: Signer, b: Signer) => Buffer.compare(peerIdToBytes(a.peerId), peerIdToBytes(b.peerId));
  const names = [...signers].sort(order).map((signer) => signer.peerId);
  return draft({ kind: 'joint', member: third.peerId, name: 'cellar', signers: names });
}
function signJointly(from: MembershipDraft, signers: Signer[]) {
  const body = membershipBody(from, signers[0]?.peerId ?? '');
  const named = from.content.kind === 'joint' ? from.content.signers : [];
  const signatures = named.flatMap((peerId) => {
    const signer = signers.find((one) => one.peerId === peerId);
    return signer ? [{ signer: peerId, signature: signer.sign(body) }] : [];
  });
  return sealMembershipRecord(body, signatures);
}

/** A body of our making, signed by `by`: what a newer release, or an attacker, might send. */
function sealed(body: WireValue, by: Signer[] = [owner]): Uint8Array {
  const bytes = encode(body);
  return encode([bytes, by.map((signer) => [peerIdToBytes(signer.peerId), signer.sign(bytes)])]);
}
function bodyOf(record: { bytes: Uint8Array }): WireValue[] {
  const [body] = decode(record.bytes) as [Uint8Array];
  return [...(decode(body) as WireValue[])];
}
function expectRefused(bytes: Uint8Array): void {
  expect(() => readMembershipRecord(bytes)).toThrow(expect.objectContaining({ code: 'bad-request' }));
}

describe('membership record', () => {
  it('is pinned: these bytes stay valid for ever', () => {
    const first = signMembershipRecord({ networkId: null, time, parents: [], content: founding }, owner);
    expect(first.networkId).toBe(first.id);
    const records = [
      first,
      ...contents.map((content) => signMembershipRecord(draft(content), owner)),
      signJointly(jointDraft([owner, other]), [owner, other]),
    ];
    const golden = goldenBytes();
    expect(records.map(({ bytes }) => hex(bytes))).toEqual(Object.values(golden));
    for (const [at, bytes] of Object.values(golden).entries()) {
      expect(readMembershipRecord(Buffer.from(bytes, 'hex')).id).toBe(records[at]?.id);
    }
  });

  it.each(contents)('reads what it wrote: $kind', (content) => {
    const record = signMembershipRecord(draft(content), owner);
    const { bytes, id } = record;
    expect(readMembershipRecord(bytes)).toEqual({
      id,
      bytes,
      networkId,
      version: 1,
      kind: content.kind,
      author: owner.peerId,
      time,
      parents,
      content,
    });
    const [body] = decode(bytes) as [Uint8Array];
    expect(id).toBe(hex(sha256(body)));
  });

  it('tells the id without verifying', () => {
    const record = signMembershipRecord(draft(contents[0] as MembershipContent), owner);
    expect(membershipIdOf(record.bytes)).toBe(record.id);
    expect(() => membershipIdOf(encode(['no body']))).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });

  it('refuses a record with any bit changed', () => {
    const { bytes, id } = signMembershipRecord(draft(contents[0] as MembershipContent), owner);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expectRefused(changed);
      }),
      { numRuns: 300 },
    );
    expect(readMembershipRecord(bytes).id).toBe(id);
  });

  it('refuses a signature that is missing, of another, or surplus', () => {
    const body = bodyOf(signMembershipRecord(draft(contents[0] as MembershipContent), owner));
    expectRefused(sealed(body, []));
    expectRefused(sealed(body, [other]));
    expectRefused(sealed(body, [owner, other]));
    expectRefused(sealed(body, [owner, owner]));
  });

  it('carries the signatures of all who sign jointly, and of nobody else', () => {
    const from = jointDraft([owner, other]);
    expect(signJointly(from, [owner, other]).content).toEqual(from.content);
    expect(() => signJointly(from, [owner])).toThrow(/not signed by whom/);
    expect(() => signJointly(jointDraft([other, third]), [owner, other, third])).toThrow(/its author is not one/);
  });

  it('keeps kinds and versions that it does not know, once their author has signed them', () => {
    const body = bodyOf(signMembershipRecord(draft(contents[0] as MembershipContent), owner));
    const newKind = sealed([...body.slice(0, 3), 'anthem', ...body.slice(4, 7), { tune: 'c-d-e' }]);
    expect(readMembershipRecord(newKind)).toMatchObject({
      kind: 'anthem',
      content: undefined,
      bytes: newKind,
      parents,
    });
    const newVersion = sealed([2, ...body.slice(1), 'more', 'and more'], [owner, other]);
    expect(readMembershipRecord(newVersion)).toMatchObject({ version: 2, content: undefined, author: owner.peerId });
    expectRefused(sealed([2, ...body.slice(1), 'more'], [other]));
  });

  it.each<[string, number, WireValue]>([
    ['another tag', 1, 'dfs-catalogue'],
    ['no network', 2, null],
    ['a network id of another length', 2, Buffer.alloc(31)],
    ['an author that is no peer id', 4, Buffer.alloc(38)],
    ['a time before 1970', 5, -1],
    ['a time beyond all clocks', 5, 2 ** 52 + 1],
    ['no parents', 6, []],
    ['parents out of order', 6, [Buffer.alloc(32, 3), Buffer.alloc(32, 2)]],
    ['a parent named twice', 6, [Buffer.alloc(32, 3), Buffer.alloc(32, 3)]],
    ['too many parents', 6, Array.from({ length: 65 }, (_, i) => Buffer.alloc(32, i))],
    ['content of another kind', 3, 'removal'],
  ])('refuses %s', (_, at, value) => {
    const body = bodyOf(signMembershipRecord(draft(contents[0] as MembershipContent), owner));
    body[at] = value;
    expectRefused(sealed(body));
  });

  it('lets a newer release add to the settings', () => {
    const body = bodyOf(signMembershipRecord(draft(contents[4] as MembershipContent), owner));
    const [map] = body[7] as [Record<string, WireValue>];
    const more = sealed([...body.slice(0, 7), [{ ...map, colour: 'green' }]]);
    expect(readMembershipRecord(more).content).toEqual(contents[4]);
  });

  it('throws nothing but DfsError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readMembershipRecord(bytes);
        } catch (error) {
          expect(isDfsError(error, 'bad-request')).toBe(true);
        }
      }),
    );
  });
});
