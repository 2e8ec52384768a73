import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { selfSigned } from './certificate.mjs';
import { idleSeconds, median, memory, processorTime, quantile } from './measure.mjs';
import { rowsOf } from './report.mjs';

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

  it('processor time agrees with its own', async () => {
    const { user, system } = process.cpuUsage();
    const { all, main } = await processorTime(process.pid);
    expect(Math.abs(all - (user + system) / 1e6)).toBeLessThan(0.5);
    expect(main).toBeGreaterThan(0);
    expect(main).toBeLessThanOrEqual(all + 0.05);
  });

  it('idle time only grows', async () => {
    const before = await idleSeconds();
    await delay(100);
    expect(await idleSeconds()).toBeGreaterThanOrEqual(before);
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

describe('rows', () => {
  const limits = {
    sha256: 1000,
    copy: 500,
    tcp: 2000,
    tls: 1500,
    tlsToFile: 1000,
    freshMemory: 5000,
    smallFiles: 10_000,
    roundTrip: 0.1,
  };
  const rows = rowsOf(limits, { bytes: 2 ** 30, small: 10_000, runs: 1, costs: [], ingest: 499, put: 400, p50: 8 });
  const row = (start: string) => rows.find(({ work }) => work.startsWith(start));

  it('hold ours against the limit', () => {
    expect(row('1 GiB into')?.met).toBe(false);
    expect(row('1 GiB put')).toMatchObject({ limit: 500, met: true });
    expect(row('A small PUT')?.met).toBe(true);
  });

  it('know what was not measured', () => {
    expect(row('Resident memory, idle')).toMatchObject({ ours: undefined, met: false });
  });

  it('say what limits each', () => {
    expect(rows.filter(({ why }) => why === '').map(({ work }) => work)).toEqual([]);
  });
});
