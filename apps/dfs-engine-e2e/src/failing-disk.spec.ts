import { randomBytes } from 'node:crypto';
import type { EventPage, FileInfo, Health, Problem } from '@dfs/contracts';
import {
  connected,
  DiskFaults,
  eventually,
  isLong,
  removeAll,
  startEngine,
  type DiskFault,
  type Engine,
} from '@dfs/testing';
import { at, bytesOf, listed } from './steps.js';

const PACKS = '*/chunks/packs/*';

async function health(node: Engine): Promise<Health> {
  return (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
}

/** Waits until this check is as it should be. A warning must come within 30 s: health looks every ten. */
async function checkIs(node: Engine, name: string, ok: boolean, detail = /./): Promise<void> {
  await eventually(
    async () => {
      const found = (await health(node)).checks.find((check) => check.name === name);
      return found?.ok === ok && detail.test(found.detail);
    },
    { poll: 200, what: `${name} ${ok ? 'well' : 'not well'} in the health of ${node.name}` },
  );
}

async function warned(node: Engine, code: string, active: boolean): Promise<void> {
  await eventually(
    async () => {
      const { items } = await node.json<EventPage>('/events?after=0');
      const all = items.filter(({ type, data }) => type === 'node.warning' && 'code' in data && data.code === code);
      const last = all.at(-1)?.data as { active: boolean } | undefined;
      return last?.active === active;
    },
    { poll: 500, what: `a warning ${code} that is ${active ? 'on' : 'over'} at ${node.name}` },
  );
}

async function refusal(answer: Response): Promise<Problem> {
  return (await answer.json()) as Problem;
}

describe('a node alone, on a disk that fails', () => {
  let faults: DiskFaults;
  let node: Engine;
  let file: FileInfo;
  const bytes = randomBytes(3_000_000);
  beforeAll(async () => {
    faults = await DiskFaults.make();
    node = await startEngine({ name: 'alone', env: faults.env });
    file = await node.put('kept', bytes);
  });
  afterEach(() => faults.clear());
  afterAll(async () => {
    await node?.remove();
    await faults?.[Symbol.asyncDispose]();
  });

  async function expectWhole(): Promise<void> {
    expect(Buffer.compare(await bytesOf(node, file), bytes)).toBe(0);
    expect(node.log()).not.toContain('a chunk is damaged');
  }

  it.each<[string, Omit<DiskFault, 'calls' | 'path'>]>([
    ['one read that fails', { fate: 'EIO', times: 1 }],
    ['one bit that flips on the way', { fate: 'flip', times: 1 }],
    ['wrong bytes in the page cache', { fate: 'flip-cached' }],
  ])('does not lose the only copy by %s', async (_, fault) => {
    await faults.set({ calls: ['read'], path: PACKS, ...fault });
    await expectWhole();
    await faults.hit();
  });

  it('tells of packs that cannot be opened, and reads them again once they can', async () => {
    await node.stop();
    await node.start();
    await faults.set({ calls: ['open'], path: PACKS, fate: 'EACCES' });
    const answer = await node.fetch(`/files/${file.id}/content`);
    expect(answer.status).toBe(503);
    expect(await refusal(answer)).toMatchObject({
      code: 'content-unavailable',
      detail: expect.stringMatching(/cannot be read on this node/),
    });
    await checkIs(node, 'disk', false, /cannot be read \(EACCES\)/);
    await warned(node, 'chunk-unreadable', true);
    await faults.clear();
    await checkIs(node, 'disk', true);
    await warned(node, 'chunk-unreadable', false);
    await expectWhole();
  });

  it.each([
    ['EDQUOT', 507, 'no-space'],
    ['EIO', 503, 'disk-failed'],
    ['EROFS', 503, 'disk-failed'],
  ] as const)('says that it cannot write for %s, and writes again once it can', async (fate, status, code) => {
    await faults.set({ calls: ['write', 'sync', 'truncate'], path: '*/chunks/*', fate });
    const upload = (): Promise<Response> =>
      node.fetch(`/files/content?path=${fate}`, { method: 'PUT', body: randomBytes(50_000) });
    const answer = await upload();
    expect(answer.status).toBe(status);
    expect(await refusal(answer)).toMatchObject({ code });
    await checkIs(node, 'disk', false, /nothing can be written/);
    if (fate === 'EDQUOT') await warned(node, 'disk-failed', true);
    await faults.clear();
    await checkIs(node, 'disk', true);
    if (fate === 'EDQUOT') await warned(node, 'disk-failed', false);
    expect((await upload()).status).toBe(201);
  });

  // The limit of time runs out in earnest.
  (isLong ? it : it.skip)(
    'refuses uploads while its disk does not answer to writes, and takes them again once it does',
    async () => {
      await faults.set({ calls: ['sync'], path: '*/chunks/*', fate: 'hang' });
      const uploads = Array.from({ length: 6 }, (_, n) =>
        node.fetch(`/files/content?path=hung${n}`, { method: 'PUT', body: randomBytes(3_000_000) }),
      );
      for (const answer of await Promise.all(uploads)) {
        expect(answer.status).toBe(503);
        expect(await refusal(answer)).toMatchObject({
          code: 'disk-failed',
          detail: expect.stringMatching(/not answer/),
        });
      }
      await checkIs(node, 'disk', false, /nothing can be written/);
      await expectWhole();
      await faults.clear();
      await checkIs(node, 'disk', true);
      const again = await node.fetch('/files/content?path=hung0', { method: 'PUT', body: randomBytes(3_000_000) });
      expect(again.status).toBe(201);
    },
  );

  it.each([
    ['EIO', 503, 'disk-failed'],
    ['EDQUOT', 507, 'no-space'],
  ] as const)('says so of the database for %s too', async (fate, status, code) => {
    const other = await node.put(`database ${fate}`, randomBytes(100));
    await faults.set({ calls: ['write', 'sync', 'truncate'], path: '*/dfs.sqlite*', fate });
    const remove = (): Promise<Response> => node.fetch(`/files/${other.id}`, { method: 'DELETE' });
    const answer = await remove();
    expect(answer.status).toBe(status);
    expect(await refusal(answer)).toMatchObject({ code });
    await checkIs(node, 'database', false, /Nothing can be written/);
    await faults.clear();
    await eventually(async () => (await remove()).status === 204);
    await checkIs(node, 'database', true);
  });

  it('keeps what reads as damaged, over restarts, until it reads well', async () => {
    await faults.set({ calls: ['read'], path: PACKS, fate: 'EIO' });
    const answer = await node.fetch(`/files/${file.id}/content`);
    expect(answer.status).toBe(503);
    expect(await refusal(answer)).toMatchObject({ detail: expect.stringMatching(/is damaged on this node/) });
    await checkIs(node, 'chunks', false, /No other member can heal them: check the disk/);
    await node.stop();
    await node.start();
    expect((await node.fetch(`/files/${file.id}/content`)).status).toBe(503);
    await faults.clear();
    // A reader that comes while the one before gives up is refused with it.
    const reads = async () => (await node.fetch(`/files/${file.id}/content`)).status === 200;
    await eventually(reads, { what: 'the file that reads well' });
    expect(Buffer.compare(await bytesOf(node, file), bytes)).toBe(0);
    await checkIs(node, 'chunks', true);
    await eventually(async () => (await node.file(file.id)).replication.copies === 1);
  });
});

describe('a node whose disk fails, among others', () => {
  let faults: DiskFaults;
  let nodes: Engine[] = [];
  let file: FileInfo;
  const bytes = randomBytes(3_000_000);
  beforeAll(async () => {
    faults = await DiskFaults.make();
    const well = await startEngine({ name: 'well' });
    nodes = [well];
    nodes.push(await startEngine({ name: 'failing', env: faults.env, join: await well.invite() }));
    await connected(nodes);
    file = await well.put('both', bytes);
    await listed(at(nodes, 1), 'both');
    await eventually(async () => (await well.file(file.id)).replication.copies === 2);
  });
  afterEach(() => faults.clear());
  afterAll(async () => {
    await removeAll(nodes);
    await faults?.[Symbol.asyncDispose]();
  });

  it('answers from them where its own packs cannot be opened', async () => {
    const failing = at(nodes, 1);
    await failing.stop();
    await failing.start();
    await connected(nodes);
    await faults.set({ calls: ['open'], path: PACKS, fate: 'EACCES' });
    expect(Buffer.compare(await bytesOf(failing, file), bytes)).toBe(0);
    await checkIs(failing, 'disk', false);
    expect((await failing.node()).files.count).toBe(1);
    await faults.clear();
    await checkIs(failing, 'disk', true);
  });

  it('answers from them where its disk does not answer, and ends when it is told to', async () => {
    const failing = at(nodes, 1);
    await faults.set({ calls: ['read'], path: PACKS, fate: 'hang' });
    const all = await Promise.all(Array.from({ length: 6 }, () => bytesOf(failing, file)));
    for (const each of all) expect(Buffer.compare(each, bytes)).toBe(0);
    expect((await faults.hits()).length).toBeGreaterThan(0);
    await checkIs(failing, 'disk', false, /does not answer|ETIMEDOUT/);
    // The database, and all else, has threads left.
    expect((await failing.put('meanwhile', randomBytes(1000))).path).toBe('meanwhile');
    process.kill(failing.pid, 'SIGTERM');
    await eventually(() => !failing.running, {
      what: 'the end of a node whose disk does not answer',
    });
    await faults.clear();
    await failing.start();
    await connected(nodes);
    expect(Buffer.compare(await bytesOf(failing, file), bytes)).toBe(0);
  });
});
