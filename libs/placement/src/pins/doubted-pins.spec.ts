import { cidOf, sha256, signerFromRaw, type Cid, type Pin } from '@dfs/protocol';
import { tempDatabase, type TempDatabase } from '@dfs/testing';
import { DOUBT_TIME } from './doubted-pins.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { MemberPins } from './member-pins.js';

const [self, liar, honest] = ['self', 'liar', 'honest'].map(
  (name) => signerFromRaw(sha256(Buffer.from(`doubted ${name}`))).peerId,
) as [string, string, string];
const nonce = Buffer.alloc(16, 1);
const [one, two] = [cidOf(Buffer.from('one')), cidOf(Buffer.from('two'))];
const pin = (content: Cid, held = true): Pin => ({ content, extent: 0, held });
const NOW = Date.UTC(2026, 0, 1);

describe('copies of a member that sent wrong bytes', () => {
  let temp: TempDatabase;
  let holdings: MemberPins;
  const open = (): Promise<MemberPins> =>
    MemberPins.open(temp.db, self, async (contents) => new Map(contents.map((content) => [content, 100])));
  const holders = async (content: Cid): Promise<string[]> =>
    ((await holdings.holders([content])).get(content)?.get(0) ?? []).toSorted();
  beforeEach(async () => {
    temp = await tempDatabase(placementMigrations, placementEntities);
    holdings = await open();
    for (const peerId of [liar, honest]) await holdings.learn(peerId, { nonce, after: 0, to: 2 }, [pin(one), pin(two)]);
  });
  afterEach(() => temp[Symbol.asyncDispose]());

  it('do not count, after a restart neither, and all that asks for holders is told', async () => {
    const told: unknown[] = [];
    holdings.onLearned((peerId, contents) => void told.push([peerId, contents]));
    await holdings.doubt(liar, one, NOW);
    await holdings.doubt(liar, one, NOW + 1);
    expect(told).toEqual([[liar, [one]]]);
    holdings = await open();
    expect(await holders(one)).toEqual([honest]);
    expect(await holders(two)).toEqual([liar, honest].toSorted());
    expect(await holdings.doubts(NOW + 1)).toEqual([{ peerId: liar, contents: 1 }]);
  });

  it('count again once its log names them anew, and not for anything else it says', async () => {
    await holdings.doubt(liar, one, NOW);
    await holdings.doubt(liar, two, NOW);
    await holdings.learn(liar, { nonce, after: 2, to: 3 }, [pin(one, false)]);
    expect(await holders(one)).toEqual([honest]);
    await holdings.learn(liar, { nonce, after: 3, to: 4 }, [pin(one)]);
    expect(await holders(one)).toEqual([liar, honest].toSorted());
    expect(await holders(two)).toEqual([honest]);
    expect(await holdings.doubts(NOW)).toEqual([{ peerId: liar, contents: 1 }]);
  });

  it('count again after a day: if they are wrong still, that is noticed again', async () => {
    await holdings.doubt(liar, one, NOW);
    expect(await holdings.doubts(NOW + DOUBT_TIME - 1)).toHaveLength(1);
    const told: unknown[] = [];
    holdings.onLearned((peerId, contents) => void told.push([peerId, contents]));
    expect(await holdings.doubts(NOW + DOUBT_TIME)).toEqual([]);
    expect(told).toEqual([[liar, [one]]]);
    expect(await holders(one)).toEqual([liar, honest].toSorted());
  });

  it('are forgotten with the member, and with its store', async () => {
    await holdings.doubt(liar, one, NOW);
    await holdings.learn(liar, { nonce: Buffer.alloc(16, 2), after: 0, to: 1 }, [pin(one)]);
    expect(await holders(one)).toEqual([liar, honest].toSorted());
    await holdings.doubt(liar, one, NOW);
    await holdings.keepOnly(new Set([honest]));
    expect(await holdings.doubts(NOW)).toEqual([]);
    expect(await holders(one)).toEqual([honest]);
  });
});
