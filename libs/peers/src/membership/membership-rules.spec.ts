import fc from 'fast-check';
import {
  signerFromRaw,
  signMembershipRecord,
  membershipBody,
  peerIdToBytes,
  sealMembershipRecord,
  type MembershipContent,
  type MembershipRecord,
  type Signer,
} from '@dfs/protocol';
import { addValid } from './add-valid.js';
import { RecordGraph } from './record-graph.js';
import { rosterOf } from './roster.js';

const signers = Array.from({ length: 6 }, (_, i) => signerFromRaw(Buffer.alloc(32, i + 1)));
const [anna, ben, cleo, dan, eva] = signers as [Signer, Signer, Signer, Signer, Signer, Signer];
const settings = {
  ...{ networkName: 'n', replicas: 3, graceMs: 600_000, syncPeriodMs: 60_000 },
  ...{ retentionMs: 0, retainedVersions: 5 },
};

/** Writes records as nodes would that know just what they link. */
class Scribe {
  time = 1_000_000;
  readonly records: MembershipRecord[] = [];
  readonly founding = this.sign(anna, { kind: 'founding', settings, name: 'a', nonce: '00'.repeat(16) }, []);

  sign(signer: Signer, content: MembershipContent, parents: MembershipRecord[], time = this.time++): MembershipRecord {
    const networkId = content.kind === 'founding' ? null : this.founding.id;
    // Two steps may say the same thing at the same time: that is one record, and one parent.
    const draft = { networkId, time, parents: [...new Set(parents.map(({ id }) => id))], content };
    const record = signMembershipRecord(draft, signer);
    this.records.push(record);
    return record;
  }

  admit(by: Signer, who: Signer, role: 'owner' | 'member', after: MembershipRecord, invite: string | null = null) {
    return this.sign(by, { kind: 'admission', member: who.peerId, role, invite, name: '' }, [after]);
  }

  remove(by: Signer, who: Signer, ...after: MembershipRecord[]) {
    return this.sign(by, { kind: 'removal', member: who.peerId, lastRecord: null, reason: '' }, after);
  }

  /** Several new owners by several who sign together. */
  joint(by: Signer[], who: Signer, ...after: MembershipRecord[]) {
    const bytes = ({ peerId }: Signer) => Buffer.from(peerIdToBytes(peerId));
    const ordered = [...by].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
    const names = ordered.map(({ peerId }) => peerId);
    const content: MembershipContent = { kind: 'joint', member: who.peerId, name: '', signers: names };
    const parents = [...new Set(after.map(({ id }) => id))];
    const draft = { networkId: this.founding.id, time: this.time++, parents, content };
    const body = membershipBody(draft, names[0] as string);
    const record = sealMembershipRecord(
      body,
      ordered.map((one) => ({ signer: one.peerId, signature: one.sign(body) })),
    );
    this.records.push(record);
    return record;
  }
}

function graphOf(records: readonly MembershipRecord[]): RecordGraph {
  const graph = new RecordGraph();
  const [founding] = records.filter(({ kind }) => kind === 'founding');
  graph.add(founding as MembershipRecord);
  addValid(graph, records);
  return graph;
}
function membersOf(records: readonly MembershipRecord[]): Record<string, string> {
  const names = new Map(signers.map(({ peerId }, i) => [peerId, 'abcdef'[i] as string]));
  const { members } = rosterOf(graphOf(records));
  return Object.fromEntries([...members.values()].map(({ peerId, role }) => [names.get(peerId), role]).sort());
}

