import { REPLICATION_STATES, type AnyEvent, type LocalState, type ReplicationState } from '@dfs/contracts';
import { eventually } from '@dfs/testing';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';
import type { ListQuery } from '../read/listing.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function put({ files }: LocalNode, path: string, text = path) {
  return (await files.upload({ path, body: pieces(bytesOf(text)), mediaType: 'text/plain' })).file;
}

/** All that match, from page to page. */
async function paths({ files }: LocalNode, query: Omit<ListQuery, 'limit'>): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await files.list({ ...query, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items.map(({ path }) => path));
    if (page.nextCursor === null) return found;
    cursor = page.nextCursor;
  }
}

/** All that has happened until now is followed. */
async function followed({ files }: LocalNode): Promise<void> {
  const now = Date.now();
  await eventually(() => files.states.asOf() > now);
}

/** A node with files in several states: b and c are the other members, and c is out of reach. */
async function nodeWithStates(): Promise<LocalNode> {
  const node = await localNode();
  node.placement.live = ['b', 'c'];
  node.placement.reachable = ['b'];
  node.files.states.start();
  const { heldBy } = node.placement;
  for (const path of ['safe.txt', 'a/safe.txt', 'a/b/replicating.txt', 'a/b/pending.txt', 'a/c/risk.txt', 'away.txt']) {
    const { contentId } = await put(node, path);
    if (path.includes('safe')) heldBy.set(contentId, ['b', 'c']);
    if (path.includes('replicating')) heldBy.set(contentId, ['b']);
    if (path.includes('risk')) heldBy.set(contentId, ['gone']);
    if (path.includes('away')) {
      heldBy.set(contentId, ['c']);
      node.placement.pinned.delete(contentId);
    }
    node.placement.changed([contentId]);
  }
  await put(node, 'a/empty', '');
  await followed(node);
  return node;
}

