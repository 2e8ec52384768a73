import 'reflect-metadata';
import { WEEKDAYS, type InviteInfo, type Settings } from '@dfs/contracts';
import { minute, VirtualTime } from '@dfs/runtime';
import { eventually, tempDir } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import { TRANSPORT } from '../modules/transport.module.js';
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
    await eventually(async () => (await period(member)) === 20, { what: 'the setting elsewhere' });

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

describe('a schedule of limits, a setting of the node', () => {
  const all = { days: [...WEEKDAYS], from: '00:00', to: '00:00' };

  it('holds at its times, lasts, and is taken away', async () => {
    await using dir = await tempDir();
    // Wednesday, one minute before nine by the clock of this machine.
    const time = new VirtualTime(new Date(2026, 0, 7, 8, 59).getTime());
    const start = (): Promise<TestNode> =>
      startTestNode({ DFS_DATA_DIR: dir.file('data') }, { clock: time, timers: time });
    const settings = async (node: TestNode): Promise<Settings> => (await node.api('/settings')).json<Settings>();
    const patch = (node: TestNode, json: unknown): Promise<Answer> => node.api('/settings', { method: 'PATCH', json });
    const sends = (node: TestNode): number | undefined => node.node.app.get<Transport>(TRANSPORT).limits().send;

    const first = await start();
    expect(await settings(first)).toMatchObject({ limitSchedule: [], limitsNow: { uploadBytesPerSecond: null } });
    const schedule = [{ days: ['wed'], from: '09:00', to: '10:00', uploadBytesPerSecond: 100_000 }];
    const changed = await patch(first, { limits: { uploadBytesPerSecond: 2_000_000 }, limitSchedule: schedule });
    expect(changed.json()).toMatchObject({
      limits: { uploadBytesPerSecond: 2_000_000 },
      limitSchedule: [{ ...schedule[0], downloadBytesPerSecond: null }],
      limitsNow: { uploadBytesPerSecond: 2_000_000 },
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    expect(sends(first)).toBe(2_000_000);
    time.advance(minute);
    await eventually(() => sends(first) === 100_000, { what: 'the limit of this hour' });
    expect((await settings(first)).limitsNow).toEqual({ uploadBytesPerSecond: 100_000, downloadBytesPerSecond: null });
    await first.remove();

    const again = await start();
    expect(sends(again)).toBe(100_000);
    const passing = { time, step: 10 * minute };
    await eventually(() => sends(again) === 2_000_000, { passing, what: 'the usual limit' });
    expect((await patch(again, { limitSchedule: [{ ...all, uploadBytesPerSecond: 65_536 }] })).status).toBe(200);
    expect(sends(again)).toBe(65_536);
    // An entry can be sent as it was answered.
    const { limitSchedule: answered } = await settings(again);
    expect(answered).toMatchObject([{ uploadBytesPerSecond: 65_536, downloadBytesPerSecond: null }]);
    expect((await patch(again, { limitSchedule: answered })).json<Settings>().limitSchedule).toEqual(answered);
    expect((await patch(again, { limitSchedule: [] })).json<Settings>().limitSchedule).toEqual([]);
    expect(sends(again)).toBe(2_000_000);
    await again.remove();
  });

  it('is refused whole for one wrong entry', async () => {
    const node = await startTestNode();
    for (const [wrong, field] of [
      [{ ...all, days: [] }, 'days'],
      [{ ...all, days: ['mon', 'mon'] }, 'days'],
      [{ ...all, days: ['Montag'] }, 'days'],
      [{ ...all, days: 'mon' }, 'days'],
      [{ ...all, from: '24:00' }, 'from'],
      [{ ...all, to: '7:30' }, 'to'],
      [{ ...all, to: 730 }, 'to'],
      [{ ...all, uploadBytesPerSecond: 1 }, 'uploadBytesPerSecond'],
      [{ ...all, uploadsPerSecond: 1 }, 'uploadsPerSecond'],
    ] as const) {
      const answer = await node.api('/settings', { method: 'PATCH', json: { limitSchedule: [all, wrong] } });
      expect([wrong, answer.status, answer.problem.errors?.[0]?.field]).toEqual([
        wrong,
        400,
        `limitSchedule.1.${field}`,
      ]);
    }
    const many = Array.from({ length: 51 }, () => all);
    for (const wrong of [many, all, 'always']) {
      const answer = await node.api('/settings', { method: 'PATCH', json: { limitSchedule: wrong } });
      expect([answer.status, answer.problem.errors?.[0]?.field]).toEqual([400, 'limitSchedule']);
    }
    expect((await node.api('/settings')).json<Settings>().limitSchedule).toEqual([]);
    await node.remove();
  });
});
