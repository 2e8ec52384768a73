import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tempDir, type TempDir } from '@dfs/testing';
import { newest } from './newest.mjs';

describe('the newest of some files', () => {
  let dir: TempDir;
  const at = async (path: string, seconds: number): Promise<void> => utimes(dir.file(path), seconds, seconds);
  beforeEach(async () => {
    dir = await tempDir();
    for (const folder of ['src/deep', 'dist']) await mkdir(dir.file(folder), { recursive: true });
    for (const file of ['package.json', 'src/deep/a.ts', 'dist/a.js']) await writeFile(dir.file(file), file);
    await at('package.json', 100);
    await at('src/deep/a.ts', 200);
    for (const folder of ['src/deep', 'src']) await at(folder, 150);
  });
  afterEach(() => dir.remove());

  it('is what was changed last of a folder, without what a build has left there', () => {
    expect(newest([dir.path])).toBe(200_000);
    expect(newest([dir.file('package.json'), dir.file('src')])).toBe(200_000);
  });

  it('tells of a file that was removed by the folder that it was in', async () => {
    await rm(dir.file('src/deep/a.ts'));
    await at('src/deep', 300);
    expect(newest([dir.path])).toBe(300_000);
  });

  it('is nothing where there is no file', () => {
    expect(newest([dir.file('missing')])).toBe(0);
  });
});
