import { execFileSync } from 'node:child_process';
import { mkdir, rm, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { systemTimers, VirtualTime } from '@dfs/runtime';
import { eventually, isLong, tempDir } from '@dfs/testing';
import { memoryRoot, p } from '../../testing/memory-root.js';
import { NodeFileSystem } from '../fs/node-file-system.js';
import { LocalRootDisk } from '../local-root-disk.js';
import { toDiskPath } from '../names.js';
import type { Dirty } from '../root-disk.js';
import { TreeWatcher } from './tree-watcher.js';
import { nodeWatchSource, type OnChange, type WatchSource } from './watch-source.js';

/** Events when a test says so. */
class ScriptedSource implements WatchSource {
  readonly recursive: boolean;
  readonly queueLength = 16_384;
  readonly watched = new Map<string, { onChange: OnChange; onEnd: () => void }>();
  room = Infinity;

  constructor({ recursive = false } = {}) {
    this.recursive = recursive;
  }

  watch(directory: string, onChange: OnChange, onEnd: () => void): () => void {
    if (this.watched.size >= this.room) throw Object.assign(new Error('no watch is left'), { code: 'ENOSPC' });
    this.watched.set(directory, { onChange, onEnd });
    return () => this.watched.delete(directory);
  }

  change(directory: string, name?: string): void {
    this.watched.get(directory)?.onChange(name);
  }
}

function make(options = {}) {
  const source = new ScriptedSource(options);
  const timers = new VirtualTime();
  const watcher = new TreeWatcher({ source, root: '/r', timers });
  const told: Dirty[] = [];
  watcher.subscribe((dirty) => told.push(dirty));
  return { source, timers, watcher, told };
}

describe('watching is a hint (rule 16)', () => {
  it('tells dirty directories after 50 ms of quiet, and 200 ms after the first at the latest', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p(''), p('d')]);
    source.change('/r/d', 'x');
    timers.advance(40);
    source.change('/r', 'y');
    timers.advance(40);
    expect(told).toEqual([]);
    timers.advance(10);
    expect(told).toEqual([{ directories: ['', 'd'] }]);
    for (let n = 0; n < 10; n++) {
      source.change('/r/d', 'x');
      timers.advance(21);
    }
    expect(told).toHaveLength(2);
  });

  it('one timer waits for all events of a burst', () => {
    const { source, timers, watcher, told } = make();
    const after = jest.spyOn(timers, 'after');
    watcher.beforeListing([p('d')]);
    for (let n = 0; n < 1000; n++) source.change('/r/d', `x${n}`);
    expect(after).toHaveBeenCalledTimes(1);
    timers.advance(50);
    expect(told).toEqual([{ directories: ['d'] }]);
  });

  it('names of ours cause nothing', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p('')]);
    for (const name of ['.dfs-trash', '.dfs-tmp-x', '.dfs-folder']) source.change('/r', name);
    timers.advance(10_000);
    expect(told).toEqual([]);
  });

  it('rules of the disk are changed by people', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p('')]);
    source.change('/r', '.dfsignore');
    timers.advance(50);
    expect(told).toEqual([{ directories: [''] }]);
  });

  it('30,000 files at once: the system loses events without a word, and all may have changed', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p('')]);
    for (let n = 0; n < 16_384; n++) source.change('/r', `f${n}`);
    timers.advance(499);
    expect(told).toEqual([]);
    timers.advance(1);
    expect(told).toEqual([{ all: true, reason: 'burst' }]);
    // Some events were lost: each directory is watched anew when it is listed.
    expect(watcher.size).toBe(0);
    watcher.beforeListing([p('')]);
    source.change('/r', 'one');
    timers.advance(50);
    expect(told.slice(1)).toEqual([{ directories: [''] }]);
  });

  it('a burst that does not end is told every 5 s', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p('')]);
    for (let n = 0; n < 9000; n++) source.change('/r', `f${n}`);
    for (let n = 0; n < 60; n++) {
      source.change('/r', 'more');
      timers.advance(100);
    }
    expect(told[0]).toEqual({ all: true, reason: 'burst' });
  });

  it('more directories than a few are all of them', () => {
    const { source, timers, watcher, told } = make();
    const directories = Array.from({ length: 1500 }, (_, n) => p(`d${n}`));
    watcher.beforeListing(directories);
    for (const directory of directories) source.change(`/r/${directory}`, 'x');
    timers.advance(5000);
    expect(told).toEqual([{ all: true, reason: 'burst' }]);
  });

  it('watches that run out are said, once, until there are some again', () => {
    const { source, watcher, told } = make();
    source.room = 1;
    watcher.beforeListing([p(''), p('a'), p('b')]);
    expect(told).toEqual([{ all: true, reason: 'unwatched' }]);
    source.room = 3;
    watcher.beforeListing([p('a')]);
    source.room = 2;
    watcher.beforeListing([p('b')]);
    expect(told).toHaveLength(2);
  });

  it('directories that are gone are watched no more, nor those beneath them', () => {
    const { source, timers, watcher, told } = make();
    watcher.beforeListing([p(''), p('a'), p('a/b'), p('ab')]);
    watcher.afterListing([{ directory: p('a'), outcome: 'absent' }]);
    expect([...source.watched.keys()]).toEqual(['/r', '/r/ab']);
    source.watched.get('/r/ab')!.onEnd();
    expect(watcher.size).toBe(1);
    timers.advance(50);
    expect(told).toEqual([{ directories: ['ab'] }]);
  });

  it('one watch for all where the system has that', () => {
    const { source, timers, watcher, told } = make({ recursive: true });
    watcher.beforeListing([p(''), p('a')]);
    expect([...source.watched.keys()]).toEqual(['/r']);
    source.change('/r', 'a/b/x');
    timers.advance(50);
    source.change('/r');
    timers.advance(500);
    expect(told).toEqual([{ directories: ['a/b'] }, { all: true, reason: 'overflow' }]);
  });
});

