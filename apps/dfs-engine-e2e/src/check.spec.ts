import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startEngine, type Engine } from '@dfs/testing';
import { bytesOf, check, runToEnd } from './steps.js';

describe('the check of a data directory', () => {
  let node: Engine | undefined;
  afterEach(() => node?.remove());

  it('ends with 2 while the node runs, 0 after it was killed, and 1 once a byte has changed', async () => {
    node = await startEngine({ name: 'checked' });
    const bytes = randomBytes(3_000_000);
    const file = await node.put('kept.bin', bytes);
    const running = await check(node.dataDir);
    expect(running).toMatchObject({ code: 2, out: '' });
    expect(running.err).toContain('A node is running');

    await node.kill();
    const clean = await check(node.dataDir, '--json');
    expect({ code: clean.code, err: clean.err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(clean.out)).toMatchObject({ ok: true, mode: 'full', problems: [] });

    const packs = join(node.dataDir, 'chunks/packs');
    for (const name of await readdir(packs)) {
      const at = (await readFile(join(packs, name))).indexOf(bytes.subarray(1_000_000, 1_000_064));
      if (at < 0) continue;
      const pack = await open(join(packs, name), 'r+');
      await pack.write(Uint8Array.of(bytes[1_000_000]! ^ 1), 0, 1, at);
      await pack.close();
    }
    const hurt = await check(node.dataDir);
    expect({ code: hurt.code, err: hurt.err }).toEqual({ code: 1, err: '' });
    expect(hurt.out).toContain('"kept.bin"');
    expect((await check(node.dataDir, '--quick')).code).toBe(0);

    // The node itself is no worse for having been checked, and gives out no wrong byte.
    await node.start();
    await expect(bytesOf(node, file)).rejects.toThrow();
    expect(await node.put('kept.bin', bytes)).toMatchObject({ contentId: file.contentId });
    expect(Buffer.compare(await bytesOf(node, file), bytes)).toBe(0);
  });

  it('of which the chunks are on a disk that is not mounted says so, and so does the node, in one line', async () => {
    node = await startEngine({ name: 'unmounted' });
    await node.put('kept.bin', randomBytes(1000));
    await node.stop();
    const [chunks, disk] = [join(node.dataDir, 'chunks'), join(node.dataDir, 'disk')];
    await rename(chunks, disk);
    await mkdir(chunks);
    const refused = await runToEnd(node.dataDir);
    expect({ code: refused.code, lines: (refused.out + refused.err).trim().split('\n').length }).toEqual({
      code: 1,
      lines: 1,
    });
    expect(JSON.parse(refused.out + refused.err)).toMatchObject({ msg: expect.stringContaining(chunks) as string });
    expect(await check(node.dataDir)).toMatchObject({ code: 2, err: expect.stringContaining(chunks) as string });
    await rmdir(chunks);
    await rename(disk, chunks);
    await node.start();
    expect((await node.node()).storage.chunks).toBe(1);
  });
});
