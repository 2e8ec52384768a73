import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { claimSubnet, netnsUnavailable, NetnsLan, type NetnsHost } from './netns.js';
import { unless } from './unless.js';
import { eventually } from './wait.js';

const ECHO = `require('node:net').createServer((s) => s.pipe(s)).listen(7000, process.argv[1], () => console.log('up'))`;
/** Connects, says a word and prints what comes back; ends with 1 when nothing does. */
const ASK = `const s = require('node:net').connect({ host: process.argv[1], port: 7000 }, () => s.write('hello'));
s.once('data', (d) => { console.log(String(d)); process.exit(0); }); s.once('error', () => process.exit(1));
setTimeout(() => process.exit(1), Number(process.argv[2]));`;

unless(await netnsUnavailable(), describe)('hosts of their own', () => {
  const reaches = async (from: NetnsHost, address: string, patience = 120_000): Promise<boolean> => {
    const [program = '', ...rest] = from.exec;
    const child = spawn(program, [...rest, process.execPath, '-e', ASK, address, String(patience)]);
    const [code] = (await once(child, 'exit')) as [number];
    return code === 0;
  };

  it('reach each other until they are parted, and again when that is over; the test reaches them always', async () => {
    await using lan = await NetnsLan.create(3);
    const servers = [0, 1].map((index) => {
      const { exec, address } = lan.host(index);
      const [program = '', ...rest] = exec;
      return spawn(program, [...rest, process.execPath, '-e', ECHO, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    });
    try {
      for (const server of servers) await once(server.stdout, 'data');
      expect(await reaches(lan.host(0), lan.host(1).address)).toBe(true);
      await lan.partition([[0, 2], [1]]);
      expect(await reaches(lan.host(0), lan.host(1).address, 500)).toBe(false);
      expect(await reaches(lan.host(2), lan.host(0).address)).toBe(true);
      await lan.heal();
      expect(await reaches(lan.host(0), lan.host(1).address)).toBe(true);
      await lan.link(1, 'down');
      expect(await reaches(lan.host(0), lan.host(1).address, 500)).toBe(false);
      await lan.link(1, 'up');
      await eventually(() => reaches(lan.host(2), lan.host(1).address), { what: 'the link is up' });
      expect(await reaches(lan.host(0), lan.host(1).control, 500)).toBe(false);
      expect((await lan.traffic(1)).sent).toBeGreaterThan(0);
    } finally {
      for (const server of servers) server.kill('SIGKILL');
    }
  });

  it('are on a network of their own, also where two tests look for one at the same time', async () => {
    const claimed = await Promise.all([claimSubnet(7), claimSubnet(7)]);
    try {
      expect(new Set(claimed.map(({ subnet }) => subnet)).size).toBe(2);
    } finally {
      for (const { claim } of claimed) await rm(claim);
    }
  });

  it('have links as slow as was said', async () => {
    const bytes = 4 * 1024 * 1024;
    await using lan = await NetnsLan.create(2, { rateBytesPerSecond: bytes });
    const { exec, address } = lan.host(1);
    const [program = '', ...rest] = exec;
    const source = `require('node:net').createServer((s) => s.end(Buffer.alloc(${bytes}))).listen(7000, process.argv[1],
      () => console.log('up'))`;
    const sink = `const b = performance.now(); let n = 0; require('node:net').connect({ host: process.argv[1], port: 7000 })
      .on('data', (d) => (n += d.length)).on('end', () => console.log(n, performance.now() - b))`;
    const server = spawn(program, [...rest, process.execPath, '-e', source, address]);
    try {
      await once(server.stdout, 'data');
      const [ask = '', ...more] = lan.host(0).exec;
      const client = spawn(ask, [...more, process.execPath, '-e', sink, address]);
      const [printed] = (await once(client.stdout, 'data')) as [Buffer];
      const [received, took] = printed.toString().split(' ').map(Number) as [number, number];
      expect(received).toBe(bytes);
      // A second, less what passes at once; no bound above: the machine may be busy.
      expect(took).toBeGreaterThan(600);
    } finally {
      server.kill('SIGKILL');
    }
  });
});
