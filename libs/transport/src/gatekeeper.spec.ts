import { fakeClock } from '@dfs/testing';
import { MAX_STRANGERS, STRANGER_STAY } from './constants.js';
import { Gatekeeper, type GuardedConnection } from './gatekeeper.js';
import { ListGate } from './testing/suite-context.js';

describe('Gatekeeper', () => {
  const clock = fakeClock();
  const cut: string[] = [];
  let keeper: Gatekeeper;
  let gate: ListGate;

  const connection = (peerId: string, direction: 'in' | 'out' = 'in'): GuardedConnection => {
    const made: GuardedConnection = {
      peerId,
      direction,
      openedAt: clock.now(),
      cut: () => {
        cut.push(peerId);
        keeper.closed(made);
      },
    };
    keeper.opened(made);
    return made;
  };

  beforeEach(() => {
    cut.length = 0;
    gate = new ListGate('member');
    keeper = new Gatekeeper(clock, (protocol) => protocol === '/join');
    keeper.setGate(gate);
  });

  it('lets nobody pass without a gate', () => {
    const closed = new Gatekeeper(clock, () => true);
    expect(closed.admitsInbound('member')).toBe(false);
    expect(closed.admitsOutbound('member')).toBe(false);
    expect(closed.maySpeak('member', '/join')).toBe(false);
  });

  it('lets members in always, strangers while an invite is open', () => {
    expect([keeper.admitsInbound('member'), keeper.admitsInbound('stranger')]).toEqual([true, false]);
    gate.open = true;
    expect(keeper.admitsInbound('stranger')).toBe(true);
  });

  it('lets strangers speak what is meant for them alone', () => {
    expect([keeper.maySpeak('stranger', '/join'), keeper.maySpeak('stranger', '/chunks')]).toEqual([true, false]);
    expect(keeper.maySpeak('member', '/chunks')).toBe(true);
  });

  it('counts strangers, also those that were admitted at the same moment', () => {
    gate.open = true;
    for (let i = 0; i < MAX_STRANGERS; i++) connection(`s${i}`);
    connection('ours', 'out');
    expect([keeper.admitsInbound('one more'), keeper.admitsInbound('member')]).toEqual([false, true]);
    connection('at the same moment');
    expect(cut).toEqual(['at the same moment']);
  });

  it('invites whom we dial, while we dial', async () => {
    let inside = false;
    const both = Promise.all([
      keeper.inviting('stranger', () => Promise.resolve()),
      keeper.inviting('stranger', async () => {
        await Promise.resolve();
        inside = keeper.admitsOutbound('stranger') && keeper.admitsOutbound('someone', 'stranger');
      }),
    ]);
    await both;
    expect(inside).toBe(true);
    expect(keeper.admitsOutbound('stranger')).toBe(false);
    await expect(keeper.inviting('stranger', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(keeper.admitsOutbound('stranger')).toBe(false);
  });

  it('cuts members that are no longer, at once, and strangers after their time', () => {
    connection('member');
    gate.open = true;
    connection('stranger');
    keeper.sweep();
    expect(cut).toEqual([]);
    gate.members.delete('member');
    keeper.sweep();
    expect(cut).toEqual(['member']);
    clock.advance(STRANGER_STAY - 1);
    keeper.sweep();
    expect(cut).toEqual(['member']);
    clock.advance(1);
    keeper.sweep();
    expect(cut).toEqual(['member', 'stranger']);
  });

  it('keeps a stranger that has become a member, and cuts it when it is one no more', () => {
    gate.open = true;
    connection('stranger');
    gate.members.add('stranger');
    clock.advance(STRANGER_STAY * 2);
    keeper.sweep();
    expect(cut).toEqual([]);
    gate.members.delete('stranger');
    keeper.sweep();
    expect(cut).toEqual(['stranger']);
  });
});
