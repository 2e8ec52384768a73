import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Journal } from '@dfs/database';
import { KiB, MiB, silentLog, systemClock } from '@dfs/runtime';
import { recordIdOf, type SignedRecord } from '@dfs/protocol';
import { eventually, tempDir } from '@dfs/testing';
import { Backup, type BackupComponents } from './backup.js';

const recordOf = (body: string | Uint8Array): SignedRecord => ({
  body: Buffer.from(body),
  signature: new Uint8Array(64),
});

describe('the journal', () => {
  it('whose disk is full goes on behind what it has, not behind what it was to be given', async () => {
    await using dir = await tempDir();
    let stored: (records: SignedRecord[]) => void = () => undefined;
    const asked: (string | null)[] = [];
    const nothing = (): (() => void) => () => undefined;
    const components = {
      snapshots: { list: async () => [], take: () => Promise.reject(new Error('none')) },
      dataDir: { path: dir.path, journalDir: join(dir.path, 'journal') },
      catalogue: {
        onStored: (fn: typeof stored) => ((stored = fn), () => undefined),
        storedAfter: async (id: string | null) => (asked.push(id), (async function* () {})()),
      },
      generation: { raise: async () => undefined, doubt: undefined },
      membership: { networkId: '00', missingFrom: () => [], onRecords: nothing, onChange: nothing },
      clock: systemClock,
      log: silentLog,
    } as unknown as BackupComponents;
    const backup = await Backup.open(components);
    const first = recordOf('the first');
    stored([first]);
    const probe = await open(dir.file('probe'), 'w');
    const prototype = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const { write } = prototype;
    // The small head of the next segment fits, what is to follow does not.
    const full = jest.spyOn(prototype, 'write').mockImplementation(async function (
      this: FileHandle,
      ...args: unknown[]
    ) {
      if ((args[0] as Uint8Array).length > MiB) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return (write as unknown as (...args: unknown[]) => Promise<unknown>).apply(this, args);
    } as never);
    try {
      stored(Array.from({ length: 40 }, (_, at) => recordOf(Buffer.alloc(450 * KiB, at))));
      await eventually(() => backup.status().isJournalBroken);
    } finally {
      full.mockRestore();
    }
    asked.length = 0;
    await backup.runIfDue();
    await backup.stop();
    expect(asked).toEqual([recordIdOf(first.body)]);
  });

  it('goes on in a segment that no snapshot makes unnecessary which was taken while it could not be opened', async () => {
    await using dir = await tempDir();
    const journalDir = join(dir.path, 'journal');
    await (await Journal.open({ dir: journalDir, preamble: () => [] })).close();
    const nothing = (): (() => void) => () => undefined;
    const snapshot = { number: 4, takenAt: Date.now(), bytes: 1, file: dir.file('snapshot') };
    const backup = await Backup.open({
      snapshots: { list: async () => [snapshot], take: () => Promise.reject(new Error('none')) },
      dataDir: { path: dir.path, journalDir },
      catalogue: { onStored: nothing, storedAfter: async () => undefined },
      generation: { raise: async () => undefined, doubt: undefined },
      membership: { networkId: '00', missingFrom: () => [], onRecords: nothing, onChange: nothing },
      clock: systemClock,
      log: silentLog,
    });
    await backup.stop();
    expect((await readdir(journalDir)).sort().at(-1)).toBe('00000004.log');
  });
});
