import { readdir, stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { silentLog } from '@dfs/runtime';
import { tempDir } from '@dfs/testing';
import { PictureCache } from './picture-cache.js';

const PICTURE = Buffer.alloc(1000);
PICTURE.write('RIFF', 'latin1');
PICTURE.writeUInt32LE(PICTURE.length - 8, 4);
PICTURE.write('WEBP', 8, 'latin1');

describe('kept pictures', () => {
  it('take no more room than they may, also where they are read while they make room', async () => {
    await using dir = await tempDir();
    const cache = new PictureCache(dir.path, silentLog, 4 * PICTURE.length);
    let isOver = false;
    const reading = [1, 2, 3, 4].map(async (reader) => {
      // Each reads those that are next to go, over and over.
      for (; !isOver; await nextTurn()) {
        for (const name of (await cache.names()).slice(0, reader)) await cache.get(name);
      }
    });
    for (let n = 0; n < 300; n++) await cache.put(`p${n}`, PICTURE);
    isOver = true;
    await Promise.all(reading);
    const names = (await readdir(dir.path)).sort();
    expect(names.length).toBeLessThanOrEqual(4);
    expect((await cache.names()).map((name) => `${name}.webp`).sort()).toEqual(names);
    for (const name of names) expect((await stat(dir.file(name))).size).toBe(PICTURE.length);
  });
});
