import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '@dfs/protocol';
import { VirtualTime } from '@dfs/runtime';
import { DiskFaults, eventually, seededRandom, tempDir, type TempDir } from '@dfs/testing';
import { bodyOf, expectedAt, IDS, p, textOf } from '../../testing/memory-root.js';
import type { CopiedBlock, Dirty, RootDisk } from '../root-disk.js';
import { ChildDisk, type ChildProgram } from './child-disk.js';
import { PLAIN_CALLS, PLAIN_TRASH_CALLS } from './disk-server.js';
import { HANGS_AFTER } from './protocol.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** As jest runs the sources. */
const PROGRAM: ChildProgram = {
  file: here('./disk-child.ts'),
  execArgv: ['--conditions=@dfs/source', '--import', here('../../../../chunks/src/testing/source-loader.mjs')],
};
const DEADLINE = 120_000;

function isRunning(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** One after another, each with an empty group before it. */
async function* inGroups(blocks: readonly CopiedBlock[]): AsyncGenerator<readonly CopiedBlock[]> {
  for (const block of blocks) {
    yield [];
    await Promise.resolve();
    yield [block];
  }
}

describe('a process for each root (rule 17)', () => {
  let dir: TempDir;
  let child: ChildDisk;
  let disk: RootDisk;
  let time: VirtualTime;

  beforeAll(async () => {
    dir = await tempDir('dfs-child-');
    time = new VirtualTime();
    child = new ChildDisk({ root: dir.path, timers: time, program: PROGRAM });
    disk = child.asRootDisk();
  });
  afterAll(async () => {
    await disk.close();
    await dir.remove();
  });

  it('does every call as the disk itself does', async () => {
    await disk.writeMarker({ folderId: 'f', nonce: 'n', epoch: 3 });
    expect(await disk.identity()).toMatchObject({ marker: { epoch: 3 }, inode: expect.any(BigInt) as bigint });
    expect(await disk.probe()).toMatchObject({ links: true });
    await disk.makeDirectory(p('d'));
    await disk.place(await disk.stage(p('d/a'), IDS, bodyOf('hello'), { mtime: 1_600_000_000_000 }));
    const expected = await expectedAt({ disk }, p('d/a'));
    expect(await textOf(await disk.read(p('d/a')))).toBe('hello');
    const removed = await disk.remove(p('d/a'), expected, { reason: 'removed', ids: IDS });
    expect(removed.outcome).toBe('removed');
    const { entries } = await disk.trash.list({ limit: 10 });
    expect(entries).toMatchObject([{ path: 'd/a', stat: { mtimeNs: expect.any(BigInt) as bigint } }]);
    expect(entries[0]!.stat.mtimeNs / 1_000_000n).toBe(1_600_000_000_000n);
    expect(await textOf(await disk.trash.read(entries[0]!.id))).toBe('hello');
    expect(await disk.trash.empty('all')).toEqual({ files: 1, bytes: 5 });
    expect((await disk.estimate([])).files).toBe(0);
    expect(child.pid).not.toBe(process.pid);
    const called = [...PLAIN_CALLS, ...PLAIN_TRASH_CALLS.map((call) => `trash.${call}`)];
    expect(new Set(called).size).toBe(called.length);
  });

  it('small files go and come many at a time, with their bytes', async () => {
    const files = ['s1', 's2', 's3'].map((name, at) => ({
      ...{ path: p(name), ids: { ...IDS, recordId: `${at}` }, bytes: Buffer.from(name), attributes: { mtime: 1000 } },
    }));
    const written = await disk.writeAll([...files, { ...files[0]!, path: p('none/a') }]);
    expect(written.map(({ outcome }) => outcome)).toEqual(['placed', 'placed', 'placed', 'failed']);
    expect(await readFile(join(dir.path, 's2'), 'utf8')).toBe('s2');
    const read = await disk.readAll([...files.map(({ path }) => ({ path })), { path: p('s4') }], 10);
    expect(read.map((one) => (one.outcome === 'read' ? Buffer.from(one.bytes).toString() : one.outcome))).toEqual([
      ...['s1', 's2', 's3', 'absent'],
    ]);
    for (const [at, one] of written.slice(0, 3).entries())
      expect(one).toMatchObject({ stat: (read[at] as { end: { stat: object } }).end.stat });
  });

  it('failures come as they are', async () => {
    await expect(disk.read(p('none'))).rejects.toMatchObject({ name: 'DiskError', code: 'ENOENT', path: 'none' });
    await expect(disk.stage(p('none/a'), IDS, bodyOf('x'), {})).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('large files pass in parts, no faster than they are taken, and whole', async () => {
    const bytes = Buffer.from(seededRandom(5).bytes(20_000_000));
    const pieces = Array.from({ length: 80 }, (_, n) => bytes.subarray(n * 250_000, (n + 1) * 250_000));
    let given = 0;
    async function* body() {
      for (const piece of pieces) {
        given++;
        await Promise.resolve();
        yield piece;
      }
    }
    const staged = await disk.stage(p('large'), IDS, body(), {});
    expect(given).toBe(80);
    await disk.place(staged);
    expect((await readFile(join(dir.path, 'large'))).equals(bytes)).toBe(true);
    const reading = await disk.read(p('large'));
    const read = [];
    for await (const piece of reading.body) read.push(piece);
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
    expect((await reading.end).stat.size).toBe(20_000_000);
    // One that is given up holds nothing up.
    for await (const piece of (await disk.read(p('large'))).body) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect((await disk.room()) > 0).toBe(true);
  });

  it('a piece whose memory is used again once the next one is asked for comes as it was given', async () => {
    const random = seededRandom(7);
    // Some go with the call, the others by the channel of bytes, of which the system takes less at a time than one of them has.
    for (const [name, size, count] of [
      ['short', 1_000, 6],
      ['long', 500_000, 60],
    ] as const) {
      const given: Buffer[] = [];
      async function* body() {
        const piece = Buffer.alloc(size);
        for (let n = 0; n < count; n++) {
          piece.set(random.bytes(size));
          given.push(Buffer.from(piece));
          await Promise.resolve();
          yield piece;
          piece.fill(0xff);
        }
      }
      await disk.place(await disk.stage(p(name), IDS, body(), {}));
      const found = await readFile(join(dir.path, name));
      expect(found.length).toBe(size * count);
      expect(given.findIndex((piece, n) => !piece.equals(found.subarray(n * size, (n + 1) * size)))).toBe(-1);
    }
  });

  it('blocks of other files of the machine are copied by the process itself, and held against their digests', async () => {
    await using packs = await tempDir('dfs-packs-');
    const bytes = Buffer.from(seededRandom(11).bytes(3_000_000));
    bytes.fill(0, 1_000_000, 2_000_000);
    const [one, two] = [packs.file('one'), packs.file('two')];
    await writeFile(one, Buffer.concat([Buffer.from('head'), bytes.subarray(0, 700_000), Buffer.from('head')]));
    await writeFile(two, bytes.subarray(700_000));
    const block = (file: string, offset: number, from: number, to: number) => ({
      ...{ file, offset, size: to - from, digest: sha256(bytes.subarray(from, to)) },
    });
    const blocks = [
      block(one, 4, 0, 700_000),
      block(two, 0, 700_000, 2_900_000),
      block(two, 2_200_000, 2_900_000, 3_000_000),
    ];
    await disk.place(await disk.stageCopy(p('copied'), IDS, inGroups(blocks), { mtime: 1_600_000_000_000 }));
    expect((await readFile(join(dir.path, 'copied'))).equals(bytes)).toBe(true);
    for (const wrong of [
      { ...blocks[1]!, digest: blocks[0]!.digest },
      { ...blocks[1]!, offset: 1_000_000 },
      { ...blocks[1]!, file: packs.file('gone') },
    ]) {
      const asked = disk.stageCopy(p('wrong'), IDS, inGroups([blocks[0]!, wrong]), {});
      await expect(asked).rejects.toMatchObject({ name: 'DiskError', code: 'source' });
    }
    await expect(disk.stageCopy(p('none/copied'), IDS, inGroups(blocks), {})).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await disk.list([p('')]))[0]).toMatchObject({ outcome: 'whole', temporaries: [] });
  });

  it('blocks are copied as they are told; where one does not come nothing is left behind', async () => {
    await using packs = await tempDir('dfs-packs-');
    const bytes = Buffer.from(seededRandom(12).bytes(1_200_000));
    await writeFile(packs.file('one'), bytes);
    const blocks = [0, 400_000, 800_000].map((offset) => ({
      ...{ file: packs.file('one'), offset, size: 400_000 },
      digest: sha256(bytes.subarray(offset, offset + 400_000)),
    }));
    const temporaries = async (): Promise<number[]> => {
      const [root] = await disk.list([p('')]);
      return root?.outcome === 'whole' ? root.temporaries.map(({ stat }) => stat.size) : [];
    };
    /** The next one is told when the file has all of those before it. */
    async function* oneByOne(fails: boolean) {
      for (const [at, block] of blocks.entries()) {
        yield [block];
        await eventually(async () => (await temporaries())[0] === 400_000 * (at + 1), { deadline: DEADLINE });
        if (fails) throw new Error('the holder has gone');
      }
    }
    await expect(disk.stageCopy(p('lost'), IDS, oneByOne(true), {})).rejects.toThrow('the holder has gone');
    expect(await temporaries()).toEqual([]);
    await disk.place(await disk.stageCopy(p('told'), IDS, oneByOne(false), {}));
    expect((await readFile(join(dir.path, 'told'))).equals(bytes)).toBe(true);
    await disk.place(await disk.stageCopy(p('empty'), IDS, inGroups([]), {}));
    expect((await readFile(join(dir.path, 'empty'))).length).toBe(0);
  });

  it('a copy that fails is over, though the next block never comes', async () => {
    const never = new Promise<never>(() => undefined);
    const groups: AsyncIterable<readonly CopiedBlock[]> = {
      [Symbol.asyncIterator]: () => {
        let asked = 0;
        const wrong = [{ file: '/none', offset: 0, size: 1, digest: new Uint8Array(32) }];
        return { next: () => (asked++ === 0 ? Promise.resolve({ done: false, value: wrong }) : never) };
      },
    };
    await expect(disk.stageCopy(p('wrong'), IDS, groups, {})).rejects.toMatchObject({ code: 'source' });
  });

  it('a body that fails leaves nothing behind', async () => {
    async function* broken() {
      for (let n = 0; n < 30; n++) {
        await Promise.resolve();
        yield Buffer.alloc(100_000, 1);
      }
      throw new Error('the holder has gone');
    }
    await expect(disk.stage(p('half'), IDS, broken(), {})).rejects.toThrow('the holder has gone');
    expect((await disk.list([p('')]))[0]).toMatchObject({ outcome: 'whole', temporaries: [] });
  });

  it('what changes is told, and after the end of a process that all may have changed', async () => {
    const told: Dirty[] = [];
    disk.watch((dirty) => told.push(dirty));
    await disk.list([p('')]);
    await writeFile(join(dir.path, 'new'), '1');
    await eventually(() => told.some((dirty) => 'directories' in dirty), { what: 'a change', deadline: DEADLINE });
    const { pid } = child;
    const asked = Promise.all([disk.estimate([]), disk.contentOf([{ path: p('large') }])]);
    process.kill(pid!, 'SIGKILL');
    await expect(asked).rejects.toMatchObject({ code: 'gone' });
    await eventually(() => told.some((dirty) => 'all' in dirty), {
      what: 'that all may have changed',
      deadline: DEADLINE,
    });
    expect((await disk.list([p('')]))[0]?.outcome).toBe('whole');
    expect(child.pid).not.toBe(pid);
  });

  it('a process that does not answer for 30 s is hung, and killed; the next call has a new one', async () => {
    await disk.room();
    const { pid } = child;
    process.kill(pid!, 'SIGSTOP');
    const asked = [disk.identity(), disk.list([p('')]), disk.stage(p('b'), IDS, bodyOf('x'), {})];
    const failed = Promise.allSettled(asked);
    await new Promise((done) => setImmediate(done));
    time.advance(HANGS_AFTER + 2000);
    for (const each of await failed) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'hung' } });
    await expect(disk.identity()).rejects.toMatchObject({ code: 'hung' });
    await eventually(() => !isRunning(pid), { what: 'the end of the process', deadline: DEADLINE });
    await eventually(
      () =>
        disk.identity().then(
          () => true,
          () => false,
        ),
      { what: 'a new process', deadline: DEADLINE },
    );
  });

  it('what was probed a process knows that is started later', async () => {
    const wrong = { ...(await disk.probe()), foldsCase: true };
    const other = new ChildDisk({ root: dir.path, traits: wrong, program: PROGRAM });
    const root = other.asRootDisk();
    const put = async (text: string): Promise<{ folded: number }> => {
      await writeFile(join(dir.path, '.dfsignore'), '*.LOG');
      await writeFile(join(dir.path, 'x.log'), text);
      return { folded: (await root.estimate([])).ignored.files };
    };
    expect(await put('by the traits that were given')).toEqual({ folded: 1 });
    await root.probe();
    expect(await put('by those that were probed')).toEqual({ folded: 0 });
    const { pid } = other;
    process.kill(pid!, 'SIGKILL');
    await eventually(() => other.pid === undefined, { what: 'the end of the process', deadline: DEADLINE });
    expect(await put('by another process')).toEqual({ folded: 0 });
    await root.close();
  });

  it('shutdown waits for nobody, and the process ends by itself', async () => {
    const other = new ChildDisk({ root: dir.path, program: PROGRAM });
    const root = other.asRootDisk();
    await root.room();
    const { pid } = other;
    await root.close();
    await expect(root.identity()).rejects.toMatchObject({ code: 'gone' });
    await eventually(() => !isRunning(pid), { what: 'the end of the process', deadline: DEADLINE });
  });
});

