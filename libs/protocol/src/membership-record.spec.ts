import fc from 'fast-check';
import { sha256 } from './cid.js';
import { decode, encode, type WireValue } from './codec.js';
import { isDfsError } from './errors.js';
import { peerIdToBytes, signerFromRaw, type Signer } from './keys.js';
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
    expect(hex(first.bytes)).toMatchInlineSnapshot(
      `"92c4b09801ae6466732d6d656d62657273686970c0a8666f756e64696e67c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d7400909385ab6e6574776f726b4e616d65a4686f6d65a87265706c6963617303a767726163654d73ce000927c0ab726574656e74696f6e4d73ce9a7ec800ac73796e63506572696f644d73cdea60a56174746963c410444444444444444444444444444444449192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc440339962f5b234c4bd3fb98ff6bd983071ebec0d89e8e19bbb7db80bf5a3b7e9503ca983aa9e07ad9a91f5c37d3a0694771fa47ffb7506eb57ca4270b3cd66c60d"`,
    );
    expect(first.networkId).toBe(first.id);
    expect(contents.map((content) => hex(signMembershipRecord(draft(content), owner).bytes))).toMatchInlineSnapshot(`
     [
       "92c4fd9801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a961646d697373696f6ec4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c420333333333333333333333333333333333333333333333333333333333333333394c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394a66d656d626572c41055555555555555555555555555555555a76b69746368656e9192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc44056cc6fe8641f1b4c008c8d21234491c8cd4473ef13f6d5572e2c6c577e0157a54353a1a8e2ef2e4bd9489157250472852c3c54db0731095de6c85649ddf5bc09",
       "92c4e49801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a961646d697373696f6ec4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c420333333333333333333333333333333333333333333333333333333333333333394c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394a56f776e6572c0a09192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc440773feba18a9c8b7cbf8913cdcd8de96145a473ee95fe35f5fea4b1ed9ab03d7ae308f64551eaa6cc4b806a84bb1bfc0cccf4432fee22e4fc97ad977089546406",
       "92c501019801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a772656d6f76616cc4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c420333333333333333333333333333333333333333333333333333333333333333393c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394c4206666666666666666666666666666666666666666666666666666666666666666a4736f6c649192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc4409a81de85faf6a57a6448443ca1d93f3cd4b1b0ac7d3d5962064af67b892784209279766906e34c4d17609f689acf1c92a553dd1fb1f2e17c3e7626e146739609",
       "92c4dc9801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a772656d6f76616cc4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c420333333333333333333333333333333333333333333333333333333333333333393c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394c0a09192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc4407cb042e836144f71635dc569270262f836fdaf9688d2df72624769c9235dbc8781147a52db96625ca86871e6e3157ff1aba21f74c4403097a40039ab73c12f00",
       "92c4fd9801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a873657474696e6773c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c42033333333333333333333333333333333333333333333333333333333333333339185ab6e6574776f726b4e616d65a4686f6d65a87265706c6963617305a767726163654d73ce000927c0ab726574656e74696f6e4d73ce9a7ec800ac73796e63506572696f644d73cdea609192c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc4405931d109e44170102028bbf6a96a5a4f055299ac9a54583033fdeff9d4b3c0cb8595c3d6fe67c93b08d58a0e6a608878eedaf1e58e2956830bca0d677c56990b",
     ]
    `);
    expect(hex(signJointly(jointDraft([owner, other]), [owner, other]).bytes)).toMatchInlineSnapshot(
      `"92c501309801ae6466732d6d656d62657273686970c4201111111111111111111111111111111111111111111111111111111111111111a56a6f696e74c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5ccf000001a2008d740092c4202222222222222222222222222222222222222222222222222222222222222222c420333333333333333333333333333333333333333333333333333333333333333393c426002408011220ed4928c628d1c2c6eae90338905995612959273a5c63f93636c14614ac8737d1a663656c6c617292c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c9292c4260024080112208139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394c4406d149dbac41b560562ab7cf352bb5413a8060f233d6390f323e6d21c243e011f8aa98275dabbeece711ba31db5e422de0a19e6c7d5495998cd931002a784de0b92c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5cc440ab2de846b895e9271859ea07c80e1ed7a8f9de2a1498f9090f061fa1296e14c8228d15bfc2f61b578e9ba088a153180afdde6a86478b97ea1c8173616d306000"`,
    );
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