describe('membership rules', () => {
  it('founds with one owner', () => {
    expect(membersOf(new Scribe().records)).toEqual({ a: 'owner' });
  });

  it('lets owners admit and remove, and nobody else', () => {
    const s = new Scribe();
    const admission = s.admit(anna, ben, 'member', s.founding);
    const byMember = s.admit(ben, cleo, 'member', admission);
    const byStranger = s.admit(dan, dan, 'owner', admission);
    expect(addValid(graphOf([s.founding]), s.records)).toMatchObject({ refused: 2 });
    expect(graphOf(s.records).has(byMember.id)).toBe(false);
    expect(graphOf(s.records).has(byStranger.id)).toBe(false);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'member' });
    s.remove(anna, ben, admission);
    expect(membersOf(s.records)).toEqual({ a: 'owner' });
  });

  it('refuses what an owner writes before he was one, or after', () => {
    const s = new Scribe();
    const early = s.admit(ben, cleo, 'member', s.founding);
    const admission = s.admit(anna, ben, 'owner', s.founding);
    const removal = s.remove(anna, ben, admission);
    const late = s.admit(ben, dan, 'member', removal);
    const graph = graphOf(s.records);
    expect([early, admission, removal, late].map(({ id }) => graph.has(id))).toEqual([false, true, true, false]);
  });

  it('voids what a removed owner did outside the ancestry of the removal, and all that rests on it', () => {
    const s = new Scribe();
    const owner = s.admit(anna, ben, 'owner', s.founding);
    const known = s.admit(ben, cleo, 'member', owner);
    const hidden = s.admit(ben, dan, 'owner', known);
    s.admit(dan, eva, 'owner', hidden);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner', c: 'member', d: 'owner', e: 'owner' });
    s.remove(anna, ben, known);
    expect(membersOf(s.records)).toEqual({ a: 'owner', c: 'member' });
    // Those whose admission is void are as those who were removed, and can be shown it.
    const graph = graphOf(s.records);
    expect([...rosterOf(graph).former.keys()].sort()).toEqual([ben, dan, eva].map(({ peerId }) => peerId).sort());
    for (const { peerId } of [dan, eva]) {
      const own = graphOf(s.records.slice(0, -1));
      expect(rosterOf(own).members.has(peerId)).toBe(true);
      addValid(own, graph.removalOf(peerId, own.sample()));
      expect(rosterOf(own).members.has(peerId)).toBe(false);
    }
  });

  it('keeps the owner admitted earlier when two remove each other', () => {
    const s = new Scribe();
    const first = s.admit(anna, ben, 'owner', s.founding);
    const second = s.admit(anna, cleo, 'owner', first);
    s.remove(cleo, ben, second);
    s.remove(ben, cleo, second);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner' });
    s.remove(cleo, anna, second);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner' });
  });

  it('lets a junior owner remove a senior one who did not remove him', () => {
    const s = new Scribe();
    const junior = s.admit(anna, ben, 'owner', s.founding);
    s.remove(ben, anna, junior);
    s.admit(anna, cleo, 'owner', junior);
    expect(membersOf(s.records)).toEqual({ b: 'owner' });
  });

  it('decides a circle of three for the most senior', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'owner', s.founding);
    const three = s.admit(anna, cleo, 'owner', two);
    s.remove(anna, ben, three);
    s.remove(ben, cleo, three);
    s.remove(cleo, anna, three);
    expect(membersOf(s.records)).toEqual({ a: 'owner', c: 'owner' });
  });

  it('is not swayed by a fight among others when an owner is rightly removed', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'owner', s.founding);
    const three = s.admit(anna, cleo, 'owner', two);
    s.remove(ben, cleo, three);
    s.remove(cleo, ben, three);
    s.remove(ben, anna, three);
    s.admit(anna, dan, 'member', three);
    expect(membersOf(s.records)).toEqual({ b: 'owner' });
  });

  it('takes one back who was removed, but not by a record that did not know of the removal', () => {
    const s = new Scribe();
    const admission = s.admit(anna, ben, 'owner', s.founding);
    const other = s.admit(anna, cleo, 'owner', admission);
    const removal = s.remove(anna, ben, other);
    s.admit(cleo, ben, 'member', other);
    expect(membersOf(s.records)).toEqual({ a: 'owner', c: 'owner' });
    const again = s.admit(cleo, ben, 'owner', removal);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner', c: 'owner' });
    s.admit(ben, dan, 'member', again);
    expect(membersOf(s.records)).toMatchObject({ d: 'member' });
  });

  it('grants one admission for each invite of an owner', () => {
    const s = new Scribe();
    const invite = 'ab'.repeat(16);
    const owner = s.admit(anna, cleo, 'owner', s.founding);
    s.admit(anna, ben, 'member', owner, invite);
    s.admit(anna, dan, 'member', owner, invite);
    s.admit(cleo, eva, 'member', owner, invite);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'member', c: 'owner', e: 'member' });
  });

  it('changes a role by a later admission', () => {
    const s = new Scribe();
    const admission = s.admit(anna, ben, 'member', s.founding);
    const promotion = s.admit(anna, ben, 'owner', admission);
    s.admit(ben, cleo, 'member', promotion);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner', c: 'member' });
  });

  it('lets more than half of the members make an owner together', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'member', s.founding);
    const three = s.admit(anna, cleo, 'member', two);
    const four = s.admit(anna, dan, 'member', three);
    s.joint([ben, cleo], ben, four);
    expect(membersOf(s.records)).toMatchObject({ b: 'member' });
    const joint = s.joint([ben, cleo, dan], ben, four);
    expect(membersOf(s.records)).toMatchObject({ b: 'owner' });
    s.remove(ben, anna, joint);
    expect(membersOf(s.records)).toEqual({ b: 'owner', c: 'member', d: 'member' });
  });

  it('lets no former members make an owner by linking the time when they were more than half', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'member', s.founding);
    const three = s.admit(anna, cleo, 'member', two);
    const four = s.admit(anna, dan, 'member', three);
    const without = s.remove(anna, cleo, s.remove(anna, ben, four));
    expect(membersOf(s.records)).toEqual({ a: 'owner', d: 'member' });
    const joint = s.joint([ben, cleo], eva, three);
    expect(membersOf(s.records)).toEqual({ a: 'owner', d: 'member' });
    s.remove(eva, anna, joint);
    s.admit(anna, signers[5] as Signer, 'member', without, null);
    expect(membersOf(s.records)).toEqual({ a: 'owner', d: 'member', f: 'member' });
  });

  it('lets no founder who was removed make an owner alone', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'owner', s.founding);
    s.remove(ben, anna, two);
    s.remove(cleo, ben, s.joint([anna], cleo, s.founding));
    expect(membersOf(s.records)).toEqual({ b: 'owner' });
  });

  it('counts in the majority for a new owner all whom others admitted before they knew of it', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'member', s.founding);
    const three = s.admit(anna, cleo, 'member', two);
    const joint = s.joint([ben, cleo], ben, three);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'owner', c: 'member' });
    s.admit(anna, eva, 'member', joint);
    expect(membersOf(s.records)).toMatchObject({ b: 'owner' });
    s.admit(anna, dan, 'member', three);
    expect(membersOf(s.records)).toEqual({ a: 'owner', b: 'member', c: 'member', d: 'member', e: 'member' });
  });

  it('lets an owner made by the majority remove a founder who acted meanwhile, and changes no majority by it', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'member', s.founding);
    const three = s.admit(anna, cleo, 'member', two);
    const four = s.admit(anna, dan, 'member', three);
    s.remove(ben, anna, s.joint([ben, cleo, dan], ben, four));
    s.sign(anna, { kind: 'settings', settings: { ...settings, replicas: 9 } }, [four]);
    s.admit(anna, eva, 'member', four);
    expect(membersOf(s.records)).toEqual({ b: 'owner', c: 'member', d: 'member' });
    expect(rosterOf(graphOf(s.records)).settings.replicas).toBe(3);
  });

  it('holds to the owner whom more have made when some of them, removed since, make another', () => {
    const s = new Scribe();
    const two = s.admit(anna, ben, 'member', s.founding);
    const three = s.admit(anna, cleo, 'member', two);
    const four = s.admit(anna, dan, 'member', three);
    const joint = s.joint([ben, cleo, dan], dan, four);
    const cut = s.remove(dan, cleo, s.remove(dan, ben, joint));
    s.admit(dan, signers[5] as Signer, 'member', cut);
    const forged = s.joint([ben, cleo], eva, three);
    s.remove(eva, dan, s.remove(eva, anna, forged), four);
    expect(membersOf(s.records)).toEqual({ a: 'owner', d: 'owner', f: 'member' });
  });

  it('applies the latest settings', () => {
    const s = new Scribe();
    const change = (replicas: number, after: MembershipRecord, time?: number) =>
      s.sign(anna, { kind: 'settings', settings: { ...settings, replicas } }, [after], time);
    const first = change(4, s.founding);
    change(5, first, 5);
    expect(rosterOf(graphOf(s.records)).settings.replicas).toBe(5);
    change(6, first);
    expect(rosterOf(graphOf(s.records)).settings.replicas).toBe(6);
  });

  it('refuses another network, and a second founding', () => {
    const s = new Scribe();
    const other = new Scribe();
    const graph = graphOf([s.founding]);
    const stray = signMembershipRecord(
      {
        networkId: null,
        time: 1,
        parents: [],
        content: { kind: 'founding', settings, name: 'x', nonce: '11'.repeat(16) },
      },
      ben,
    );
    expect(addValid(graph, [other.admit(anna, ben, 'owner', stray)])).toMatchObject({ added: [], orphans: 1 });
    expect(addValid(graph, [stray])).toMatchObject({ added: [], refused: 1 });
  });
});

