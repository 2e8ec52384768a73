import type { Replication } from '@dfs/contracts';
import { viewOf } from './replication.js';

describe('viewOf', () => {
  it.each<[Replication, string, string]>([
    [{ target: 3, copies: 3, reachable: 3, state: 'safe' }, 'Safe · 3 of 3', 'ok'],
    [{ target: 3, copies: 1, reachable: 1, state: 'replicating' }, 'Copying · 1 of 3', 'info'],
    [{ target: 3, copies: 1, reachable: 1, state: 'pending' }, 'Only here', 'warn'],
    [{ target: 3, copies: 2, reachable: 2, state: 'limited', reason: 'few-members' }, 'Limited · 2 of 3', 'quiet'],
    [{ target: 3, copies: 1, reachable: 1, state: 'limited', reason: 'few-members' }, 'One copy', 'warn'],
    [{ target: 3, copies: 1, reachable: 1, state: 'at-risk', reason: 'holder-gone' }, 'At risk · 1 of 3', 'bad'],
    [{ target: 3, copies: 0, reachable: 0, state: 'unavailable', reason: 'no-holder' }, 'Out of reach', 'bad'],
  ])('%j', (replication, text, tone) => {
    expect(viewOf(replication)).toMatchObject({ text, tone });
    expect(viewOf(replication).hint).toMatch(/\.$/);
  });

  it('says what to do about a reason', () => {
    expect(viewOf({ target: 3, copies: 2, reachable: 2, state: 'limited', reason: 'few-members' }).hint).toContain(
      'invite another',
    );
    expect(viewOf(null).text).toBe('Checking');
  });
});