describe('a file system of the network', () => {
  it.each([
    ['6969', true],
    ['ef53', false],
  ])('type %s: that it is not watched is said: %s', async (fsType, isSaid) => {
    const told: Dirty[] = [];
    const root = memoryRoot({ fsType, watch: () => () => undefined });
    root.disk.watch((dirty) => told.push(dirty));
    await root.disk.identity();
    expect(told).toEqual(isSaid ? [{ all: true, reason: 'unwatched' }] : []);
  });
});

describe('watching this machine', () => {
  it('sees files and directories that are made, renamed and removed, in directories that were listed', async () => {
    const dir = await tempDir('dfs-watch-');
    const source = nodeWatchSource();
    const root = toDiskPath(dir.path);
    const watcher = new TreeWatcher({ source, root, timers: systemTimers });
    const disk = new LocalRootDisk({ files: new NodeFileSystem(), root, watcher });
    const dirty = new Set<string>();
    disk.watch((told) => ('directories' in told ? told.directories : ['all']).forEach((each) => dirty.add(each)));
    const seen = async (...directories: string[]) => {
      await eventually(() => directories.every((each) => dirty.has(each)), {
        what: `a change in ${directories.join()}`,
        deadline: 60_000,
      });
      await disk.list(directories.map(p));
      dirty.clear();
    };
    await disk.list([p('')]);
    await mkdir(join(dir.path, 'd'));
    await seen('');
    await disk.list([p('d')]);
    await writeFile(join(dir.path, 'd/a'), '1');
    await seen('d');
    await rename(join(dir.path, 'd/a'), join(dir.path, 'b'));
    await seen('d', '');
    await rm(join(dir.path, 'd'), { recursive: true });
    await seen('');
    await disk.close();
    await dir.remove();
  });

  it.each([
    ['removed', (path: string) => rm(path, { recursive: true })],
    ['renamed', (path: string) => rename(path, `${path}-before`)],
  ])('a directory that was %s, and made again: what happens in it and beneath it from then on', async (_, away) => {
    const dir = await tempDir('dfs-watch-');
    const root = toDiskPath(dir.path);
    const watcher = new TreeWatcher({ source: nodeWatchSource(), root, timers: systemTimers });
    const disk = new LocalRootDisk({ files: new NodeFileSystem(), root, watcher });
    const dirty = new Set<string>();
    disk.watch((told) => ('directories' in told ? told.directories : ['all']).forEach((each) => dirty.add(each)));
    const all = ['', 'd', 'd/e'];
    /** As passes do it: what is dirty is listed, until nothing is. */
    const seen = async (directory: string) => {
      await eventually(
        async () => {
          const some = [...dirty];
          dirty.clear();
          await disk.list(some.map(p));
          return some.includes(directory);
        },
        { what: `a change in ${directory}`, deadline: 60_000 },
      );
    };
    await mkdir(join(dir.path, 'd/e'), { recursive: true });
    await disk.list(all.map(p));
    await away(join(dir.path, 'd'));
    await mkdir(join(dir.path, 'd/e'), { recursive: true });
    await seen('d');
    await disk.list(all.map(p));
    // An event of the making itself can answer for the first of them, and not for all.
    for (const name of ['a', 'b', 'c']) {
      await writeFile(join(dir.path, 'd/e', name), '1');
      await seen('d/e');
      await writeFile(join(dir.path, 'd', name), '1');
      await seen('d');
    }
    await disk.close();
    await dir.remove();
  });

  if (isLong)
    it('30,000 files at once, with the loop blocked: all may have changed', async () => {
      const dir = await tempDir('dfs-watch-');
      const root = toDiskPath(dir.path);
      const watcher = new TreeWatcher({ source: nodeWatchSource(), root, timers: systemTimers });
      const disk = new LocalRootDisk({ files: new NodeFileSystem(), root, watcher });
      const told: Dirty[] = [];
      disk.watch((dirty) => told.push(dirty));
      await disk.list([p('')]);
      execFileSync(
        process.execPath,
        ['-e', `for (let n = 0; n < 30000; n++) require('fs').writeFileSync('${dir.path}/f' + n, '')`],
        { env: {} },
      );
      await eventually(() => told.some((dirty) => 'all' in dirty), {
        what: 'that all may have changed',
        deadline: 60_000,
      });
      await disk.close();
      await dir.remove();
    });
});
