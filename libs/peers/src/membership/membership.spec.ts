import {
  encode,
  MAX_KNOWN_RECORDS,
  MAX_PARENTS,
  peerIdToBytes,
  pullMessage,
  readMembershipRecord,
  signerFromRaw,
  signMembershipRecord,
  type MembershipContent,
  type MembershipRecord,
  type Signer,
} from '@dfs/protocol';
import type { TempDatabase } from '@dfs/testing';
import { MAX_RECORDS_PER_MEMBER } from '../constants.js';
import { FOUNDING, membershipDatabase as database, openMembership as open } from '../../testing/membership.js';
import type { Membership } from '../index.js';

const [anna, ben, cleo] = [1, 2, 3].map((seed) => signerFromRaw(Buffer.alloc(32, seed))) as [Signer, Signer, Signer];
const admission = (who: Signer, role: 'owner' | 'member' | 'storage' = 'member'): MembershipContent => {
  return { kind: 'admission', member: who.peerId, role, invite: null, name: '' };
};
const stored = ({ db }: TempDatabase) => db.query<{ id: Buffer }>('SELECT id FROM membership_record');
const unknownKind = (membership: Membership, by: Signer, parent = membership.networkId, verse = 0): Uint8Array => {
  const body = encode([
    1,
    'dfs-membership',
    Buffer.from(membership.networkId, 'hex'),
    'anthem',
    peerIdToBytes(by.peerId),
    5,
    [Buffer.from(parent, 'hex')],
    `la la la ${verse}`,
  ]);
  return encode([body, [[peerIdToBytes(by.peerId), by.sign(body)]]]);
};
describe('Membership', () => {
  it('founds from the options, and reads the records afterwards', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    expect(membership.networkName).toBe('home');
    expect(membership.settings()).toMatchObject({ ...FOUNDING, syncPeriodMs: 60_000 });
    await membership.changeSettings({ replicas: 7 });
    const again = (await open(temp, anna)).membership;
    expect(again.networkId).toBe(membership.networkId);
    expect(again.fingerprint()).toEqual(membership.fingerprint());
    expect(again.settings().replicas).toBe(7);
  });

  it('leaves no trace of a unit that failed, in memory or on disk', async () => {
    await using temp = await database();
    const { membership, events } = await open(temp, anna);
    const heard: string[] = [];
    events.subscribe(({ type }) => heard.push(type));
    membership.onChange(() => heard.push('change'));
    const before = membership.fingerprint();
    const failing = membership.unit(async (unit) => {
      await unit.write(admission(ben));
      expect(unit.roster().members.has(ben.peerId)).toBe(true);
      throw new Error('something else failed');
    });
    await expect(failing).rejects.toThrow('something else failed');
    expect(membership.fingerprint()).toEqual(before);
    expect(membership.isMember(ben.peerId)).toBe(false);
    expect(await stored(temp)).toHaveLength(1);
    await membership.unit(async (unit) => void (await unit.write(admission(ben))));
    expect(membership.isMember(ben.peerId)).toBe(true);
    expect(heard).toEqual(['peer.added', 'change']);
    expect((await open(temp, anna)).membership.fingerprint()).toEqual(membership.fingerprint());
  });

  it('shows others nothing that is not committed', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    await membership.unit(async (unit) => {
      await unit.write(admission(ben));
      expect(membership.missingFrom([])).toHaveLength(1);
      expect(membership.isMember(ben.peerId)).toBe(false);
      expect(membership.sample()).toEqual([membership.networkId]);
    });
    expect(membership.missingFrom([])).toHaveLength(2);
  });

  it('takes what is valid of what a peer sends, once, and refuses the rest', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const time = 1;
    const { networkId } = membership;
    const sign = (signer: Signer, parents: string[], content: MembershipContent) =>
      signMembershipRecord({ networkId, time, parents, content }, signer);
    const first = sign(anna, [networkId], admission(ben, 'owner'));
    const second = sign(ben, [first.id], admission(cleo));
    const byStranger = sign(cleo, [networkId], admission(cleo, 'owner'));
    const elsewhere = signMembershipRecord(
      { networkId: 'ab'.repeat(32), time, parents: [networkId], content: admission(cleo) },
      anna,
    );
    const broken = Buffer.from(second.bytes);
    broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
    expect(await membership.receive([second.bytes])).toMatchObject({ added: [], orphans: 1 });
    const bad = [byStranger.bytes, elsewhere.bytes, broken, Buffer.from('rubbish')];
    expect(await membership.receive(bad)).toMatchObject({ added: [], refused: 4, orphans: 0 });
    const received = await membership.receive([second.bytes, first.bytes]);
    expect(received.added.map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(await membership.receive([first.bytes, second.bytes])).toEqual({ added: [], orphans: 0, refused: 0 });
    expect(membership.members().map(({ peerId }) => peerId)).toEqual([anna, ben, cleo].map(({ peerId }) => peerId));
    expect(await stored(temp)).toHaveLength(3);
  });

  it('keeps and passes on what it does not know, byte for byte', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const bytes = unknownKind(membership, anna);
    expect(readMembershipRecord(bytes).content).toBeUndefined();
    expect(await membership.receive([unknownKind(membership, ben)])).toMatchObject({ refused: 1 });
    expect((await membership.receive([bytes])).added).toHaveLength(1);
    const again = (await open(temp, anna)).membership;
    const [, kept] = again.missingFrom([]);
    expect(Buffer.compare(kept?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
    expect(again.members()).toHaveLength(1);
    // Records written now build on it.
    await again.changeSettings({ replicas: 4 });
    expect(again.missingFrom([]).at(-1)?.parents).toEqual([kept?.id]);
  });

  it('stays in sync with others whatever members that are no owners write beside it', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const singers = Array.from({ length: 3 }, (_, at) => signerFromRaw(Buffer.alloc(32, 50 + at)));
    const admitted: MembershipRecord[] = [];
    await membership.unit(async ({ write }) => {
      for (const singer of singers) admitted.push(await write(admission(singer)));
    });
    const [, , last] = admitted as [MembershipRecord, MembershipRecord, MembershipRecord];
    const songs = singers.flatMap((singer) =>
      Array.from({ length: 300 }, (_, verse) => unknownKind(membership, singer, last.id, verse)),
    );
    const { added, refused } = await membership.receive(songs);
    // A member that passes them on is not at fault that there are too many.
    expect({ added: added.length, refused }).toEqual({ added: 3 * MAX_RECORDS_PER_MEMBER, refused: 0 });
    expect(membership.heads().length).toBeGreaterThan(MAX_KNOWN_RECORDS);
    const known = membership.sample();
    expect(pullMessage.parse(pullMessage.form({ method: 'pull', known }), 'pull').known).toEqual(known);
    // Members that have none of them understand the records of an owner.
    await using other = await database();
    const beside = (await open(other, ben)).membership;
    const founded = membership.missingFrom([])[0] as MembershipRecord;
    await beside.unit(async ({ replace }) => replace([founded]));
    await beside.receive(admitted.map(({ bytes }) => bytes));
    await membership.changeSettings({ replicas: 5 });
    const settings = membership.missingFrom([]).filter(({ kind }) => kind === 'settings');
    expect(await beside.receive(settings.map(({ bytes }) => bytes))).toMatchObject({ orphans: 0, refused: 0 });
    expect(beside.settings().replicas).toBe(5);
    // And what is missing comes with one exchange, if not more sparingly than that.
    await beside.receive(membership.missingFrom(beside.sample()).map(({ bytes }) => bytes));
    expect(beside.fingerprint()).toEqual(membership.fingerprint());
  });

  it('links what holds, however much an owner who was removed writes of the time before', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const { networkId } = membership;
    const written: MembershipRecord[] = [];
    await membership.unit(async ({ write }) => void written.push(await write(admission(ben, 'owner'))));
    const content: MembershipContent = { kind: 'removal', member: ben.peerId, lastRecord: null, reason: '' };
    await membership.unit(async ({ write }) => void written.push(await write(content)));
    const [promotion, removal] = written;
    const parents = [promotion!.id];
    const late = Array.from({ length: MAX_PARENTS + 6 }, (_, at) =>
      signMembershipRecord({ networkId, time: 2 ** 50 + at, parents, content: admission(cleo) }, ben),
    );
    expect((await membership.receive(late.map(({ bytes }) => bytes))).added).toHaveLength(late.length);
    expect(membership.isMember(cleo.peerId)).toBe(false);
    await membership.changeSettings({ replicas: 5 });
    expect(membership.missingFrom([]).at(-1)?.parents).toContain(removal!.id);
  });

  it('lets only owners write', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    await membership.unit(async ({ write }) => {
      await write(admission(ben, 'owner'));
      await write(admission(anna, 'member'));
      await expect(write(admission(cleo))).rejects.toMatchObject({ code: 'not-an-owner' });
    });
    await expect(membership.changeSettings({ replicas: 1 })).rejects.toMatchObject({ code: 'not-an-owner' });
    expect(membership.self().role).toBe('member');
  });

  it('counts its own removal as the end of its rights, not of its memory', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const { networkId } = membership;
    const promotion = signMembershipRecord(
      { networkId, time: 1, parents: [networkId], content: admission(ben, 'owner') },
      anna,
    );
    const content: MembershipContent = { kind: 'removal', member: anna.peerId, lastRecord: null, reason: '' };
    const removal = signMembershipRecord({ networkId, time: 2, parents: [promotion.id], content }, ben);
    await membership.receive([promotion.bytes, removal.bytes], ben.peerId);
    expect(membership.isRemoved).toBe(true);
    expect(membership.networkId).toBe(networkId);
    expect(membership.self()).toMatchObject({ peerId: anna.peerId, role: 'storage' });
    expect(membership.members().map(({ peerId }) => peerId)).toEqual([ben.peerId]);
    expect(membership.removed(anna.peerId)).toEqual({
      peerId: anna.peerId,
      lastRecord: null,
      name: expect.any(String) as string,
    });
    expect(membership.formerMembers()).toHaveLength(1);
  });

  it('tells of it when a member that was removed is removed again, by one who knew more of its records', async () => {
    await using temp = await database();
    const { membership } = await open(temp, anna);
    const { networkId } = membership;
    const sign = (content: MembershipContent, time: number, parents: string[], by: Signer): MembershipRecord =>
      signMembershipRecord({ networkId, time: 2 ** 50 + time, parents, content }, by);
    const owner = sign(admission(ben, 'owner'), 1, [networkId], anna);
    const member = sign(admission(cleo), 2, [owner.id], anna);
    const removal = (lastRecord: string): MembershipContent => {
      return { kind: 'removal', member: cleo.peerId, lastRecord, reason: '' };
    };
    const [early, late] = ['0a', '0b'].map((byte) => byte.repeat(32)) as [string, string];
    const first = sign(removal(early), 3, [member.id], anna);
    const second = sign(removal(late), 4, [member.id], ben);
    await membership.receive([owner.bytes, member.bytes, first.bytes], ben.peerId);
    let told = 0;
    membership.onChange(() => told++);
    await membership.receive([second.bytes], ben.peerId);
    expect([told, membership.removed(cleo.peerId)?.lastRecord]).toEqual([1, late]);
    const back = admission(cleo, 'storage');
    await membership.receive([sign(back, 5, [first.id, second.id], ben).bytes], ben.peerId);
    expect(membership.member(cleo.peerId)).toMatchObject({ role: 'storage', lastRecord: late });
  });
});
