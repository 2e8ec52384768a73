import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { selfSigned } from './limits/certificate.mjs';
import { Figures } from './figures.mjs';
import { bytesWritten, descendants, machineTime, median, memory, processorTime, quantile } from './measure.mjs';
import { ROWS, worksOf } from './plan.mjs';
import { page, text } from './report.mjs';
import { rowsOf } from './rows.mjs';

const WRITTEN = 65_536;

describe('quantiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it('name the smallest value that the share does not exceed', () => {
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 1)).toBe(100);
    expect(quantile([7], 0.01)).toBe(7);
    expect(median([3, 1, 2])).toBe(2);
  });

  it('refuse nothing', () => expect(() => quantile([], 0.5)).toThrow('nothing was measured'));
});

(process.platform === 'linux' ? describe : describe.skip)('what the system knows of a process', () => {
  it('memory now is at most memory at its peak', async () => {
    const { now, peak } = await memory(process.pid);
    expect(now).toBeGreaterThan(1024 * 1024);
    expect(peak).toBeGreaterThanOrEqual(now);
  });

  it('processor time is between what it says before and after', async () => {
    const says = `
      for (let i = 0, end = performance.now() + 50; performance.now() < end; i++) JSON.stringify({ i });
      process.stdin.on('data', () => { const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6); });`;
    const child = spawn(process.execPath, ['-e', says], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const own = async (): Promise<number> => {
        child.stdin.write('and now?');
        return Number(String(((await once(child.stdout, 'data')) as [Buffer])[0]));
      };
      const before = await own();
      const { all, main } = await processorTime(Number(child.pid));
      const after = await own();
      // The system counts in hundredths of a second.
      expect(all).toBeGreaterThan(before - 0.05);
      expect(all).toBeLessThan(after + 0.05);
      expect(main).toBeGreaterThan(0);
      expect(main).toBeLessThanOrEqual(all + 0.05);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('the time of the machine only grows', async () => {
    const before = await machineTime();
    await delay(100);
    const after = await machineTime();
    expect(after.idle).toBeGreaterThanOrEqual(before.idle);
    expect(after.busy).toBeGreaterThanOrEqual(before.busy);
    expect(after.busy + after.idle).toBeGreaterThan(before.busy + before.idle);
  });

  it('those that it started, and those that they started', async () => {
    const shell = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [said] = (await once(shell.stdout, 'data')) as [Buffer];
      const sleeper = Number(String(said));
      expect(await descendants(process.pid)).toEqual(expect.arrayContaining([shell.pid, sleeper]));
      expect(await descendants(Number(shell.pid))).toEqual([sleeper]);
      process.kill(sleeper, 'SIGKILL');
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it('bytes that went to a disk, those of processes that it started too', async () => {
    const folder = fileURLToPath(new URL('../../artifacts/', import.meta.url));
    await mkdir(folder, { recursive: true });
    const file = join(folder, `written-${process.pid}`);
    const tee = spawn('tee', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const before = await bytesWritten(process.pid);
      tee.stdin.write(Buffer.alloc(WRITTEN, 'x'));
      let copied = 0;
      for await (const part of tee.stdout) if ((copied += (part as Buffer).length) === WRITTEN) break;
      expect((await bytesWritten(process.pid)) - before).toBeGreaterThanOrEqual(WRITTEN);
    } finally {
      tee.kill('SIGKILL');
      await rm(file, { force: true });
    }
  });
});

it('makes certificates that node:tls takes', async () => {
  const server = createServer(selfSigned(), (socket) => socket.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  let text = '';
  for await (const part of socket) text += String(part);
  server.close();
  expect(text).toBe('hello');
});

const sizes = { bytes: 2 ** 30, small: 10_000, many: 100_000, listed: 100_000, scanned: 1_000_000, samples: 70 };
const cost = (all: number, others = 0) => ({
  peak: 2 ** 28,
  lag: 12,
  seconds: 10,
  idle: 0,
  others,
  written: 2 ** 30,
  processor: [all / 4, (3 * all) / 4].map((each) => ({ all: each, main: 0, collector: 0, disk: 0, hash: 0 })),
  pids: [7, 8],
  children: [[], []],
  window: { from: 0, until: 1e7 },
});

function measured(speeds: { tlsToFile: number; ours: number; syncthing?: number }): Figures {
  const figures = new Figures();
  figures.add('tmpfs.limit', { tlsToFile: { value: speeds.tlsToFile } });
  for (const value of [speeds.ours - 10, speeds.ours, speeds.ours * 2]) {
    figures.add('tmpfs.put', { ours: { value, cost: cost(value === speeds.ours ? 8 : 20, 0.02) } });
  }
  if (speeds.syncthing) figures.add('tmpfs.large', { syncthing: { value: speeds.syncthing, cost: cost(7, 0.3) } });
  return figures;
}

describe('rows', () => {
  const put = (figures: Figures) => rowsOf(figures, sizes).find(({ work }) => work.includes('put into A'));
  const spent = (figures: Figures) => rowsOf(figures, sizes).find(({ work }) => work.includes('processor time'));

  it('are medians, held against what ran in the same run', () => {
    const row = put(measured({ tlsToFile: 500, ours: 79, syncthing: 100 }));
    expect(row).toMatchObject({ ours: 79, beside: 100, goal: '≥ 0.8 of it', met: false, itsProcessor: 7 });
    expect(put(measured({ tlsToFile: 500, ours: 80, syncthing: 100 }))?.met).toBe(true);
  });

  it('aim at less where the disk is not the limit', () => {
    expect(put(measured({ tlsToFile: 700, ours: 50, syncthing: 100 }))).toMatchObject({
      goal: '≥ 0.5 of it',
      met: true,
    });
  });

  it('tell processor time for each GiB', () => {
    const halves = { ...sizes, bytes: 2 ** 29 };
    const figures = measured({ tlsToFile: 500, ours: 79, syncthing: 100 });
    expect(rowsOf(figures, halves).find(({ work }) => work.includes('processor time'))).toMatchObject({
      ours: 40,
      beside: 14,
      goal: '≤ 10',
      met: false,
    });
    expect(spent(figures)?.ours).toBe(20);
  });

  it('say how much of the machine others took, at worst', () => {
    expect(put(measured({ tlsToFile: 500, ours: 79, syncthing: 100 }))?.others).toBe(0.3);
    expect(put(measured({ tlsToFile: 500, ours: 79 }))?.others).toBe(0.02);
  });

  it('have no goal of a share where nothing stands beside them', () => {
    expect(put(measured({ tlsToFile: 500, ours: 79 }))).toMatchObject({ beside: undefined, goal: '', met: false });
  });

  it('leave out what was not measured', () => expect(rowsOf(new Figures(), sizes)).toEqual([]));

  it('say what limits each', () => {
    const rows = rowsOf(measured({ tlsToFile: 500, ours: 79, syncthing: 100 }), sizes);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.filter(({ why }) => why === '').map(({ work }) => work)).toEqual([]);
  });

  it('of memory say what held it, where they are not met', () => {
    const figures = new Figures();
    const [met, unmet] = [200, 310].map((value) => value * 2 ** 20);
    figures.add('disk.list', { resident: { value: met!, note: 'V8 100 MiB.' } });
    figures.add('disk.list', { residentOneByOne: { value: unmet!, note: 'V8 139 MiB.' } });
    const rows = rowsOf(figures, sizes);
    const none = { versions: {}, warnings: [], growth: [], profiles: new Map<string, string>() };
    const run = { figures, rows, sizes, rounds: 1, diskIs: 'ext4', ...none };
    expect(page(run)).toContain('V8 139 MiB.');
    expect(page(run)).not.toContain('V8 100 MiB.');
    expect(text(run, () => '')).toContain('10,000 more one by one: V8 139 MiB.');
  });

  it('stand in the page and on the terminal, with a word of what is not met and of a busy machine', () => {
    const figures = measured({ tlsToFile: 500, ours: 79, syncthing: 100 });
    const rows = rowsOf(figures, sizes);
    const versions = { Syncthing: 'v1' };
    const unmet = rows.find(({ goal, met }) => goal !== '' && !met)?.work ?? '';
    const profiles = new Map([[unmet, 'A 4.00 s: main thread 2.00.']]);
    const warnings = ['It was busy.'];
    const run = { figures, rows, sizes, rounds: 3, diskIs: 'ext4', versions, warnings, growth: [], profiles };
    const written = page(run);
    expect(written).toContain(
      `| ${unmet} | ${rows.find(({ work }) => work === unmet)?.why} | A 4.00 s: main thread 2.00. |`,
    );
    expect(written).toContain('**It was busy.**');
    expect(written).toContain('3 rounds');
    expect(written).toMatch(/put into A by HTTP.*\| 79 \|.*30 % \(!\)/);
    expect(text(run, (_, cells) => cells.map((row) => row.join(' ')).join('\n'))).toContain('tmpfs.put.ours A 10.00');
  });
});

describe('the works of a round', () => {
  const asked = {
    medium: 'disk' as const,
    isFirst: false,
    round: 1,
    isQuick: false,
    rivals: new Set(['syncthing', 'aria2']),
  };
  const names = (more: Partial<Parameters<typeof worksOf>[0]>) =>
    worksOf({ ...asked, ...more }).map(({ doing }) => doing);

  it('put another program right after ours', () => {
    const all = names({ medium: 'tmpfs' });
    expect(all[all.indexOf('a large file, put until held') + 1]).toBe('a large file, Syncthing');
  });

  it('are without programs that are not installed', () => {
    expect(names({ rivals: new Set() }).filter((doing) => /Syncthing|aria2/.test(doing))).toEqual([]);
  });

  it('are fewer after the first round', () => {
    expect(names({}).length).toBeGreaterThan(names({ round: 2 }).length);
    expect(names({ round: 2 })).toContain('a large file, put until held');
  });

  it('are those of a row, with all that stands beside it', () => {
    expect(names({ only: ['put'] })).toEqual([
      'the limits of the file system',
      'a large file, put until held',
      'a large file, Syncthing',
    ]);
    for (const row of ROWS) expect(names({ only: [row], isFirst: true }).length).toBeGreaterThan(0);
  });
});
