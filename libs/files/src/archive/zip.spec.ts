import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { seededRandom, tempDir } from '@dfs/testing';
import { commonFolder, zipNames } from './names.js';
import { Zip, type ZipEntry } from './zip.js';

const GiB = 2 ** 30;
const TIME = Date.UTC(2024, 1, 29, 12, 34, 56);

/** What Python reads of a zip: of each entry its name, size, mode, time and, where it is whole, a checksum that is right. */
const READER = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    if sys.argv[2] == 'test' and z.testzip() is not None: raise SystemExit('damaged')
    print(json.dumps([[i.filename, i.file_size, i.external_attr >> 16, list(i.date_time), i.header_offset] for i in z.infolist()]))
`;
type Read = [name: string, size: number, mode: number, time: number[], offset: number];
async function readByPython(path: string, test = true): Promise<Read[]> {
  const { stdout } = await promisify(execFile)('python3', ['-c', READER, path, test ? 'test' : 'list'], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout) as Read[];
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
const entry = (name: string, size: number, more: Partial<ZipEntry> = {}): ZipEntry => ({
  ...{ name, size, time: TIME, executable: false },
  ...more,
});

describe('a zip', () => {
  it('has the length that was told before, and is what another program reads', async () => {
    await using dir = await tempDir('dfs-zip-');
    const random = seededRandom(3);
    const contents = [0, 1, 5000, 70_000].map((size) => random.bytes(size));
    const entries = contents.map((bytes, n) => entry(`ü ${n}/a.txt`, bytes.length, { executable: n === 2 }));
    const zip = new Zip(entries);
    const path = dir.file('a.zip');
    const file = await open(path, 'w');
    for await (const bytes of zip.stream((index) => once(contents[index]!))) await file.write(bytes);
    expect((await file.stat()).size).toBe(zip.bytes);
    await file.close();
    expect((await readByPython(path)).map((read) => read.slice(0, 4))).toEqual(
      entries.map(({ name, size, executable }) => [
        name,
        size,
        executable ? 0o100755 : 0o100644,
        [2024, 2, 29, 12, 34, 56],
      ]),
    );
  });

  it('of more than 4 GiB says so in the form for that', async () => {
    await using dir = await tempDir('dfs-zip-');
    const zip = new Zip([entry('first', 3), entry('large', 5 * GiB), entry('behind', 4)]);
    const path = dir.file('large.zip');
    const file = await open(path, 'w');
    let at = 0;
    const hole = new Uint8Array(64 * 2 ** 20);
    async function* holes(size: number): AsyncGenerator<Uint8Array> {
      for (let left = size; left > 0; left -= hole.length) yield hole.subarray(0, Math.min(left, hole.length));
    }
    // The bytes of the large one are a hole in the file, and nobody reads them.
    const sizes = [3, 5 * GiB, 4];
    for await (const bytes of zip.stream(
      (index) => holes(sizes[index]!),
      () => 0,
    )) {
      if (bytes.buffer !== hole.buffer) await file.write(bytes, 0, bytes.length, at);
      at += bytes.length;
    }
    expect(at).toBe(zip.bytes);
    await file.truncate(at);
    await file.close();
    const read = await readByPython(path, false);
    expect(read.map(([name, size]) => [name, size])).toEqual([
      ['first', 3],
      ['large', 5 * GiB],
      ['behind', 4],
    ]);
    expect(read[2]![4]).toBeGreaterThan(5 * GiB);
  });

  it('is cut where an entry has another length than was told', async () => {
    const zip = new Zip([entry('a', 5)]);
    const all = async (): Promise<void> => {
      for await (const _ of zip.stream(() => once(Buffer.from('four'))));
    };
    await expect(all()).rejects.toThrow('4 of 5 bytes');
  });

  it('has names for as many paths as it takes, though all of them come to the same', () => {
    const forbidden = '\\:*?"<>|';
    const path = (at: number): string =>
      [...at.toString(8).padStart(6, '0')].map((digit) => forbidden[Number(digit)]).join('');
    const names = zipNames(
      Array.from({ length: 50_000 }, (_, at) => path(at)),
      '',
    );
    expect([new Set(names).size, names[0], names.at(-1)]).toEqual([50_000, '______', '______ (50000)']);
  });

  it('has no name twice, nor one that some system reads as another', () => {
    expect(
      zipNames(['a/b.txt', 'a/B.txt', 'a/c:d?', 'a/nul.txt', 'a/x.', 'a\\b', 'b/.hidden', 'b/.HIDDEN'], ''),
    ).toEqual(['a/b.txt', 'a/B (2).txt', 'a/c_d_', 'a/_nul.txt', 'a/x_', 'a_b', 'b/.hidden', 'b/.HIDDEN (2)']);
    const part = fc.constantFrom('a', 'A', 'a.', 'con', 'a:b', 'a?b', 'a (2)', '..a');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))),
        (paths) => {
          const names = zipNames(paths, '').map((name) => name.toLowerCase());
          expect(new Set(names).size).toBe(names.length);
          for (const name of names) expect(name).not.toMatch(/[\\:*?"<>|]|[ .](\/|$)/);
        },
      ),
    );
    expect(commonFolder(['a/b/c', 'a/b/d/e', 'a/bc'])).toBe('a/');
    expect(commonFolder(['a/b/c', 'a/b/d'])).toBe('a/b/');
    expect(commonFolder(['a', 'b'])).toBe('');
  });
});
