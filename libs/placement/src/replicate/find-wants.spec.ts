import type { Database } from '@dfs/database';
import { cidOf, MANIFEST_CODEC, type Cid } from '@dfs/protocol';
import { GiB, silentLog } from '@dfs/runtime';
import { tempDir, type TempDir, testDatabase } from '@dfs/testing';
import { NO_WISHES } from '../keep/wishes.js';
import { HolderFinder } from '../pins/holder-finder.js';
import { MemberPins } from '../pins/member-pins.js';
import { EXTENTS_FOUND } from '../limits.js';
import { RANKS_PER_TURN } from './lacking.js';
import { EXTENTS_LOOKED_AT } from './lacking.js';
import { MAX_FOUND } from './find-wants.js';
import type { MembersNow } from '../plan/members-now.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { ExtentCounts, survey, type Lacking } from './find-wants.js';
import { namesAll } from '../testing/names-all.js';
import { peerIdOf } from '../testing/world.js';

const [self, other, third] = [peerIdOf(0), peerIdOf(1), peerIdOf(2)];
/** Of the largest file that a record can name. */
const MOST_EXTENTS = 2 ** 25;

describe('a look at a page of contents', () => {
  let dir: TempDir;
  let db: Database;
  let counts: ExtentCounts;
  let holdings: MemberPins;
  /** Which extents this node should hold, and how many it was asked about. */
  let mine: (extent: number) => boolean;
  let ranked: number;
  let leaving: Set<string>;
  let number = 0;

  beforeEach(async () => {
    dir = await tempDir();
    db = await testDatabase({
      file: dir.file('dfs.sqlite'),
      migrations: placementMigrations,
      entities: placementEntities,
    });
    counts = new ExtentCounts(db);
    holdings = await MemberPins.open(db, self, namesAll);
    ranked = 0;
    leaving = new Set();
  });
  afterEach(async () => {
    await db.close();
    await dir.remove();
  });

  async function content(extents: number): Promise<Cid> {
    const id = cidOf(Buffer.from(`content ${number++}`), MANIFEST_CODEC);
    await counts.learn(id, extents);
    return id;
  }

  async function look(contents: readonly Cid[], options: { heldBy?: ReadonlySet<string> } = {}): Promise<Lacking> {
    const shouldHold = (_peerId: string, _content: string, extent: number): boolean => {
      ranked++;
      return mine(extent);
    };
    const now = { self, shouldHold, live: new Set([self, other, third]), leaving, target: 2 };
    const network = { now: () => now, others: () => [other, third] } as unknown as MembersNow;
    const membership = { isMember: () => true, self: () => ({ peerId: self }) };
    const transport = { open: unused, dialPeer: unused };
    const finder = new HolderFinder({ holdings, network, membership, transport, log: silentLog });
    const refs = contents.map((contentId) => ({ contentId, size: 4096 * GiB, author: other }));
    return survey({ holdings, counts, network, finder, wishes: NO_WISHES }, refs, {
      signal: new AbortController().signal,
      ...options,
    });
  }

  async function pins(peerId: string, id: Cid, extents: readonly number[]): Promise<void> {
    const frame = { nonce: Uint8Array.of(1), after: 0, to: extents.length };
    await holdings.learn(
      peerId,
      frame,
      extents.map((extent) => ({ content: id, extent, held: true })),
    );
  }

  const extentsOf = ({ wants }: Lacking): (number | null)[] => wants.map(({ extent }) => extent);

  it('ends early at one that claims millions of extents, and gives others their turn', async () => {
    const id = await content(MOST_EXTENTS);
    mine = () => false;
    const perTurn: number[] = [];
    let watching = true;
    const turn = (before: number): void => {
      perTurn.push(ranked - before);
      if (watching) setImmediate(turn, ranked);
    };
    setImmediate(turn, 0);
    const none = await look([id]);
    watching = false;
    expect(none).toEqual({ wants: [], unsourced: [], looked: 1, more: true });
    expect(ranked).toBeLessThanOrEqual(EXTENTS_LOOKED_AT);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * RANKS_PER_TURN);
    mine = () => true;
    const found = await look([id]);
    expect(found).toMatchObject({ looked: 1, more: true });
    expect(new Set(extentsOf(found)).size).toBe(EXTENTS_FOUND);
    // The next begins elsewhere.
    expect(extentsOf(await look([id]))).not.toEqual(extentsOf(found));
  });

  it('finds of a large one what fewest hold, then the rest, and says when that is all', async () => {
    const id = await content(EXTENTS_FOUND);
    mine = (extent) => extent !== 5;
    await pins(other, id, [5, 6, 7, 9, EXTENTS_FOUND]);
    await pins(third, id, [6, 8]);
    const found = await look([id]);
    expect(found).toMatchObject({ looked: 1, more: false });
    expect(extentsOf(found).slice(0, 6)).toEqual([7, 8, 9, 6, 0, 1]);
    expect(extentsOf(found).sort((a, b) => a! - b!)).toEqual(
      Array.from({ length: EXTENTS_FOUND }, (_, extent) => extent).filter((extent) => extent !== 5),
    );
    expect(extentsOf(await look([id], { heldBy: new Set([third]) }))).toEqual([8, 6]);
    const larger = await content(EXTENTS_FOUND + 2);
    expect(await look([larger])).toMatchObject({ more: true });
  });

  it('says of which there are copies enough that stay', async () => {
    const id = await content(4);
    mine = () => true;
    await pins(other, id, [0, 1, 2]);
    await pins(third, id, [1, 2]);
    const safe = async (): Promise<(number | null)[]> => {
      const { wants } = await look([id]);
      return wants.filter(({ isSafe }) => isSafe).map(({ extent }) => extent);
    };
    expect((await safe()).sort()).toEqual([1, 2]);
    leaving.add(third);
    expect(await safe()).toEqual([]);
  });

  it('leaves contents to the next look once it has found as many as can be wanted', async () => {
    const contents = [];
    for (let n = 0; n < 12; n++) contents.push(await content(EXTENTS_FOUND));
    mine = () => true;
    const found = await look(contents);
    expect(found.looked).toBe(Math.ceil(MAX_FOUND / EXTENTS_FOUND));
    expect(found.wants).toHaveLength(found.looked * EXTENTS_FOUND);
    expect(await look(contents.slice(found.looked))).toMatchObject({ looked: 2, more: false });
  });
});

function unused(): never {
  throw new Error('a look asks nobody');
}
