import { execFile } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { seededRandom, tempDir } from '@dfs/testing';
import { commonFolder, zipNames } from './names.js';
import { Zip, type ZipEntry } from './zip.js';

/** Checksums as yazl computes them. */
const crc32 = createRequire(createRequire(import.meta.url).resolve('yazl'))('buffer-crc32') as {
  unsigned: (bytes: Uint8Array, before?: number) => number;
};
const GiB = 2 ** 30;
// A zip has the time of the clock on the wall.
const TIME = new Date(2024, 1, 29, 12, 34, 56).getTime();

/** Python reads a zip and tells of each entry its name, size, mode, time and, where it is whole, a checksum that is right. */
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
async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts);
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

  it('of 4 GiB and more says so in the form for that', async () => {
    await using dir = await tempDir('dfs-zip-');
    const sizes = [3, 4 * GiB, 4];
    const zip = new Zip(['first', 'large', 'behind'].map((name, n) => entry(name, sizes[n]!)));
    const path = dir.file('large.zip');
    await using file = await open(path, 'w');
    const hole = Buffer.alloc(2 ** 20);
    async function* holes(size: number): AsyncGenerator<Uint8Array> {
      for (let left = size; left > 0; left -= hole.length) yield hole.subarray(0, Math.min(left, hole.length));
    }
    // Its bytes are a hole in the file, and their checksum, which takes half a minute, is not looked at.
    const { unsigned } = crc32;
    let checksums = 0;
    // A mock would keep all that it was called with.
    crc32.unsigned = () => (checksums++, 0);
    let at = 0;
    try {
      for await (const bytes of zip.stream((index) => holes(sizes[index]!))) {
        if (bytes.length < hole.length) await file.write(bytes, 0, bytes.length, at);
        at += bytes.length;
      }
    } finally {
      crc32.unsigned = unsigned;
    }
    expect(checksums).toBeGreaterThanOrEqual((4 * GiB) / hole.length);
    expect(at).toBe(zip.bytes);
    await file.truncate(at);
    await file.sync();
    const read = await readByPython(path, false);
    expect(read.map(([name, size]) => [name, size])).toEqual([
      ['first', 3],
      ['large', 4 * GiB],
      ['behind', 4],
    ]);
    expect(read[2]![4]).toBeGreaterThan(4 * GiB);
  });

  it.each([100, 1000])('of %d files has the length that was told', async (count) => {
    await using dir = await tempDir('dfs-zip-');
    const entries = Array.from({ length: count }, (_, n) => entry(`${n}/${'long name '.repeat(5)}`, n % 2));
    const zip = new Zip(entries);
    const parts = await all(zip.stream((index) => once(Buffer.from('x'.repeat(index % 2)))));
    expect(parts).toHaveLength(zip.bytes);
    const path = dir.file('many.zip');
    await writeFile(path, parts);
    expect(await readByPython(path)).toHaveLength(count);
  });

  it('takes times that it has no room for', async () => {
    await using dir = await tempDir('dfs-zip-');
    const times = [-1e15, -1000, 1e14, Number.MAX_SAFE_INTEGER];
    const path = dir.file('times.zip');
    const zip = new Zip(times.map((time, n) => entry(String(n), 0, { time })));
    await writeFile(path, await all(zip.stream(() => once(Buffer.alloc(0)))));
    expect((await readByPython(path)).map((read) => read[3][0])).toEqual([1980, 1980, 2107, 2107]);
  });

  it('reads one entry after the other, no further than its reader', async () => {
    const size = 50 * 2 ** 20;
    let given = 0;
    const opened: number[] = [];
    let closed = 0;
    async function* counted(index: number): AsyncGenerator<Uint8Array> {
      opened.push(index);
      // The memory of a piece is used again for the next one.
      const piece = Buffer.alloc(2 ** 16);
      try {
        for (let n = 0; n < size / piece.length; n++) {
          given += piece.length;
          yield piece.fill(n);
        }
      } finally {
        closed++;
      }
    }
    const zip = new Zip([entry('a', size), entry('b', size), entry('c', size)]);
    let taken = 0;
    for await (const bytes of zip.stream(counted)) {
      if (bytes.length === 2 ** 16) {
        const value = ((taken / 2 ** 16) % (size / 2 ** 16)) % 256;
        expect([bytes[0], bytes.at(-1)]).toEqual([value, value]);
        taken += bytes.length;
      }
      expect(given - taken).toBeLessThan(2 * 2 ** 20);
      if (taken > 1.5 * size) break;
    }
    // Also the one in the middle of which it went away.
    expect([opened, closed]).toEqual([[0, 1], 2]);
  });

  it('is cut where an entry has another length than was told', async () => {
    const zip = new Zip([entry('a', 5)]);
    await expect(all(zip.stream(() => once(Buffer.from('four'))))).rejects.toThrow('unexpected number of bytes');
  });

  it('is cut where an entry cannot be read', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('fo');
      throw new Error('gone');
    }
    const read: number[] = [];
    const zip = new Zip([entry('a', 4), entry('b', 4), entry('c', 4)]);
    const bytes = zip.stream((index) => {
      read.push(index);
      return index === 1 ? broken() : once(Buffer.from('four'));
    });
    await expect(all(bytes)).rejects.toThrow('gone');
    expect(read).toEqual([0, 1]);
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