describe('a disk that hangs (rule 17)', () => {
  it('stops nobody else: its calls fail, other roots answer, and it is there again when it is back', async () => {
    await using faults = await DiskFaults.make();
    await using hanging = await tempDir('dfs-hanging-');
    await using well = await tempDir('dfs-well-');
    const time = new VirtualTime();
    const program = { ...PROGRAM, env: faults.env };
    const one = new ChildDisk({ root: hanging.path, timers: time, program });
    const other = new ChildDisk({ root: well.path, program });
    const [bad, good] = [one.asRootDisk(), other.asRootDisk()];
    await writeFile(hanging.file('a'), '1');
    await writeFile(well.file('a'), '1');
    expect((await bad.list([p('')]))[0]?.outcome).toBe('whole');
    await faults.set({ calls: ['open'], path: `${hanging.path}/*`, fate: 'hang' });
    const reading = bad.contentOf([{ path: p('a') }]).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    await faults.hit();
    expect((await good.contentOf([{ path: p('a') }]))[0]?.outcome).toBe('content');
    time.advance(HANGS_AFTER + 2000);
    expect(await reading).toBe('hung');
    expect((await good.list([p('')]))[0]?.outcome).toBe('whole');
    await faults.clear();
    const back = () =>
      bad.contentOf([{ path: p('a') }]).then(
        ([content]) => content?.outcome === 'content',
        () => false,
      );
    await eventually(back, { what: 'an answer', deadline: DEADLINE });
    await Promise.all([bad.close(), good.close()]);
  });
});
