import 'reflect-metadata';
import type { InviteInfo, Settings } from '@dfs/contracts';
import { eventually, tempDir } from '@dfs/testing';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

describe('settings', () => {
  const nodes: TestNode[] = [];
  afterAll(async () => {
    for (const node of nodes) await node.remove();
  });

  const patch = (node: TestNode, json: object): Promise<Answer> => node.api('/settings', { method: 'PATCH', json });
  const period = async (node: TestNode): Promise<number> =>
    (await node.api('/settings')).json<Settings>().syncPeriodSeconds;

  it('sync period: is set by an owner, within its bounds, and is the same on another node', async () => {
    const owner = await startTestNode();
    nodes.push(owner);
    const { ticket } = (await owner.api('/network/invites', { method: 'POST', json: {} })).json<InviteInfo>();
    const member = await startTestNode({ DFS_JOIN: ticket });
    nodes.push(member);
    await eventually(async () => (await period(member)) === 60, { what: 'the setting that a network begins with' });
    const changed = await patch(owner, { syncPeriodSeconds: 20 });
    expect([changed.status, changed.json<Settings>().syncPeriodSeconds]).toEqual([200, 20]);
    await eventually(async () => (await period(member)) === 20, { deadline: 10_000, what: 'the setting elsewhere' });

    const refused = await patch(member, { syncPeriodSeconds: 30 });
    expect([refused.status, refused.problem.code]).toEqual([403, 'not-an-owner']);
    for (const wrong of [0, 61, 1.5, -5, '20']) {
      const { status, problem } = await patch(owner, { syncPeriodSeconds: wrong });
      expect([wrong, status, problem.errors?.[0]?.field]).toEqual([wrong, 400, 'syncPeriodSeconds']);
    }
    expect((await patch(owner, { syncPeriodSeconds: 61 })).problem.errors?.[0]?.detail).toContain('at most 60 seconds');
    expect(await period(owner)).toBe(20);
  });

  it.each(['name', 'networkName'])('%s shows something, and nothing that controls', async (field) => {
    const node = await startTestNode();
    nodes.push(node);
    const before = (await node.api('/settings')).json();
    for (const wrong of ['', '  ', 'a\nb', '\u202Eabc', 'x'.repeat(65)]) {
      expect((await patch(node, { [field]: wrong })).problem).toMatchObject({ status: 400, errors: [{ field }] });
    }
    expect((await node.api('/settings')).json()).toEqual(before);
    expect((await patch(node, { [field]: 'Büro 2' })).json()).toEqual({ ...before, [field]: 'Büro 2' });
  });
});

describe('the limits of transfers, a setting of the node', () => {
  it('are none at first, are set each by itself, last, and are taken away', async () => {
    await using dir = await tempDir();
    const limits = async (node: TestNode): Promise<Settings['limits']> =>
      (await node.api('/settings')).json<Settings>().limits;
    const patch = (node: TestNode, json: unknown): Promise<Answer> =>
      node.api('/settings', { method: 'PATCH', json: { limits: json } });
    const first = await startTestNode({ DFS_DATA_DIR: dir.file('data') });
    expect(await limits(first)).toEqual({ uploadBytesPerSecond: null, downloadBytesPerSecond: null });
    const changed = await patch(first, { uploadBytesPerSecond: 1_000_000 });
    expect([changed.status, changed.json<Settings>().limits]).toEqual([
      200,
      { uploadBytesPerSecond: 1_000_000, downloadBytesPerSecond: null },
    ]);
    await patch(first, { downloadBytesPerSecond: 2_000_000 });
    await first.remove();

    const again = await startTestNode({ DFS_DATA_DIR: dir.file('data') });
    expect(await limits(again)).toEqual({ uploadBytesPerSecond: 1_000_000, downloadBytesPerSecond: 2_000_000 });
    for (const [wrong, field] of [
      [{ uploadBytesPerSecond: 65_535 }, 'limits.uploadBytesPerSecond'],
      [{ uploadBytesPerSecond: 0 }, 'limits.uploadBytesPerSecond'],
      [{ downloadBytesPerSecond: 1e6 + 0.5 }, 'limits.downloadBytesPerSecond'],
      [{ downloadBytesPerSecond: '1000000' }, 'limits.downloadBytesPerSecond'],
      [{ upload: 1_000_000 }, 'limits.upload'],
      [1_000_000, 'limits'],
      [[1_000_000], 'limits'],
    ] as const) {
      const { status, problem } = await patch(again, wrong);
      expect([wrong, status, problem.errors?.[0]?.field]).toEqual([wrong, 400, field]);
    }
    await patch(again, { uploadBytesPerSecond: null });
    expect(await limits(again)).toEqual({ uploadBytesPerSecond: null, downloadBytesPerSecond: 2_000_000 });
    await again.remove();
  });
});
