import { copyFile, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventPage, FileInfo, Health } from '@dfs/contracts';
import { eventually, startEngine, type Engine } from '@dfs/testing';
import { at, bytesOf, expectSound, pattern, runToEnd } from './steps.js';

const DATABASE = ['dfs.sqlite', 'dfs.sqlite-wal', 'dfs.sqlite-shm'];

/** Moves those of the files that are there. */
async function moveFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const there = await readdir(from);
  for (const name of DATABASE.filter((each) => there.includes(each))) await rename(join(from, name), join(to, name));
}

const packs = async ({ dataDir }: Engine): Promise<string[]> => (await readdir(join(dataDir, 'chunks/packs'))).sort();
const generation = async (node: Engine): Promise<Health['checks'][number] | undefined> => {
  const health = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
  return health.checks.find(({ name }) => name === 'generation');
};
const contentOf = (index: number): Buffer =>
  Buffer.concat([...pattern(index % 2 === 0 ? 3_000 : 3_000_000, index + 1)]);

describe('the data directory of a node alone in its network', () => {
  let node: Engine;
  let files: FileInfo[];
  const away = (name: string): string => join(node.dataDir, name);
  const put = (index: number): Promise<FileInfo> => node.put(`file ${index}`, contentOf(index));
  /** The log of a start that is refused. */
  async function refusal(): Promise<string> {
    const { code, err } = await runToEnd(node.dataDir);
    expect(code).toBe(1);
    expect(err).not.toMatch(/"stack"|\n\s+at /);
    return err;
  }

  beforeAll(async () => {
    node = await startEngine();
    files = [];
    for (let index = 0; index < 5; index++) files.push(await put(index));
  });
  afterAll(() => node.remove());

  async function expectFiles(): Promise<void> {
    for (const [index, file] of files.entries()) {
      expect(Buffer.compare(await bytesOf(node, file), contentOf(index))).toBe(0);
    }
  }

  it('keeps every pack of a database that is gone, and takes that back when it is put back', async () => {
    const before = await packs(node);
    const { storage } = await node.node();
    await node.stop();
    await moveFiles(node.dataDir, away('gone'));
    await node.start();
    expect(await packs(node)).toEqual(before);
    await eventually(async () => (await node.node()).storage.chunks === storage.chunks, {
      what: 'every chunk taken in',
    });
    expect(await generation(node)).toMatchObject({ ok: false, detail: expect.stringContaining('Nothing was removed') });

    await node.stop();
    await moveFiles(node.dataDir, away('blank'));
    await moveFiles(away('gone'), node.dataDir);
    await node.start();
    await expectFiles();
    expect(await generation(node)).toMatchObject({ ok: false });
    await node.stop();
    await node.start();
    await expectFiles();
    expect(await generation(node)).toMatchObject({ ok: true });
  });

  it('keeps the packs that are newer than a database restored over the file, and begins a new stream of events', async () => {
    await node.stop();
    await mkdir(away('copy'));
    await copyFile(join(node.dataDir, 'dfs.sqlite'), join(away('copy'), 'dfs.sqlite'));
    await node.start();
    const before = await node.json<EventPage>('/events?after=0');
    const [five, six] = [await put(5), await put(6)];
    const newer = await packs(node);
    await node.kill();
    await moveFiles(node.dataDir, away('newest'));
    // The very file, as `cp` leaves it.
    await rename(join(away('newest'), 'dfs.sqlite'), join(node.dataDir, 'dfs.sqlite'));
    await copyFile(join(node.dataDir, 'dfs.sqlite'), join(away('newest'), 'dfs.sqlite'));
    await copyFile(join(away('copy'), 'dfs.sqlite'), join(node.dataDir, 'dfs.sqlite'));
    await node.start();
    expect(await packs(node)).toEqual(newer);
    await expectFiles();
    const after = await node.json<EventPage>('/events?after=0');
    expect(after.stream).not.toBe(before.stream);

    await node.stop();
    await rm(join(node.dataDir, 'dfs.sqlite'));
    await moveFiles(away('newest'), node.dataDir);
    await node.start();
    files.push(five, six);
    await expectFiles();
  });

  it('lets no second node start where the lock was removed', async () => {
    await rm(join(node.dataDir, 'lock.sqlite'));
    expect(await refusal()).toContain('Another process is using the data directory');
    expect((await node.node()).storage.chunks).toBeGreaterThan(0);
  });

  it('is of no use without its key, and gets no other', async () => {
    const { peerId } = await node.node();
    await node.stop();
    await rename(join(node.dataDir, 'identity.key'), away('key'));
    const told = await refusal();
    expect(told).toContain('identity.key');
    expect(told).toContain(peerId);
    await rename(away('key'), join(node.dataDir, 'identity.key'));
    await node.start();
    await expectFiles();
    expect(await node.node()).toMatchObject({ peerId, network: { members: 1, role: 'owner' } });
  });

  it('is refused as it is where an unreleased build has made it', async () => {
    await node.stop();
    const database = join(node.dataDir, 'dfs.sqlite');
    const bytes = await readFile(database);
    // Of such a build are the names of all migrations that its database has seen; here they get older times, as long ones.
    const names = bytes.toString('latin1').replace(/(?<=[a-z])179\d(?=\d{9})/g, '1763');
    const unreleased = Buffer.from(names, 'latin1');
    expect(unreleased.equals(bytes)).toBe(false);
    await writeFile(database, unreleased);
    expect(await refusal()).toMatch(/build from before the first release.*start with a new data directory, or/);
    expect((await readFile(database)).equals(unreleased)).toBe(true);
    await writeFile(database, bytes);
    await node.start();
    await expectFiles();
  });

  it('is refused with what to do while its database is damaged', async () => {
    await node.stop();
    const database = join(node.dataDir, 'dfs.sqlite');
    await copyFile(database, away('whole.sqlite'));
    const damages: [number, Buffer][] = [
      [0, Buffer.alloc(4096, 0xff)],
      [100, Buffer.alloc(3996)],
      [3 * 4096, Buffer.alloc(16 * 4096, 0xa5)],
    ];
    for (const [position, bytes] of damages) {
      const file = await open(database, 'r+');
      await file.write(bytes, 0, bytes.length, position);
      await file.close();
      expect(await refusal()).toMatch(/The database is damaged \(.*npm run engine -- restore/);
      await copyFile(away('whole.sqlite'), database);
    }
    await node.start();
    await expectFiles();
    at(files, 6);
    await expectSound([node]);
  });
});
