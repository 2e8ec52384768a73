import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isTooOld, tuning } from './runtime-flags.js';

const run = promisify(execFile);

describe('the Node that the engine runs under', () => {
  it.each(['18.20.0', '20.20.2', '22.14.0', '24.0.0', '24.14.9'])('is too old at %s', (version) => {
    expect(isTooOld(version)).toBe(true);
  });

  it.each(['24.15.0', '24.21.0', '25.0.0', '26.1.0'])('will do at %s', (version) => {
    expect(isTooOld(version)).toBe(false);
  });
});

describe('the settings that count from the start of a process', () => {
  it.each(['linux', 'win32'] as const)('are known to this Node, on %s', async (platform) => {
    const { flags, env } = tuning(platform);
    const script = 'console.log(typeof gc)';
    // One that V8 does not know is told of, or ends the process.
    const { stdout, stderr } = await run(process.execPath, [...flags, '-e', script], { env });
    expect(stdout.trim()).toBe('function');
    expect(stderr).toBe('');
  });

  it('keep the heap below three times what is reachable, however much dies', async () => {
    // Of 120 MiB that are kept each mebibyte is replaced many times.
    const script = `
      const mebibyte = (n) => new Array(2 ** 17).fill(n + 0.5);
      const kept = Array.from({ length: 120 }, (_, n) => mebibyte(n));
      let most = 0;
      for (let n = 0; n < 500; n++) {
        kept[n % 4] = mebibyte(n);
        most = Math.max(most, process.memoryUsage().heapTotal);
      }
      console.log(most / 2 ** 20);`;
    const { flags, env } = tuning('linux');
    const { stdout } = await run(process.execPath, [...flags, '-e', script], { env });
    expect(Number(stdout)).toBeLessThan(3 * 120);
  });
});