describe('the states of all files', () => {
  it('narrow every kind of list, and folders tell of those that are worst off', async () => {
    await using node = await nodeWithStates();
    expect(await paths(node, { replication: 'safe' })).toEqual(['a/empty', 'a/safe.txt', 'safe.txt']);
    expect(await paths(node, { replication: 'safe', prefix: 'a/', sort: '-path' })).toEqual(['a/safe.txt', 'a/empty']);
    expect(await paths(node, { replication: 'at-risk,unavailable' })).toEqual(['a/c/risk.txt', 'away.txt']);
    expect(await paths(node, { replication: 'pending,replicating', q: 'PEND' })).toEqual(['a/b/pending.txt']);
    expect(await paths(node, { local: 'none' })).toEqual(['away.txt']);
    expect(await paths(node, { local: 'whole', replication: 'unavailable' })).toEqual([]);
    const page = await node.files.list({ replication: 'safe', limit: 1, offset: 2 });
    expect(page).toMatchObject({ total: 3, items: [{ path: 'safe.txt', replication: { state: 'limited' } }] });
    await expect(node.files.list({ replication: 'safe', state: 'deleted', limit: 1 })).rejects.toThrow('replication');

    const top = await node.files.list({ delimiter: '/', limit: 10 });
    expect(top.folders).toMatchObject([{ path: 'a/', files: 5, worst: { state: 'at-risk', reach: 'fewer' } }]);
    const level = await node.files.list({ delimiter: '/', prefix: 'a/', limit: 10 });
    expect(level.folders.map(({ worst }) => worst)).toEqual([
      { state: 'pending', reach: 'fewer' },
      { state: 'at-risk', reach: 'fewer' },
    ]);
    const narrowed = await node.files.list({ delimiter: '/', replication: 'safe', limit: 10 });
    expect(narrowed).toMatchObject({
      folders: [{ path: 'a/' }],
      items: [{ path: 'safe.txt' }],
      total: 1,
      totalFolders: 1,
    });
    const within = await node.files.list({ delimiter: '/', prefix: 'a/', replication: 'at-risk', limit: 10 });
    expect(within).toMatchObject({ folders: [{ path: 'a/c/' }], items: [], total: 0, totalFolders: 1 });
  });

  it('narrow a change of many files', async () => {
    await using node = await nodeWithStates();
    const done = await node.files.changeMatching('delete', { replication: 'pending,at-risk' }, { confirm: true });
    expect(done).toMatchObject({ outcomes: [{ path: 'a/b/pending.txt' }, { path: 'a/c/risk.txt' }] });
    await eventually(async () => (await paths(node, { replication: 'pending,at-risk' })).length === 0);
    expect(await paths(node, {})).toHaveLength(5);
  });

  it('add up to what is promised and what can be had, as of one moment', async () => {
    await using node = await nodeWithStates();
    const sizeOf = async (path: string): Promise<number> => (await node.files.get(await node.files.idOf(path))).size;
    const tally = await node.files.states.tally('');
    expect(tally).toMatchObject({
      target: 3,
      files: { files: 7 },
      promised: {
        safe: { files: 3, bytes: (await sizeOf('safe.txt')) + (await sizeOf('a/safe.txt')) },
        replicating: { files: 1 },
        pending: { files: 1, bytes: await sizeOf('a/b/pending.txt') },
        'at-risk': { files: 1 },
        limited: { files: 0, bytes: 0 },
        unavailable: { files: 1, bytes: await sizeOf('away.txt') },
      },
      // Of what three hold, one cannot be asked now.
      reachable: { enough: { files: 1, bytes: 0 }, fewer: { files: 5 }, none: { files: 1 } },
      local: { whole: { files: 6 }, none: { files: 1 }, part: { files: 0 } },
      conflicts: 0,
    });
    expect(tally.ownBytes).toBe(tally.local.whole.bytes);
    expect(await node.files.states.tally('a/b/')).toMatchObject({
      files: { files: 2 },
      promised: { safe: { files: 0 } },
    });
    expect(await node.files.states.tally('none/')).toMatchObject({ files: { files: 0, bytes: 0 } });
    // The same bytes at another path take no more room.
    const { contentId } = await put(node, 'twice.txt', 'safe.txt');
    await eventually(async () => (await node.files.states.tally('')).files.files === 8);
    expect(await node.files.states.tally('')).toMatchObject({ ownBytes: tally.ownBytes, othersBytes: 0 });
    expect((await node.files.get(await node.files.idOf('safe.txt'))).contentId).toBe(contentId);
  });

  it('follow who is here at once, without reading anything, and tell that many are others', async () => {
    await using node = await nodeWithStates();
    const told: AnyEvent[] = [];
    node.events.subscribe((event) => told.push(event));
    await followed(node);
    const { asked } = node.placement;
    expect(await paths(node, { replication: 'safe' })).toHaveLength(3);
    node.placement.live = ['c'];
    expect(await paths(node, { replication: 'safe' })).toEqual(['a/empty']);
    expect(node.files.states.worst('a/')).toEqual({ state: 'at-risk', reach: 'fewer' });
    node.placement.reachable = [];
    expect((await node.files.states.tally('')).reachable).toMatchObject({ none: { files: 1 }, enough: { files: 1 } });
    node.placement.changed([]);
    await eventually(() => told.some(({ type }) => type === 'file.states'));
    expect(node.placement.asked).toBe(asked);
  });

  it('follow every change of the catalogue and of holders, as a reading anew would have them', async () => {
    await using node = await nodeWithStates();
    const listed = async (): Promise<Record<string, string[]>> =>
      Object.fromEntries(
        await Promise.all([
          ...REPLICATION_STATES.map(
            async (state: ReplicationState) => [state, await paths(node, { replication: state })] as const,
          ),
          ...(['whole', 'part', 'none'] as LocalState[]).map(
            async (local) => [local, await paths(node, { local })] as const,
          ),
        ]),
      );
    await put(node, 'a/safe.txt', 'other bytes than before');
    await node.files.remove((await node.files.get(await node.files.idOf('safe.txt'))).id);
    await node.files.move(await node.files.idOf('a/c/risk.txt'), 'moved/risk.txt');
    await writtenElsewhere(node, 'elsewhere/new.txt', { size: 10 });
    await writtenElsewhere(node, 'a/b/pending.txt');
    node.placement.pinned.delete((await node.files.get(await node.files.idOf('away.txt'))).contentId);
    await followed(node);
    const before = await listed();
    const tally = await node.files.states.tally('');
    expect(tally.conflicts).toBe(1);
    expect(before.safe).toEqual(['a/empty']);
    expect(before['unavailable']).toContain('elsewhere/new.txt');
    expect(before['at-risk']).toEqual(['moved/risk.txt']);
    // A node that starts anew reads everything.
    node.placement.changed('all');
    await followed(node);
    expect(await listed()).toEqual(before);
    expect(await node.files.states.tally('')).toEqual(tally);
    expect(node.files.states.worst('a/c/')).toBeNull();
  });

  it('are read anew where no record of a path counts any more', async () => {
    await using node = await nodeWithStates();
    await writtenElsewhere(node, 'gone/with its author.txt', { size: 10 });
    await eventually(async () => (await node.files.states.tally('')).files.files === 8);
    await node.removeOther();
    await eventually(async () => (await node.files.states.tally('')).files.files === 7);
    expect(node.files.states.worst('gone/')).toBeNull();
  });

  it('are as of when the first change came that is not known of yet', async () => {
    await using node = await nodeWithStates();
    const { states } = node.files;
    await followed(node);
    const before = Date.now();
    expect(states.asOf()).toBeGreaterThanOrEqual(before);
    const held = Promise.withResolvers<undefined>();
    node.placement.beforeSets = () => held.promise;
    await put(node, 'late.txt');
    await eventually(() => states.work().state === 'running');
    const asOf = states.asOf();
    await eventually(() => Date.now() > asOf);
    expect(states.asOf()).toBe(asOf);
    held.resolve(undefined);
    await eventually(() => states.asOf() > asOf);
    expect((await states.tally('')).files.files).toBe(8);
  });
});
