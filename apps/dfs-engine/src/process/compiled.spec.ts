import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tempDir, type TempDir } from '@dfs/testing';
import { loadCompiled } from './compiled.js';

interface Exports {
  join(...parts: string[]): string;
  place: string;
}

/** A file that requires what it needs, and knows where it lies. */
const SOURCE = `const { join } = require('node:path'); exports.join = (...parts) => join(...parts); exports.place = __filename;`;

describe('a file that is loaded with what an earlier start has compiled', () => {
  let dir: TempDir;
  let file: string;
  let folder: string;
  const kept = () => readdir(folder);
  const load = () => loadCompiled<Exports>(file, folder);

  beforeEach(async () => {
    dir = await tempDir();
    [file, folder] = [dir.file('script.cjs'), dir.file('kept/here')];
    await writeFile(file, SOURCE);
  });
  afterEach(() => dir.remove());

  it('exports the same, with and without', async () => {
    for (const isKept of [false, true]) {
      const loaded = load();
      expect(loaded.isKept).toBe(isKept);
      expect(loaded.exports.join('a', 'b')).toBe('a/b');
      expect(loaded.exports.place).toBe(file);
      loaded.keep();
      expect(await kept()).toHaveLength(1);
    }
  });

  it('takes nothing that belongs to other text, however long that was, and keeps one file alone', async () => {
    load().keep();
    const before = await kept();
    await writeFile(file, SOURCE.replace('(...parts) => join(...parts)', '(...parts) => join("c/d","")'));
    const loaded = load();
    expect(loaded.isKept).toBe(false);
    expect(loaded.exports.join('a', 'b')).toBe('c/d');
    loaded.keep();
    expect(await kept()).toHaveLength(1);
    expect(await kept()).not.toEqual(before);
  });

  it('takes nothing that is damaged, and keeps it anew', async () => {
    load().keep();
    const [name = ''] = await kept();
    const bytes = await readFile(`${folder}/${name}`);
    for (const damaged of [bytes.subarray(0, bytes.length / 2), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
      await writeFile(`${folder}/${name}`, damaged);
      const loaded = load();
      expect(loaded.isKept).toBe(false);
      expect(loaded.exports.join('a', 'b')).toBe('a/b');
      loaded.keep();
      expect(await readFile(`${folder}/${name}`)).not.toEqual(damaged);
      expect(load().isKept).toBe(true);
    }
  });

  it('does without where it cannot be kept', async () => {
    // A file where the folder should be: it stops root too.
    await mkdir(dir.file('kept'));
    await writeFile(folder, '');
    const loaded = load();
    loaded.keep();
    expect(loaded.exports.join('a', 'b')).toBe('a/b');
    expect(load().isKept).toBe(false);
    expect(await readFile(folder, 'utf8')).toBe('');
  });
});