/** A history of owners acting on what each happens to know: concurrent, mutual, backdated. */
type Step = {
  by: number;
  who: number;
  act: 'owner' | 'member' | 'remove' | 'settings' | 'joint';
  knows: number;
  skew: number;
  invite: number;
  /** Signers of a joint record: a bit for each. */
  signing: number;
};
const steps = fc.array(
  fc.record<Step>({
    by: fc.integer({ min: 0, max: 5 }),
    who: fc.integer({ min: 0, max: 5 }),
    act: fc.constantFrom('owner', 'owner', 'member', 'remove', 'remove', 'settings', 'joint', 'joint'),
    knows: fc.integer({ min: 0, max: 2 ** 20 }),
    skew: fc.integer({ min: -3, max: 3 }),
    invite: fc.integer({ min: 0, max: 6 }),
    signing: fc.integer({ min: 1, max: 63 }),
  }),
  { minLength: 1, maxLength: 14 },
);

function history(list: readonly Step[]): MembershipRecord[] {
  const s = new Scribe();
  for (const { by, who, act, knows, skew, invite, signing } of list) {
    const signer = signers[by] as Signer;
    const member = (signers[who] as Signer).peerId;
    // Some of what there is, its author's view; the graph's heads of that become the parents.
    const view = graphOf(s.records.filter((_, at) => at === 0 || (knows >> (at % 20)) % 2 === 0));
    const parents = s.records.filter(({ id }) => view.heads().includes(id));
    if (act === 'joint') {
      s.joint(
        signers.filter((_, at) => (signing >> at) % 2 === 1),
        signers[who] as Signer,
        ...parents,
      );
      continue;
    }
    const content: MembershipContent =
      act === 'remove'
        ? { kind: 'removal', member, lastRecord: null, reason: '' }
        : act === 'settings'
          ? { kind: 'settings', settings: { ...settings, replicas: 1 + who } }
          : { kind: 'admission', member, role: act, invite: invite < 3 ? `0${invite}`.repeat(16) : null, name: '' };
    s.sign(signer, content, parents, 1_000_000 + s.records.length * 2 + skew);
  }
  return s.records;
}
const shuffled = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: items.length });
const plain = (records: readonly MembershipRecord[]) => {
  const graph = graphOf(records);
  const { members, former, settings: held } = rosterOf(graph);
  const ordered = <V>(map: ReadonlyMap<string, V>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return { heads: graph.heads(), members: ordered(members), former: ordered(former), held };
};

describe('membership rules, whatever happens', () => {
  it('give the same members and settings in any order of arrival, all at once or one by one', () => {
    fc.assert(
      fc.property(
        steps.map(history).chain((records) => fc.tuple(fc.constant(records), shuffled(records))),
        ([records, other]) => {
          const expected = plain(records);
          expect(plain(other)).toEqual(expected);
          expect(plain([...other, ...records])).toEqual(expected);
          // One by one, as often as it takes, each step's roster built on the one before.
          const graph = new RecordGraph();
          graph.add(records[0] as MembershipRecord);
          let roster = rosterOf(graph);
          for (let round = 0; round < other.length; round++) {
            for (const record of other) {
              const from = graph.size;
              addValid(graph, [record]);
              roster = rosterOf(graph, { roster, from });
            }
          }
          expect(graph.heads()).toEqual(expected.heads);
          expect([...roster.members].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(expected.members);
          expect(roster.settings).toEqual(expected.held);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never make a member but by an owner, and exchange to equality in one round each way', () => {
    fc.assert(
      fc.property(steps.map(history), fc.integer({ min: 0, max: 2 ** 20 }), (records, mask) => {
        const some = records.filter((_, at) => at === 0 || (mask >> (at % 20)) % 2 === 0);
        const rest = records.filter((_, at) => at === 0 || (mask >> (at % 20)) % 2 === 1);
        const [a, b] = [graphOf(some), graphOf(rest)];
        const fromB = b.missingFrom(a.sample());
        const fromA = a.missingFrom(b.sample());
        addValid(a, fromB);
        addValid(b, fromA);
        expect(a.heads()).toEqual(b.heads());
      }),
      { numRuns: 200 },
    );
  });

  it('set back to what they were', () => {
    fc.assert(
      fc.property(steps.map(history), (records) => {
        const graph = graphOf(records);
        const half = graph.truncated(Math.ceil(graph.size / 2));
        addValid(half, records);
        expect(half.heads()).toEqual(graph.heads());
        expect([...rosterOf(half).members].sort()).toEqual([...rosterOf(graph).members].sort());
      }),
      { numRuns: 100 },
    );
  });
});
