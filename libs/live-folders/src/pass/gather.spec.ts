import { jest } from '@jest/globals';
import type { TestMember } from '../testing/members.js';
import { many, two } from '../testing/world.suite.js';
import { assemble } from './assemble.js';
import { PassNotes, type PassContext } from './context.js';
import { Gathering, type Scope } from './gather.js';
import { NetworkTree } from './network-tree.js';

const NO_RULES = { ignores: () => false, ignoresPath: () => false };

/** The trees of the folder of a member, as a pass would read them now. */
async function gathered(
  member: TestMember,
  scope: Scope = 'full',
  decided: readonly string[] = [],
): Promise<Gathering> {
  const { folder, catalogue, root } = member;
  if (folder === undefined) throw new Error('It has no folder.');
  const { stored, disk, base, held } = folder;
  const context = {
    ...{ parts: { timers: root.time }, folder: stored, disk, base, held, notes: new PassNotes() },
    ...{ network: new NetworkTree(catalogue, stored.prefix), walked: new Map(), unfit: new Map(), atStart: false },
    signal: new AbortController().signal,
  } as unknown as PassContext;
  const { device } = await disk.identity();
  const gathering = new Gathering(context, NO_RULES, scope, device, (path) => decided.includes(path), true);
  await gathering.look();
  await gathering.read();
  return gathering;
}

/** Files about which a plan would be asked. */
async function open(member: TestMember, decided: readonly string[] = [], scope: Scope = 'full'): Promise<string[]> {
  const { items } = assemble((await gathered(member, scope, decided)).trees());
  return items.flatMap(({ path, disk }) => (disk.state === 'directory' ? [] : [path])).sort();
}

describe('a pass', () => {
  it('plans nothing about files on which disk, base tree and network agree', async () => {
    await using world = await two({ ...many(12, 'd/'), other: 'text' });
    const { a, b, members } = world;
    expect(await open(a)).toEqual([]);
    expect(await open(a, [], { directories: new Set(['d']), paths: new Set() })).toEqual([]);
    a.write('d/f00001', 'changed here');
    a.remove('d/f00002');
    a.write('d/new', 'new');
    b.write('d/f00003', 'changed there');
    await b.settle();
    await members.meet();
    expect(await open(a)).toEqual(['d/f00001', 'd/f00002', 'd/f00003', 'd/new']);
    expect(await open(a, ['d/f00004'])).toContain('d/f00004');
  });

  it('plans about a file in place of which the network has a folder', async () => {
    await using world = await two(many(3, 'd/e/'));
    const { a, b, members } = world;
    a.write('x', 'a file');
    b.write('x/inside', 'in a folder');
    await a.settle();
    await b.settle();
    expect(await open(a)).toEqual([]);
    await members.meet();
    expect(await open(a)).toEqual(['x', 'x/inside']);
    const { beneath } = (await gathered(a)).trees();
    expect(['d', 'd/e', 'x'].map((path) => beneath.get(path))).toEqual([3, 3, 1]);
  });

  it('plans about files whose deletion is held and that are back as they were: the hold ends', async () => {
    await using world = await two(many(12, 'd/'));
    const { a, members } = world;
    await a.live.patch((await a.info()).id, { ignore: ['away'] });
    a.root.user.mkdir(a.root.at('away'));
    a.rename('d', 'away/d');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'held', held: 12 });
    a.rename('away/d', 'd');
    expect(await open(a)).toHaveLength(12);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date', held: 0 });
  });

  it('reads the base tree once where nothing changes it', async () => {
    await using world = await two(many(12, 'd/'));
    const { a } = world;
    const all = jest.spyOn(a.folder!.base, 'all');
    await a.folder?.pass();
    expect(all).toHaveBeenCalledTimes(1);
  });
});
