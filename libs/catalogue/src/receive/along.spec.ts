import { cidOf, type Cid } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import type { SmallContent, SmallContents } from '../ports.js';
import { recordOf, refusalOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { Along } from './along.js';

const author = testSigner(1);
const other = testSigner(2);
const from = author.peerId;
const small = Buffer.from('a small content');
const named = { content: cidOf(small), size: small.length };
const record = recordOf(author, named);

/** Takes whatever comes, and notes what becomes of it. */
class Taker implements SmallContents {
  readonly offered: Cid[] = [];
  readonly kept: Cid[] = [];
  aborted = 0;

  goingWith(): Promise<Uint8Array[]> {
    return Promise.resolve([]);
  }

  async take(contents: readonly SmallContent[]) {
    const ids = contents.map(({ contentId }) => contentId);
    this.offered.push(...ids);
    return {
      commit: async (_tx: unknown, counted: ReadonlySet<Cid>) =>
        void this.kept.push(...ids.filter((id) => counted.has(id))),
      abort: async () => void this.aborted++,
    };
  }
}

async function node(): Promise<TestNode> {
  return testNode({ members: [author, other] });
}

describe('a content that comes with records', () => {
  it('is kept in the unit of work of the record of its author', async () => {
    await using here = await node();
    const taker = new Taker();
    const bystander = recordOf(author, { path: 'b' });
    const along = new Along(taker, [small], from);
    expect(await here.catalogue.receive([bystander, record], from, { along })).toMatchObject({ added: 2 });
    expect(taker).toMatchObject({ offered: [named.content], kept: [named.content], aborted: 1 });
    // Known by now: nothing is wrong, and nothing is taken.
    await here.catalogue.receive([record], from, { along: new Along(taker, [small], from) });
    expect(taker).toMatchObject({ offered: [named.content], aborted: 1 });
  });

  it.each<[string, Parameters<typeof recordOf>[1], Uint8Array]>([
    ['no record names', {}, small],
    ['is another than its record names', named, Buffer.from('a small Content')],
    ['has another size than its record says', { ...named, size: small.length + 1 }, small],
  ])('is an offence where %s', async (_name, fields, content) => {
    await using here = await node();
    const taker = new Taker();
    const work = here.catalogue.receive([recordOf(author, fields)], from, { along: new Along(taker, [content], from) });
    expect(await refusalOf(work)).toBe('peer-misbehaved');
    expect(taker.offered).toEqual([]);
    // The record itself is right.
    expect(here.catalogue.records.root().count).toBe(1);
  });

  it('is an offence where the author of its record has not sent it', async () => {
    await using here = await node();
    const taker = new Taker();
    const work = here.catalogue.receive([recordOf(other, named)], from, { along: new Along(taker, [small], from) });
    expect(await refusalOf(work)).toBe('peer-misbehaved');
    expect(taker.offered).toEqual([]);
  });

  it('is not taken with a record that does not count', async () => {
    await using here = await node();
    const stranger = testSigner(3);
    const taker = new Taker();
    const bad = [
      { ...record, signature: new Uint8Array(64) },
      recordOf(author, { ...named, clock: { ms: START + 73 * hour, counter: 0 } }),
    ];
    for (const one of bad) await here.catalogue.receive([one], from, { along: new Along(taker, [small], from) });
    const early = recordOf(stranger, named);
    await here.catalogue.receive([early], stranger.peerId, { along: new Along(taker, [small], stranger.peerId) });
    expect(taker.offered).toEqual([]);
    expect(here.catalogue.records.root().count).toBe(0);
  });

  it('is given back where the unit of work fails', async () => {
    await using here = await node();
    const taker = new Taker();
    const failed = new Error('no room');
    const failing: SmallContents = {
      goingWith: () => taker.goingWith(),
      take: async (contents) => ({ ...(await taker.take(contents)), commit: () => Promise.reject(failed) }),
    };
    const work = here.catalogue.receive([record], from, { along: new Along(failing, [small], from) });
    await expect(work).rejects.toBe(failed);
    expect(taker.aborted).toBe(1);
    expect(here.catalogue.records.root().count).toBe(0);
    expect(await here.catalogue.receive([record], from)).toMatchObject({ added: 1 });
  });
});
