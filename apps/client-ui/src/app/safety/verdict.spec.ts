import type { Replication, ReplicationState } from '@dfs/contracts';
import fc from 'fast-check';
import { verdictOf, verdictOfFolder, type Sight } from './verdict.js';

const HERE: Sight = { current: true, nodes: 4, target: 3 };
const of = (
  state: ReplicationState,
  copies: number,
  reachable: number,
  more: Partial<Replication> = {},
): Replication => ({
  target: 3,
  copies,
  reachable,
  state,
  ...more,
});
const blocks = (replication: Replication, sight = HERE) => verdictOf(replication, sight).blocks.join(' ');

describe('the verdict on a file', () => {
  it.each([
    [of('safe', 3, 3), 'ok', 'Safe', 'filled filled filled'],
    [of('safe', 4, 4), 'ok', 'Safe', 'filled filled filled'],
    [of('safe', 3, 2), 'warn', '2 of 3 in reach', 'filled filled half'],
    [of('safe', 3, 1), 'warn', '1 of 3 in reach', 'filled half half'],
    [of('safe', 3, 0), 'bad', 'Out of reach', 'crossed crossed crossed'],
    [of('unavailable', 1, 0, { reason: 'no-holder' }), 'bad', 'Out of reach', 'crossed hollow hollow'],
    [of('at-risk', 2, 2, { reason: 'holder-gone' }), 'bad', 'At risk · 2 of 3', 'filled filled crossed'],
    [of('replicating', 2, 2), 'info', 'Copying · 2 of 3', 'filled filled hollow'],
    [of('pending', 1, 1), 'warn', 'Only here', 'filled hollow hollow'],
    [of('limited', 1, 1, { reason: 'few-members' }), 'warn', 'One copy', 'filled hollow hollow'],
    [of('limited', 2, 2), 'warn', '2 of 3 in reach', 'filled filled hollow'],
  ] as const)('%j', (replication, tone, text, glyph) => {
    const verdict = verdictOf(replication, HERE);
    expect([verdict.tone, verdict.text, verdict.blocks.join(' ')]).toEqual([tone, text, glyph]);
  });

  it('believes no copies on nodes that are not there, whatever was said before', () => {
    expect(verdictOf(of('safe', 3, 3), { current: true, nodes: 1, target: 3 }).text).toBe('1 of 3 in reach');
    expect(blocks(of('safe', 3, 3), { current: true, nodes: 1, target: 3 })).toBe('filled half half');
  });

  it('knows nothing while the page is not connected', () => {
    const verdict = verdictOf(of('safe', 3, 3), { current: false, nodes: 4, target: 3 });
    expect([verdict.tone, verdict.text]).toEqual(['quiet', 'Last seen: 3 of 3']);
    expect(verdictOf(null, HERE).text).toBe('Checking');
  });

  it('is green only where the reachable copies meet the target', () => {
    const replication = fc.record({
      target: fc.integer({ min: 1, max: 7 }),
      copies: fc.integer({ min: 0, max: 9 }),
      reachable: fc.integer({ min: 0, max: 9 }),
      state: fc.constantFrom<ReplicationState[]>('pending', 'replicating', 'safe', 'limited', 'at-risk', 'unavailable'),
    });
    const sight = fc.record({
      current: fc.boolean(),
      nodes: fc.option(fc.integer({ min: 1, max: 9 })),
      target: fc.constant(3),
    });
    fc.assert(
      fc.property(replication, sight, (known, seen) => {
        const { tone, blocks: all } = verdictOf(known, seen);
        expect(all).toHaveLength(known.target);
        if (tone !== 'ok') return;
        expect(seen.current && known.state === 'safe').toBe(true);
        expect(Math.min(known.reachable, known.copies, seen.nodes ?? Infinity)).toBeGreaterThanOrEqual(known.target);
        expect(new Set(all)).toEqual(new Set(['filled']));
      }),
    );
  });
});

describe('the verdict on a folder', () => {
  it.each([
    ['safe', 'enough', 'ok', 'filled'],
    ['safe', 'fewer', 'warn', 'half'],
    ['safe', 'none', 'bad', 'crossed'],
    ['limited', 'fewer', 'warn', 'half'],
    ['limited', 'enough', 'warn', 'half'],
    ['at-risk', 'fewer', 'bad', 'crossed'],
    ['unavailable', 'none', 'bad', 'crossed'],
    ['replicating', 'fewer', 'info', 'hollow'],
  ] as const)('%s, %s', (state, reach, tone, block) => {
    const verdict = verdictOfFolder({ state, reach }, HERE);
    expect([verdict.tone, verdict.blocks]).toEqual([tone, [block]]);
  });

  it('is not safe where fewer nodes are in reach than copies are wanted, or nothing is known', () => {
    const all = { state: 'safe', reach: 'enough' } as const;
    expect(verdictOfFolder(all, { current: true, nodes: 2, target: 3 }).tone).toBe('warn');
    expect(verdictOfFolder(all, { current: false, nodes: 4, target: 3 }).tone).toBe('quiet');
    expect(verdictOfFolder(null, HERE).tone).toBe('quiet');
  });
});

it('what a newer node says of a file is not made up', () => {
  const newer = { ...{ copies: 2, reachable: 2, target: 3 }, state: 'brand-new', reason: 'unheard-of' };
  const verdict = verdictOf(newer as unknown as Replication, HERE);
  expect(verdict).toMatchObject({ tone: 'quiet', text: '2 of 3 in reach', blocks: ['filled', 'filled', 'hollow'] });
  expect(verdict.hint).toMatch(/reload/);
  expect(JSON.stringify(verdict)).not.toContain('undefined');
});
