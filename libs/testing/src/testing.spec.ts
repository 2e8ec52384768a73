import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { claimPort } from './ports.js';
import { seededRandom } from './random.js';
import { realFiles, sha256Hex } from './real-files.js';
import { tempDir } from './temp.js';
import { eventually, fakeClock } from './wait.js';

describe('what specs are made of', () => {
  it('gives the same randomness for the same seed, and another for another', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return [random.next(), random.int(1, 6), ...random.bytes(9)];
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const random = seededRandom(3);
    const rolls = Array.from({ length: 1000 }, () => random.int(1, 6));
    expect(new Set(rolls)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  });

  it('waits until it is so, and says what never was', async () => {
    let looks = 0;
    const seen = await eventually(() => {
      looks++;
      if (looks === 1) throw new Error('not yet');
      return looks >= 3 && looks;
    });
    expect(seen).toBe(3);
    await expect(eventually(() => false, { deadline: 30, what: 'the impossible' })).rejects.toThrow('the impossible');
  });

  it('has a clock that stands still', () => {
    const clock = fakeClock(1000);
    clock.advance(5);
    expect(clock.now()).toBe(1005);
    clock.set(7);
    expect(clock.now()).toBe(7);
  });

  it('removes its folders', async () => {
    const dir = await tempDir();
    await writeFile(dir.file('a'), 'a');
    expect(existsSync(dir.file('a'))).toBe(true);
    await dir.remove();
    expect(existsSync(dir.path)).toBe(false);
  });

  it('finds real files, largest first, and hashes them', async () => {
    const files = await realFiles({ min: 1000, count: 5 });
    expect(files.map(({ size }) => size)).toEqual(files.map(({ size }) => size).sort((a, b) => b - a));
    expect(files.every(({ size }) => size >= 1000)).toBe(true);
    expect(await sha256Hex(Buffer.from('abc'))).toBe(createHash('sha256').update('abc').digest('hex'));
  });

  it('gives each port once, and those alone at which nobody listens', async () => {
    const claims = await Promise.all(Array.from({ length: 50 }, claimPort));
    expect(new Set(claims.map(({ port }) => port)).size).toBe(50);
    for (const { port, release } of claims) {
      const server = createServer().listen(port);
      await once(server, 'listening');
      server.close();
      await release();
    }
  });
});
