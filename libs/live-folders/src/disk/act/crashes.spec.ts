import { isLong } from '@dfs/testing';
import { ACTS, DISKS, find, prepare, recoverAll, type ActScenario } from '../../testing/act-scenarios.js';
import { MEMORY_ROOT, type MemoryRootOptions } from '../../testing/memory-root.js';
import { Crashed, type Fate } from '../../testing/scripted-file-system.js';

/** The act with this fate at its n-th call, then a restart. @returns false when it has fewer calls */
async function strike(act: ActScenario, options: MemoryRootOptions, nth: number, fate: Fate): Promise<boolean> {
  const prepared = await prepare(options);
  const { root } = prepared;
  const before = root.files.calls.length;
  root.files.script({ nth, fate });
  await act.run(prepared).catch((error: unknown) => {
    if (!(error instanceof Crashed) && (error as Error).name !== 'DiskError') throw error;
  });
  const isStruck = root.files.calls.length - before >= nth;
  root.files.script();
  root.files.remount(MEMORY_ROOT);
  const again = root.restarted();
  await recoverAll(again);
  const found = await find(again);
  const anywhere = [...Object.values(found.visible), ...found.trashed];
  const where = `${act.name}, ${JSON.stringify(fate)} at call ${nth}: ${JSON.stringify(found)}`;
  if (!anywhere.includes('old')) throw new Error(`the old bytes are lost: ${where}`);
  if (!anywhere.includes('gone')) throw new Error(`the bytes in the trash are lost: ${where}`);
  const whole = new Set(['old', 'gone', ...act.brings]);
  if (!Object.values(found.visible).every((text) => whole.has(text))) throw new Error(`half a file: ${where}`);
  return isStruck;
}

async function strikeAll(act: ActScenario, options: MemoryRootOptions, fate: (nth: number) => Fate): Promise<void> {
  let nth = 1;
  while (await strike(act, options, nth, fate(nth))) nth++;
  expect(nth).toBeGreaterThan(5);
}

describe.each(DISKS)('nothing is lost (rule 8) on a disk %s', (_disk, options) => {
  describe.each(ACTS.map((act) => ({ act, name: act.name })))('$name', ({ act }) => {
    it('the process is killed at each call: names and bytes stay as they are', () =>
      strikeAll(act, options, () => ({ crash: { keep: Infinity, bytes: true } })));

    it('the power fails at each call: of what was not synced nothing stays', () =>
      strikeAll(act, options, () => ({ crash: { keep: 0, bytes: false } })));

    it('the power fails at each call: some names stay, bytes do not', async () => {
      for (const keep of isLong ? [1, 2, 3, 4] : [2])
        await strikeAll(act, options, () => ({ crash: { keep, bytes: false } }));
      await strikeAll(act, options, () => ({ crash: { keep: Infinity, bytes: false } }));
    });

    it('disk unplugged at each call: an empty mount point', () =>
      strikeAll(act, options, () => ({ unmount: MEMORY_ROOT })));

    it.each(isLong ? ['EIO', 'ENOTCONN', 'ESTALE'] : ['ENOTCONN'])('the disk is gone from each call on: %s', (errno) =>
      strikeAll(act, options, () => ({ unmount: MEMORY_ROOT, errno })),
    );

    it.each(isLong ? ['EIO', 'ENOSPC', 'EACCES', 'EROFS'] : ['EIO', 'ENOSPC'])('one call fails: %s', (errno) =>
      strikeAll(act, options, () => ({ errno })),
    );
  });
});
