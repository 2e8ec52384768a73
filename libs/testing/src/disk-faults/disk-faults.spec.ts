import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { tempDir } from '../temp.js';
import { DiskFaults } from './disk-faults.js';

const run = promisify(execFile);

/** Faults that a process of its own meets: `body` has `fs`, `file` and `say`. */
async function meets(faults: DiskFaults, file: string, body: string): Promise<string> {
  const program = `
    import * as fs from 'node:fs/promises';
    const file = ${JSON.stringify(file)};
    const say = (work) => work.then((value) => console.log(String(value)), (error) => console.log(error.code ?? error.message));
    ${body}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env['PATH'], ...faults.env },
    timeout: 60_000,
  });
  return stdout.trim();
}

describe('a disk that fails on demand', () => {
  it('fails the calls that it was told to, on the paths it was told, as often as it was told', async () => {
    await using faults = await DiskFaults.make();
    await using dir = await tempDir();
    const file = dir.file('some.pack');
    await writeFile(file, 'content');
    await faults.set({ calls: ['read'], path: '*.pack', fate: 'EIO', times: 2 });
    const reads = 'for (let n = 0; n < 3; n++) await say(fs.readFile(file, "latin1"));';
    expect(await meets(faults, file, reads)).toBe('EIO\nEIO\ncontent');
    expect(await faults.hits()).toEqual([`read\t${file}`, `read\t${file}`]);
    await faults.clear();
    expect(await meets(faults, file, reads)).toBe('content\ncontent\ncontent');
    await faults.set(
      { calls: ['open'], path: '*.pack', fate: 'EACCES' },
      { calls: ['sync'], path: '*/x', fate: 'EDQUOT' },
    );
    const more =
      'await say(fs.open(file)); await say(fs.open(file + "/../x", "w").then((x) => x.sync().catch((e) => e.errno)));';
    expect(await meets(faults, file, more)).toBe('EACCES\nENOTDIR');
    const other = `await say(fs.open(${JSON.stringify(dir.file('x'))}, "w").then((x) => x.sync().catch((e) => e.errno)));`;
    expect(await meets(faults, file, other)).toBe('-122');
  });

  it('gives wrong bytes, by way of the page cache alone where that is asked for', async () => {
    await using faults = await DiskFaults.make();
    await using dir = await tempDir();
    const file = dir.file('some.pack');
    await writeFile(file, 'aaaaaaaa');
    await faults.set({ calls: ['read'], path: '*.pack', fate: 'flip' });
    expect(
      await meets(
        faults,
        file,
        'await say(fs.open(file).then(async (x) => (await x.read()).buffer.toString("latin1", 0, 8)));',
      ),
    ).toBe('aaaa`aaa');
    await faults.set({ calls: ['read'], path: '*.pack', fate: 'flip-cached' });
    const direct = `
      const room = new Uint8Array(new ArrayBuffer(4096, { maxByteLength: 4096 }));
      const read = async (flags) => {
        const handle = await fs.open(file, flags);
        await handle.read(room, 0, 4096, 0);
        return Buffer.from(room.subarray(0, 8)).toString('latin1');
      };
      await say(read(fs.constants.O_RDONLY));
      await say(read(fs.constants.O_RDONLY | fs.constants.O_DIRECT));`;
    expect(await meets(faults, file, direct)).toBe('aaaa`aaa\naaaaaaaa');
  });

  it('hangs a call until it is told otherwise, while the process goes on', async () => {
    await using faults = await DiskFaults.make();
    await using dir = await tempDir();
    const file = dir.file('some.pack');
    await writeFile(file, 'content');
    await faults.set({ calls: ['read'], path: '*.pack', fate: 'hang' });
    const answer = meets(faults, file, 'await say(fs.readFile(file, "latin1"));');
    await faults.hit();
    await faults.clear();
    expect(await answer).toBe('content');
  });
});
