import type { Replication } from '@dfs/contracts';
import { cidFromDigest, fileIdOf, RAW_CODEC, sha256, type Cid } from '@dfs/protocol';
import { silentLog, systemClock } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { WATCHED_FILES } from '../limits.js';
import { ReplicationEvents } from './replication-events.js';
import type { ContentChange } from '../ports.js';

const NETWORK = '00'.repeat(32);

function contentOf(n: number): Cid {
  return cidFromDigest(sha256(Buffer.from(`content ${n}`)), RAW_CODEC);
}

function fileOf(n: number, contentId: Cid): ContentChange {
  const path = `f/${n}`;
  return { fileId: fileIdOf(NETWORK, path), path, contentId, size: 1, author: 'a', deleted: false };
}

describe('the watch over new files', () => {
  it('asks and tells by pages of bounded size, however many files change their state at once', async () => {
    const pending: Replication = { target: 3, copies: 1, reachable: 1, state: 'pending' };
    const safe: Replication = { target: 3, copies: 3, reachable: 3, state: 'safe' };
    let state = pending;
    const asked: number[] = [];
    const told: string[][] = [];
    const watch = new ReplicationEvents({
      replication: async (contents) => {
        await Promise.resolve();
        asked.push(contents.length);
        return new Map(contents.map(({ contentId }) => [contentId, state]));
      },
      events: {
        tell: (_type, data) => void told.push((data as { files: { path: string }[] }).files.map(({ path }) => path)),
      },
      clock: systemClock,
      log: silentLog,
    });
    // 2,500 contents of one file each, and one content of 4,000 files.
    watch.follow(Array.from({ length: 2500 }, (_, n) => fileOf(n, contentOf(n))));
    watch.follow(Array.from({ length: 4000 }, (_, n) => fileOf(10_000 + n, contentOf(-1))));
    await eventually(() => told.flat().length === 3500, { what: 'all told as pending' });
    state = safe;
    watch.changed();
    await eventually(() => told.flat().length === 7000, { what: 'all told as safe' });
    expect(Math.max(...asked)).toBeLessThanOrEqual(1000);
    expect(Math.max(...told.map((files) => files.length))).toBeLessThanOrEqual(1000);
    expect(new Set(told.flat()).size).toBe(3500);
    expect(told.flat()).toContain('f/13999');
    // A safe file is followed no longer.
    asked.length = 0;
    watch.changed();
    watch.follow([fileOf(1, contentOf(1))]);
    await eventually(() => asked.length > 0);
    expect(asked).toEqual([1]);
    await watch.stop();
  });

  it('follows the newest files alone, however many come', async () => {
    const pending: Replication = { target: 3, copies: 1, reachable: 1, state: 'pending' };
    const watch = new ReplicationEvents({
      replication: async (contents) => new Map(contents.map(({ contentId }) => [contentId, pending])),
      events: { tell: () => undefined },
      clock: systemClock,
      log: silentLog,
    });
    const count = WATCHED_FILES + 3000;
    for (let from = 0; from < count; from += 1000) {
      watch.follow(Array.from({ length: 1000 }, (_, n) => fileOf(from + n, contentOf(from + n))));
    }
    const followed = Array.from({ length: count }, (_, n) => watch.pathOf(contentOf(n)));
    expect(followed.slice(0, 3000).every((path) => path === null)).toBe(true);
    expect(followed.slice(3000)).toEqual(Array.from({ length: WATCHED_FILES }, (_, n) => `f/${3000 + n}`));
    await watch.stop();
  });

  it('tells of each file what it shows, and that alone', async () => {
    const told: string[] = [];
    let copies = 1;
    const watch = new ReplicationEvents({
      replication: async (contents) =>
        Promise.resolve(
          new Map(
            contents.map(({ contentId }) => [
              contentId,
              { target: 3, copies, reachable: copies, state: 'replicating' } as const,
            ]),
          ),
        ),
      events: {
        tell: (_type, data) => {
          const { files } = data as { files: { path: string; replication: Replication }[] };
          told.push(...files.map(({ path, replication }) => `${path} ${replication.copies}`));
        },
      },
      clock: systemClock,
      log: silentLog,
    });
    watch.follow([fileOf(1, contentOf(1)), fileOf(2, contentOf(1)), fileOf(3, contentOf(3))]);
    await eventually(() => told.length === 3);
    // One is replaced, with the other side of a conflict, and one is deleted.
    watch.follow([fileOf(1, contentOf(4)), fileOf(1, contentOf(5)), { ...fileOf(3, contentOf(3)), deleted: true }]);
    await eventually(() => told.length === 4);
    copies = 2;
    watch.changed();
    await eventually(() => told.length >= 6);
    expect(told.slice(3).sort()).toEqual(['f/1 1', 'f/1 2', 'f/2 2']);
    expect(watch.isNews(contentOf(5))).toBe(true);
    await watch.stop();
  });
});
