import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { DurableFolder, isOpenToOthers, moveFile, syncFolder } from './files.js';
import { foldsCase, portableName } from './names.js';
import { endSignals, passedSignals } from './signals.js';

let dir: string;
beforeAll(async () => (dir = await mkdtemp(join(tmpdir(), 'dfs-platform-'))));
afterAll(() => rm(dir, { recursive: true }));

const refusal = (code: string): Error => Object.assign(new Error(code), { code });

describe('the mode of a file', () => {
  it('says who may use it, but for Windows, where Node makes it up', () => {
    expect(isOpenToOthers(0o100600, 'linux')).toBe(false);
    expect(isOpenToOthers(0o100640, 'linux')).toBe(true);
    expect(isOpenToOthers(0o100604, 'darwin')).toBe(true);
    expect(isOpenToOthers(0o100666, 'win32')).toBe(false);
  });
});

describe('a folder made durable', () => {
  it('is flushed, and on Windows not even opened', async () => {
    await syncFolder(dir, 'linux');
    await expect(syncFolder(join(dir, 'none'), 'linux')).rejects.toMatchObject({ code: 'ENOENT' });
    await syncFolder(join(dir, 'none'), 'win32');
  });

  it('is flushed through the one handle that was opened', async () => {
    const probe = await open(dir, 'r');
    const sync = jest.spyOn(Object.getPrototypeOf(probe) as typeof probe, 'sync');
    await probe.close();
    try {
      for (const [platform, calls] of [
        ['linux', 2],
        ['win32', 0],
      ] as const) {
        sync.mockClear();
        const folder = await DurableFolder.open(dir, platform);
        await folder.sync();
        await folder.sync();
        await folder.close();
        expect(sync).toHaveBeenCalledTimes(calls);
      }
    } finally {
      sync.mockRestore();
    }
  });
});

describe('a move', () => {
  it('takes the place of what is there', async () => {
    await writeFile(join(dir, 'new'), 'new');
    await writeFile(join(dir, 'old'), 'old');
    await moveFile(join(dir, 'new'), join(dir, 'old'), { platform: 'win32' });
    expect(await readFile(join(dir, 'old'), 'utf8')).toBe('new');
    await mkdir(join(dir, 'folder'));
    await moveFile(join(dir, 'folder'), join(dir, 'moved'), { platform: 'win32' });
    expect(await readdir(dir)).toEqual(['moved', 'old']);
  });

  it.each(['EPERM', 'EACCES', 'EBUSY'])('waits on Windows for a program that holds the file (%s)', async (code) => {
    const waits: number[] = [];
    let held = 3;
    await moveFile('a', 'b', {
      platform: 'win32',
      rename: () => (held-- > 0 ? Promise.reject(refusal(code)) : Promise.resolve()),
      sync: () => Promise.resolve(),
      wait: (time) => Promise.resolve(waits.push(time)),
    });
    expect(waits).toEqual([10, 20, 40]);
  });

  it('is taken to the disk on Windows by the file under its new name', async () => {
    const calls: string[] = [];
    const rename = (from: string, to: string): Promise<void> => Promise.resolve(void calls.push(`${from} to ${to}`));
    const sync = (file: string): Promise<void> => Promise.resolve(void calls.push(`sync ${file}`));
    await moveFile('a', 'b', { platform: 'win32', rename, sync });
    await moveFile('c', 'd', { platform: 'linux', rename, sync });
    expect(calls).toEqual(['a to b', 'sync b', 'c to d']);
    const failing = (): Promise<void> => Promise.reject(refusal('EIO'));
    await expect(moveFile('a', 'b', { platform: 'win32', rename, sync: failing })).rejects.toMatchObject({
      code: 'EIO',
    });
  });

  it('is given up in the end, and at once for another reason or elsewhere', async () => {
    const tries = async (platform: NodeJS.Platform, code: string): Promise<number> => {
      let count = 0;
      const rename = (): Promise<void> => {
        count++;
        return Promise.reject(refusal(code));
      };
      const moved = moveFile('a', 'b', { platform, rename, wait: () => Promise.resolve() });
      await expect(moved).rejects.toMatchObject({ code });
      return count;
    };
    expect(await tries('win32', 'EPERM')).toBe(8);
    expect(await tries('win32', 'ENOENT')).toBe(1);
    expect(await tries('linux', 'EPERM')).toBe(1);
  });
});

describe('signals', () => {
  it('end a program, and are passed on where the other would not get them', () => {
    expect(endSignals('linux')).toEqual(['SIGTERM', 'SIGINT', 'SIGHUP']);
    expect(endSignals('win32')).toEqual(['SIGINT', 'SIGHUP', 'SIGBREAK']);
    expect(passedSignals('linux')).toEqual(['SIGTERM', 'SIGHUP']);
    expect(passedSignals('win32')).toEqual([]);
  });
});

describe('names', () => {
  it.each([
    ['plain name.txt', 'plain name.txt'],
    ['Grüße 👋.md', 'Grüße 👋.md'],
    ['a:b', 'a_b'],
    ['C:\\x', 'C__x'],
    ['what?*"<>|', 'what______'],
    ['ends. .', 'ends___'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['aux .c', '_aux .c'],
    ['com¹', '_com¹'],
    ['lpt9.log', '_lpt9.log'],
    ['conin$', '_conin$'],
    ['console', 'console'],
    ['com10', 'com10'],
  ])('%s is %s everywhere', (name, expected) => {
    expect(portableName(name)).toBe(expected);
    expect(portableName(expected)).toBe(expected);
  });

  it('of one file are told apart by their case on Linux alone', () => {
    expect([foldsCase('linux'), foldsCase('darwin'), foldsCase('win32')]).toEqual([false, true, true]);
  });
});
