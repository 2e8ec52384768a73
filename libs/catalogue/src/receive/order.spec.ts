import fc from 'fast-check';
import { fileIdOf, type Cid, type RecordKind, type SignedRecord } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import { content, dump, NETWORK, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

// Laws of the set: whatever the order, the repetition and the division into batches, the same records give the same.

const authors = [1, 2, 3].map(testSigner);
const paths = ['a', 'a/b', 'B'];
type Made = SignedRecord & { id: string };

/** Histories with edits, deletions, merges and forks: each step picks some of the records so far as its parents. */
interface Step {
  author: number;
  path: number;
  kind: RecordKind;
  content: number;
  ms: number;
  parents: number[];
  restores: boolean;
  imported: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  author: fc.nat(authors.length - 1),
  path: fc.nat(paths.length - 1),
  kind: fc.constantFrom<RecordKind>('file', 'file', 'file', 'deletion', 'folder'),
  content: fc.nat(3),
  // Near each other, so that clocks tie; some out of step with their parents.
  ms: fc.nat(5),
  parents: fc.array(fc.nat(30), { maxLength: 3 }),
  restores: fc.boolean(),
  imported: fc.boolean(),
});

function build(steps: readonly Step[]): Made[] {
  const made: { record: Made; path: number }[] = [];
  for (const { author, path, kind, content: number, ms, parents, restores, imported } of steps) {
    // A parent of another path counts for nothing; some are there to show it.
    const chosen = parents.flatMap((n) => made[n % Math.max(1, made.length)] ?? []);
    const own = chosen.filter((parent, index) => parent.path === path || index === 0);
    const isFile = kind === 'file';
    const record = recordOf(authors[author]!, {
      kind,
      path: paths[path]!,
      content: isFile ? content(number) : null,
      size: isFile ? 1000 + number : 0,
      mediaType: isFile ? 'text/plain' : '',
      clock: { ms: START + ms, counter: made.length % 3 },
      parents: [...new Set(own.map((parent) => parent.record.id))],
      from: restores && isFile ? paths[path]! : null,
      imported,
    });
    if (!made.some((other) => other.record.id === record.id)) made.push({ record, path });
  }
  return made.map((item) => item.record);
}

const history = fc.array(step, { minLength: 1, maxLength: 14 }).map(build);

/** The same records in another order, some of them more than once, in batches. */
function shuffled(records: Made[]): fc.Arbitrary<Made[][]> {
  const order = fc.shuffledSubarray(records, { minLength: records.length });
  const extra = fc.array(fc.constantFrom(...records), { maxLength: 4 });
  return fc
    .tuple(order, extra, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }))
    .map(([all, again, sizes]) => {
      const sequence = [...all, ...again];
      const batches: Made[][] = [];
      for (let at = 0, n = 0; at < sequence.length; n++) {
        const size = sizes[n % sizes.length]!;
        batches.push(sequence.slice(at, at + size));
        at += size;
      }
      return batches;
    });
}

async function freshNode(): Promise<TestNode> {
  return testNode({ signer: testSigner(9), members: authors });
}

async function empty(node: TestNode): Promise<void> {
  await node.db.write((tx) => node.catalogue.forget(tx));
}

async function receiveAll(node: TestNode, batches: readonly SignedRecord[][]): Promise<void> {
  for (const batch of batches) await node.catalogue.receive(batch, authors[0]!.peerId);
}

describe('the catalogue does not depend on', () => {
  let left: TestNode;
  let right: TestNode;
  beforeAll(async () => {
    left = await freshNode();
    right = await freshNode();
  });
  afterAll(async () => {
    await left[Symbol.asyncDispose]();
    await right[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await empty(left);
    await empty(right);
  });

  it('order, repetition, or division into batches', async () => {
    const plans = history.chain((records) => fc.tuple(fc.constant(records), shuffled(records)));
    await fc.assert(
      fc.asyncProperty(plans, async ([records, batches]) => {
        await receiveAll(left, [records]);
        await receiveAll(right, batches);
        expect(await dump(right)).toEqual(await dump(left));
        expect(right.catalogue.records.root()).toEqual(left.catalogue.records.root());
        await empty(left);
        await empty(right);
      }),
      { numRuns: 120 },
    );
  });

  it('who merges with whom: merging is commutative, associative and idempotent', async () => {
    const parts = fc.tuple(history, history, history);
    await fc.assert(
      fc.asyncProperty(parts, async ([a, b, c]) => {
        await receiveAll(left, [a, b, c, a]);
        await receiveAll(right, [c, [...b, ...a], b]);
        expect(await dump(right)).toEqual(await dump(left));
        await empty(left);
        await empty(right);
      }),
      { numRuns: 40 },
    );
  });

  it('when an author became known', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(authors.length - 1), async (records, index) => {
        const author = authors[index]!;
        await receiveAll(left, [records]);
        right.members.unknow(author.peerId);
        await receiveAll(right, [records]);
        right.members.admit(author.peerId, 'member');
        await right.catalogue.judgeNow();
        expect(await dump(right)).toEqual(await dump(left));
        await empty(left);
        await empty(right);
      }),
      { numRuns: 40 },
    );
  });

  it('whether a removal came before or after the records it makes void', async () => {
    await fc.assert(
      fc.asyncProperty(chains, fc.nat(20), async (records, cut) => {
        const mine = records.filter((record) => record.author === 0);
        const last = mine[cut % (mine.length + 1)]?.id ?? null;
        const removed = authors[0]!.peerId;
        for (const node of [left, right]) node.members.admit(removed);
        await receiveAll(left, [records]);
        left.members.remove(removed, last);
        right.members.remove(removed, last);
        await receiveAll(
          right,
          records.toReversed().map((record) => [record]),
        );
        await left.catalogue.judgeNow();
        await right.catalogue.judgeNow();
        expect(await dump(right)).toEqual(await dump(left));
        expect(right.catalogue.records.root()).toEqual(left.catalogue.records.root());
        for (const node of [left, right]) node.members.admit(removed);
        await left.catalogue.judgeNow();
        await right.catalogue.judgeNow();
        expect(await dump(right)).toEqual(await dump(left));
        await empty(left);
        await empty(right);
      }),
      { numRuns: 40 },
    );
  });
});

