import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventPage, FileInfo, Health, VoidVersionList } from '@dfs/contracts';
import { connected, eventually, removeAll, startEngine, type Engine } from '@dfs/testing';
import { at, bytesOf, expectSound, listed } from './steps.js';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** Loaded into a node: its clock is off by what the file `clock-offset` in its data folder says, in milliseconds. */
const SHIFT = `
  import { readFileSync } from 'node:fs';
  const Real = Date;
  let offset = 0;
  let read = -Infinity;
  const now = () => {
    if (performance.now() - read > 100) {
      read = performance.now();
      try { offset = Number(readFileSync(process.env.DFS_DATA_DIR + '/clock-offset', 'utf8')); } catch { offset = 0; }
    }
    return Real.now() + offset;
  };
  globalThis.Date = class extends Real {
    constructor(...parts) { if (parts.length === 0) super(now()); else super(...parts); }
    static now() { return now(); }
  };`;

const setOff = (node: Engine, ms: number): Promise<void> => writeFile(join(node.dataDir, 'clock-offset'), String(ms));
const clockOf = async (node: Engine): Promise<Health['checks'][number] | undefined> => {
  const health = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
  return health.checks.find(({ name }) => name === 'clock');
};
/** Paths that any node was told of as deleted. */
const toldDeleted = async (node: Engine): Promise<string[]> =>
  (await node.json<EventPage>('/events?after=0&limit=1000')).items.flatMap((event) =>
    event.type === 'file.deleted' ? event.data.files.map(({ path }) => path) : [],
  );
const lastModified = async (node: Engine, file: FileInfo): Promise<{ modified: number; date: number }> => {
  const { headers } = await node.fetch(`/files/${file.id}/content`, { method: 'HEAD' });
  return { modified: Date.parse(String(headers.get('last-modified'))), date: Date.parse(String(headers.get('date'))) };
};

describe('nodes whose clocks are wrong', () => {
  let folder: string;
  const nodes: Engine[] = [];
  let first: Engine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dfs-clock-'));
    await writeFile(join(folder, 'shift.mjs'), SHIFT);
  });
  afterAll(async () => {
    await removeAll(nodes);
    await rm(folder, { recursive: true });
  });
  const start = async (join?: string): Promise<Engine> => {
    const env = { NODE_OPTIONS: `--import ${folder}/shift.mjs` };
    const node = await startEngine({ name: `node-${nodes.length}`, env, ...(join === undefined ? {} : { join }) });
    nodes.push(node);
    return node;
  };

  it('by ten years while it was alone: it goes on when that is mended, and whoever joins sees its files', async () => {
    first = await start();
    await setOff(first, 10 * YEAR);
    // The node looks at its clock's offset now and then; the same bytes again would keep the time of the first ones.
    let bytes = '';
    await eventually(async () => {
      bytes = `of then, ${Math.random()}`;
      return (await first.put('of-then.txt', bytes)).modifiedAt > '2030';
    });
    await first.stop();
    await setOff(first, 0);
    await first.start();
    const kept = await listed(first, 'of-then.txt');
    expect(Date.parse(kept.modifiedAt)).toBeLessThanOrEqual(Date.now());
    await first.put('of-now.txt', 'of now');
    expect(await clockOf(first)).toMatchObject({ ok: true });
    const second = await start(await first.invite());
    await connected(nodes);
    for (const path of ['of-then.txt', 'of-now.txt']) await listed(second, path);
    expect(String(await bytesOf(second, await listed(second, 'of-then.txt')))).toBe(bytes);
    for (const node of nodes) expect(await toldDeleted(node)).toEqual([]);
  });

  it('by 20 hours: its time is not that of what others write, nor is any told that is yet to come', async () => {
    const second = at(nodes, 1);
    await setOff(second, 20 * HOUR);
    await eventually(
      async () =>
        (await second.put('ahead.txt', `${Math.random()}`)).modifiedAt > new Date(Date.now() + HOUR).toISOString(),
    );
    const theirs = await listed(first, 'ahead.txt');
    expect(Date.parse(theirs.modifiedAt)).toBeLessThanOrEqual(Date.now());
    const edited = await first.put('ahead.txt', 'edited');
    const other = await first.put('other.txt', 'other');
    for (const file of [edited, other]) {
      expect(Date.parse(file.modifiedAt)).toBeLessThanOrEqual(Date.now());
      const { modified, date } = await lastModified(first, file);
      expect(modified).toBeLessThanOrEqual(date);
    }
  });

  it('by days, one of two: both write, and what waits for its time is adopted', async () => {
    const second = at(nodes, 1);
    await setOff(second, 100 * HOUR);
    for (const node of nodes) {
      await eventually(async () => (await clockOf(node))?.ok === false, {
        what: `${node.name} tells`,
      });
    }
    await second.put('waits.txt', 'waits');
    await first.put('goes-on.txt', 'goes on');
    const waiting = () => first.json<VoidVersionList>('/void-versions');
    await eventually(async () => (await waiting()).total > 0, { what: 'it is listed' });
    const [version] = (await waiting()).items;
    expect(version).toMatchObject({ path: 'waits.txt', reason: 'future' });
    const adopted = await first.fetch(`/void-versions/${version!.version}/adopt`, { method: 'POST' });
    expect(adopted.status).toBeLessThan(300);
    await setOff(second, 0);
    for (const node of nodes) {
      await eventually(async () => (await clockOf(node))?.ok, { what: `${node.name} is well` });
      expect(String(await bytesOf(node, await listed(node, 'waits.txt')))).toBe('waits');
      expect(await toldDeleted(node)).toEqual([]);
    }
    await second.put('again.txt', 'again');
    await listed(first, 'again.txt');
    await expectSound(nodes);
  });
});
