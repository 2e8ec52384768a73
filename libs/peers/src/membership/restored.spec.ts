import { signerFromRaw, type MembershipContent, type Signer } from '@dfs/protocol';
import type { TempDatabase } from '@dfs/testing';
import { membershipDatabase as database, openMembership } from '../../testing/membership.js';
import { restoreMembership, type Membership } from '../index.js';

const [anna, ben] = [1, 2].map((seed) => signerFromRaw(Buffer.alloc(32, seed))) as [Signer, Signer];

const open = async (temp: TempDatabase, signer: Signer): Promise<Membership> =>
  (await openMembership(temp, signer)).membership;
const admission: MembershipContent = { kind: 'admission', member: ben.peerId, role: 'owner', invite: null, name: '' };
const envelopesOf = (membership: Membership): Uint8Array[] => membership.missingFrom([]).map(({ bytes }) => bytes);

describe('a membership that is put into a new database', () => {
  it('is what it was, in whatever order its records come, and nothing is founded', async () => {
    await using before = await database();
    const membership = await open(before, anna);
    await membership.unit(async (unit) => void (await unit.write(admission)));
    await membership.changeSettings({ replicas: 5 });
    await using after = await database();
    const envelopes = [Buffer.from('no record'), ...envelopesOf(membership).reverse(), ...envelopesOf(membership)];
    expect(await restoreMembership(after.db, envelopes)).toBe(membership.networkId);
    const again = await open(after, anna);
    expect(again.fingerprint()).toEqual(membership.fingerprint());
    expect(again.settings().replicas).toBe(5);
    expect(again.isMember(ben.peerId)).toBe(true);
  });

  it('is that of the network that was joined last', async () => {
    await using own = await database();
    await using joined = await database();
    const mine = await open(own, anna);
    const theirs = await open(joined, ben);
    await using after = await database();
    expect(await restoreMembership(after.db, [...envelopesOf(mine), ...envelopesOf(theirs)])).toBe(theirs.networkId);
    expect((await open(after, anna)).isMember(anna.peerId)).toBe(false);
  });

  it('needs the record that begins the network', async () => {
    await using after = await database();
    expect(await restoreMembership(after.db, [])).toBeUndefined();
    expect(await restoreMembership(after.db, [Buffer.from('no record')])).toBeUndefined();
    expect(await after.db.query('SELECT 1 FROM membership_record')).toEqual([]);
  });
});
