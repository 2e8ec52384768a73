import type { FolderAct, TransferInfo } from '@dfs/contracts';
import { minute, VirtualTime } from '@dfs/runtime';
import { ended } from './outcome.js';

const act = { transfer: { id: 'a' } as TransferInfo } as FolderAct;

describe('an act that goes on behind its answer', () => {
  it('is waited for, and no longer than clients wait', async () => {
    const time = new VirtualTime();
    const over = Promise.withResolvers<undefined>();
    const acts = { idle: () => over.promise } as unknown as Parameters<typeof ended>[1]['acts'];
    const late = ended({ answer: act }, { acts }, time);
    time.advance(minute);
    expect(await late).toBe(false);
    const done = ended({ answer: act }, { acts }, time);
    over.resolve(undefined);
    expect(await done).toBe(true);
  });

  it('is not waited for where it is done', async () => {
    const none = { acts: undefined } as unknown as Parameters<typeof ended>[1];
    expect(await ended({ answer: {} as FolderAct }, none, new VirtualTime())).toBe(true);
  });
});
