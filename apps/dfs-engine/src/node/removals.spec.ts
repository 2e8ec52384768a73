import type { TransferInfo } from '@dfs/contracts';
import type { RemoveOptions } from '@dfs/peers';
import { Transfers } from '@dfs/transfer';
import { DfsError, abortError, silentLog, systemClock } from '@dfs/runtime';
import { Removals } from './removals.js';

const MEMBER = '12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC';

describe('removing a member', () => {
  let transfers: Transfers;
  let removals: Removals;
  let asked: { peerId: string; options: RemoveOptions; done: PromiseWithResolvers<undefined> }[];
  let patience: PromiseWithResolvers<undefined>;
  beforeEach(() => {
    asked = [];
    patience = Promise.withResolvers();
    const events = { tell: () => undefined, recordNow: () => Promise.resolve() };
    transfers = new Transfers({ events, clock: systemClock, log: silentLog });
    const remove = (peerId: string, options: RemoveOptions = {}): Promise<void> => {
      const done = Promise.withResolvers<undefined>();
      options.signal?.addEventListener('abort', () => done.reject(abortError(options.signal!)));
      asked.push({ peerId, options, done });
      return done.promise;
    };
    removals = new Removals({ peers: { remove }, transfers, log: silentLog, patience: () => patience.promise });
  });
  const drain = (): Promise<TransferInfo | undefined> => removals.remove(MEMBER, { confirm: false, drain: true });
  const last = (): TransferInfo | undefined => transfers.list()[0];

  it('is answered when it is done, where that is soon', async () => {
    const answer = drain();
    asked[0]?.done.resolve(undefined);
    expect(await answer).toBeUndefined();
    expect(last()).toMatchObject({ kind: 'drain', peerId: MEMBER, state: 'finished' });
  });

  it('is no transfer where nothing is moved', async () => {
    const answer = removals.remove(MEMBER, { confirm: true, drain: false });
    asked[0]?.done.resolve(undefined);
    expect(await answer).toBeUndefined();
    expect([asked[0]?.options, transfers.list()]).toEqual([{ confirm: true }, []]);
  });

  it('is followed as a transfer where it takes long, and goes on', async () => {
    const answer = drain();
    asked[0]?.options.onLeft?.(1000);
    patience.resolve(undefined);
    expect(await answer).toMatchObject({ kind: 'drain', state: 'running', bytes: 1000, verifiedBytes: 0 });
    asked[0]?.options.onLeft?.(700);
    // 200 bytes more were written meanwhile.
    asked[0]?.options.onLeft?.(900);
    expect(last()).toMatchObject({ bytes: 1200, verifiedBytes: 300 });
    asked[0]?.options.onLeft?.(0);
    // A person who asks again is told of the same.
    expect((await drain())?.id).toBe((await answer)?.id);
    expect(asked).toHaveLength(1);
    asked[0]?.done.resolve(undefined);
    await asked[0]?.done.promise;
    expect(last()).toMatchObject({ state: 'finished', bytes: 1200, verifiedBytes: 1200 });
    void drain();
    expect(asked).toHaveLength(2);
  });

  it('tells why it was refused: in the answer while there is one to come, and in the transfer', async () => {
    const soon = drain();
    asked[0]?.done.reject(new DfsError('no-space', 'No room.'));
    await expect(soon).rejects.toMatchObject({ code: 'no-space' });
    expect(last()).toMatchObject({ state: 'failed', error: { code: 'no-space', detail: 'No room.' } });
    const late = drain();
    patience.resolve(undefined);
    expect(await late).toMatchObject({ state: 'running' });
    asked[1]?.done.reject(new DfsError('timeout', 'Nothing moves.'));
    await expect(asked[1]?.done.promise).rejects.toThrow();
    expect(last()).toMatchObject({ state: 'failed', error: { code: 'timeout' } });
  });

  it('can be cancelled, and the member stays', async () => {
    const answer = drain();
    await transfers.cancel(last()?.id ?? '');
    await expect(answer).rejects.toMatchObject({ code: 'conflict' });
    expect(last()).toMatchObject({ state: 'cancelled' });
  });
});
