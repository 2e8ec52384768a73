import type { TransferInfo } from '@dfs/contracts';
import type { RemoveOptions } from '@dfs/peers';
import { Transfers } from '@dfs/transfer';
import { DfsError, abortError, silentLog, systemClock } from '@dfs/runtime';
import { eventually, tempDatabase, type TempDatabase } from '@dfs/testing';
import { RemovalEntity } from './removal.entity.js';
import { Removals, type RemovalsComponents } from './removals.js';
import { removalMigrations } from './schema.js';

const MEMBER = '12D3KooWJSxkreASQ2rU1oeoxuYeaGYhcSEcmEJBnu3wDhiZXJcC';

describe('removing a member', () => {
  let temp: TempDatabase;
  let transfers: Transfers;
  let removals: Removals;
  let asked: { peerId: string; options: RemoveOptions; done: PromiseWithResolvers<undefined> }[];
  let patience: PromiseWithResolvers<undefined>;
  let networkId: string;

  beforeEach(async () => {
    temp = await tempDatabase(removalMigrations, [RemovalEntity]);
    networkId = 'aa';
    start();
  });
  afterEach(async () => {
    await removals.stop();
    await temp.remove();
  });

  /** As a process that starts, over the database that is there. */
  const start = (more: Partial<RemovalsComponents> = {}): void => {
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
    const membership = { networkId };
    removals = new Removals({
      ...{ db: temp.db, peers: { remove }, membership, transfers, clock: systemClock, log: silentLog, mayBeOld: false },
      ...{ patience: () => patience.promise, ...more },
    });
  };
  const drain = (): Promise<TransferInfo | undefined> => removals.remove(MEMBER, { confirm: false, drain: true });
  const last = (): TransferInfo | undefined => transfers.list()[0];
  const kept = (): Promise<number> => temp.db.repository(RemovalEntity).count();
  const begun = (count = 1): Promise<unknown> => eventually(() => asked.length === count);
  const ended = (state: TransferInfo['state']): Promise<unknown> => eventually(() => last()?.state === state);

  it('is answered when it is done, where that is soon', async () => {
    const answer = drain();
    await begun();
    expect(await kept()).toBe(1);
    asked[0]?.done.resolve(undefined);
    expect(await answer).toBeUndefined();
    expect(last()).toMatchObject({ kind: 'drain', peerId: MEMBER, state: 'finished' });
    expect(await kept()).toBe(0);
  });

  it('is no transfer where nothing is moved', async () => {
    const answer = removals.remove(MEMBER, { confirm: true, drain: false });
    asked[0]?.done.resolve(undefined);
    expect(await answer).toBeUndefined();
    expect([asked[0]?.options, transfers.list()]).toEqual([{ confirm: true }, []]);
  });

  it('is followed as a transfer where it takes long, and goes on', async () => {
    const answer = drain();
    await begun();
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
    await ended('finished');
    expect(last()).toMatchObject({ bytes: 1200, verifiedBytes: 1200 });
    const again = drain();
    await begun(2);
    asked[1]?.done.resolve(undefined);
    await again;
  });

  it('tells why it was refused: in the answer while there is one to come, and in the transfer', async () => {
    const soon = drain();
    await begun();
    asked[0]?.done.reject(new DfsError('no-space', 'No room.'));
    await expect(soon).rejects.toMatchObject({ code: 'no-space' });
    expect(last()).toMatchObject({ state: 'failed', error: { code: 'no-space', detail: 'No room.' } });
    const late = drain();
    await begun(2);
    patience.resolve(undefined);
    expect(await late).toMatchObject({ state: 'running' });
    asked[1]?.done.reject(new DfsError('timeout', 'Nothing moves.'));
    await ended('failed');
    expect(last()).toMatchObject({ error: { code: 'timeout' } });
    expect(await kept()).toBe(0);
  });

  it('can be cancelled, and the member stays', async () => {
    const answer = drain();
    await begun();
    await transfers.cancel(last()?.id ?? '');
    expect(await kept()).toBe(0);
    await expect(answer).rejects.toMatchObject({ code: 'conflict' });
    expect(last()).toMatchObject({ state: 'cancelled' });
  });

  it('goes on after a restart, under the same id, until it is done', async () => {
    const answer = removals.remove(MEMBER, { confirm: true, drain: true });
    await begun();
    const before = last();
    await removals.stop();
    await expect(answer).rejects.toMatchObject({ code: 'shutting-down' });
    // Nobody has cancelled it, and it has not failed.
    expect(last()).toMatchObject({ state: 'running' });

    start();
    await removals.start();
    expect(transfers.list()).toMatchObject([{ id: before?.id, kind: 'drain', peerId: MEMBER, state: 'running' }]);
    expect(asked).toMatchObject([{ peerId: MEMBER, options: { confirm: true, drain: true, isResumed: true } }]);
    // A person who asks now waits for the same.
    const waiting = drain();
    asked[0]?.done.resolve(undefined);
    expect(await waiting).toBeUndefined();
    expect(last()).toMatchObject({ id: before?.id, state: 'finished' });
    start();
    await removals.start();
    expect(transfers.list()).toEqual([]);
  });

  it('is done where the member was removed already when the node stopped', async () => {
    void drain().catch(() => undefined);
    await begun();
    await removals.stop();
    start();
    await removals.start();
    asked[0]?.done.reject(new DfsError('peer-not-found', 'No such member.'));
    await ended('finished');
    expect(await kept()).toBe(0);
  });

  it('does not go on once it was cancelled, however the node ended', async () => {
    void drain().catch(() => undefined);
    await begun();
    await transfers.cancel(last()?.id ?? '');
    // The process ends here; nothing else was told.
    start();
    await removals.start();
    expect([asked, transfers.list()]).toEqual([[], []]);
  });

  it.each([
    ['in another network', { network: 'bb', mayBeOld: false }],
    ['by a database that may be an older copy: it may have been cancelled since', { network: 'aa', mayBeOld: true }],
  ])('does not go on %s', async (_, { network, mayBeOld }) => {
    void drain().catch(() => undefined);
    await begun();
    await removals.stop();
    networkId = network;
    start({ mayBeOld });
    await removals.start();
    await ended('failed');
    expect(last()).toMatchObject({ error: { code: 'conflict' } });
    expect([asked, await kept()]).toEqual([[], 0]);
  });
});