/** Histories whose authors chain their records. */
const chains = fc.array(step, { minLength: 1, maxLength: 12 }).map((steps) => {
  const prev = new Map<number, string>();
  const made: (Made & { author: number; path: string })[] = [];
  for (const [index, { author, path, kind, content: number, parents }] of steps.entries()) {
    const name = paths[path]!;
    const own = made.filter((record) => record.path === name);
    const isFile = kind === 'file';
    const record = recordOf(authors[author]!, {
      kind,
      path: name,
      content: isFile ? content(number) : null,
      size: isFile ? 1000 + number : 0,
      mediaType: isFile ? 'text/plain' : '',
      clock: { ms: START + index, counter: 0 },
      prev: prev.get(author) ?? null,
      parents: own.length === 0 ? [] : [...new Set(parents.map((n) => own[n % own.length]!.id))],
    });
    prev.set(author, record.id);
    made.push({ ...record, author, path: name });
  }
  return made;
});

describe('what is shown', () => {
  const [x, y] = authors as [(typeof authors)[0], (typeof authors)[0]];
  const shown = async (
    records: Made[],
  ): Promise<{ contentId: Cid; deleted: boolean; conflict: boolean } | undefined> => {
    await using node = await freshNode();
    await node.catalogue.receive(records, x.peerId);
    const entry = await node.catalogue.get(fileIdOf(NETWORK, 'a'));
    return entry && { contentId: entry.contentId, deleted: entry.deleted, conflict: entry.conflict };
  };
  const at = (hours: number) => ({ ms: START + hours * hour, counter: 0 });
  const base = recordOf(x, { content: content(0) });

  it('is an edit, not the deletion of one who had not seen it, however late the deletion', async () => {
    const edit = recordOf(x, { content: content(1), clock: at(1), parents: [base.id] });
    const deletion = recordOf(y, { kind: 'deletion', clock: at(9), parents: [base.id] });
    const wanted = { contentId: content(1), deleted: false, conflict: true };
    expect(await shown([base, edit, deletion])).toEqual(wanted);
    expect(await shown([deletion, base, edit])).toEqual(wanted);
    const seen = recordOf(y, { kind: 'deletion', clock: at(9), parents: [base.id, edit.id] });
    expect(await shown([seen, base, edit])).toEqual({ contentId: content(1), deleted: true, conflict: false });
  });

  it('is the later of two edits, by clock and then by author', async () => {
    const early = recordOf(x, { content: content(1), clock: at(1), parents: [base.id] });
    const late = recordOf(y, { content: content(2), clock: at(2), parents: [base.id] });
    expect(await shown([late, early, base])).toEqual({ contentId: content(2), deleted: false, conflict: true });
    const tied = recordOf(y, { content: content(3), clock: at(1), parents: [base.id] });
    const winner = x.peerId > y.peerId ? content(1) : content(3);
    expect(await shown([early, tied, base])).toEqual({ contentId: winner, deleted: false, conflict: true });
  });

  it('is what was there, not what a newcomer brought along, however much later', async () => {
    const brought = recordOf(y, { content: content(2), clock: at(5), imported: true });
    expect(await shown([brought, base])).toEqual({ contentId: content(0), deleted: false, conflict: true });
    const gone = recordOf(x, { kind: 'deletion', clock: at(1), parents: [base.id] });
    expect(await shown([brought, base, gone])).toEqual({ contentId: content(2), deleted: false, conflict: true });
  });

  it('is no conflict when both stored the same bytes, or both deleted', async () => {
    const same = [x, y].map((author) => recordOf(author, { content: content(1) }));
    expect(await shown(same)).toMatchObject({ contentId: content(1), conflict: false });
    const gone = [x, y].map((author) => recordOf(author, { kind: 'deletion', parents: [base.id] }));
    expect(await shown([base, ...gone])).toMatchObject({ deleted: true, conflict: false });
  });

  it('is not hidden by a record of another path that claims to replace it', async () => {
    const elsewhere = recordOf(y, { path: 'b', clock: at(2), parents: [base.id] });
    expect(await shown([base, elsewhere])).toMatchObject({ contentId: content(0), deleted: false, conflict: false });
    expect(await shown([elsewhere, base])).toMatchObject({ contentId: content(0), deleted: false, conflict: false });
  });
});
