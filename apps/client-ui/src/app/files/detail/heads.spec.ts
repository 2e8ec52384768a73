import type { PeerState, VersionInfo } from '@dfs/contracts';
import { cellsOf, holdersOf } from './holders.js';
import { headsOf, otherNames } from './heads.js';

const version = (author: string, more: Partial<VersionInfo> = {}): VersionInfo => ({
  version: `v-${author}`,
  kind: 'file',
  path: 'in/a.tar.gz',
  size: 1,
  mediaType: '',
  contentId: 'c',
  author,
  writtenAt: '2026-11-22T12:00:00.000Z',
  head: true,
  shown: false,
  imported: false,
  from: null,
  purged: false,
  ...more,
});

describe('the heads of a conflict', () => {
  it('are those that nobody replaced, the shown one first', () => {
    const all = [version('a'), version('old', { head: false }), version('b', { shown: true })];
    expect(headsOf(all).map(({ author }) => author)).toEqual(['b', 'a']);
  });

  it('have names of their own, by their authors', () => {
    const heads = [version('a', { shown: true }), version('b'), version('c', { version: 'v2' })];
    const names = otherNames(heads, (author) => (author === 'a' ? 'anna' : 'ber/ta'));
    expect(names).toEqual({ 'v-b': 'in/a.tar (from ber-ta).gz', v2: 'in/a.tar (from ber-ta 2).gz' });
  });
});

describe('where a file is', () => {
  const holder = (peerId: string, more = {}) => ({
    peerId,
    name: peerId,
    live: true,
    reachable: true,
    self: false,
    ...more,
  });
  const states: Record<string, PeerState> = { b: 'connected', c: 'disconnected' };
  const stateOf = (peerId: string) => states[peerId];

  it('is told by the list of peers, not by the promise', () => {
    const extents = [
      { index: 0, holders: [holder('c'), holder('b'), holder('a', { self: true }), holder('z', { live: false })] },
    ];
    expect(holdersOf(extents, stateOf).map(({ peerId, state }) => [peerId, state])).toEqual([
      ['a', 'filled'],
      ['b', 'filled'],
      ['c', 'half'],
      ['z', 'crossed'],
    ]);
  });

  it('has cells as bad as their worst chunk', () => {
    const chunk = (here: boolean, n: number) => ({ id: `c${n}`, offset: n, size: 1, here });
    const chunks = Array.from({ length: 2048 }, (_, n) => chunk(n < 500, n));
    const extents = [
      { index: 0, holders: [holder('b')] },
      { index: 1, holders: [holder('c')] },
    ];
    const cells = cellsOf(chunks, extents, stateOf);
    expect(cells).toHaveLength(64);
    expect([cells[0], cells[20], cells[40]].map((cell) => cell?.state)).toEqual(['local', 'remote', 'away']);
    expect(cellsOf([chunk(false, 0)], [], stateOf)[0]?.state).toBe('missing');
  });
});
