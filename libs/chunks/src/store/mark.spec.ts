import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KiB, type DfsError } from '@dfs/protocol';
import { checkStore } from '../check/check-store.js';
import { StoreFixture, blockOf, idsOf } from '../testing/fixture.js';
import { pinnedBytes } from '../testing/inputs.js';
import { MARK_FILE } from './mark.js';

const kept = [blockOf(pinnedBytes('marked', 3 * KiB))];

describe('the mark of a store', () => {
  let fixture: StoreFixture;
  let away: string;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
    away = `${fixture.dir}-away`;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const refusal = (): Promise<DfsError> =>
    fixture.reopen().then(
      () => Promise.reject(new Error('it was opened')),
      (error: DfsError) => error,
    );
  const check = (): Promise<unknown> => checkStore(fixture.db, fixture.dir, { rehash: false, onFinding: () => {} });

  it('is required where chunks are known: nothing is stored in a mount point', async () => {
    await fixture.put(kept);
    await rename(fixture.dir, away);
    await mkdir(fixture.dir);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'not-ready' });
    expect(error.message).toContain(fixture.dir);
    expect(error.message).toMatch(/missing.*Mount the disk/);
    await expect(check()).rejects.toMatchObject({ code: 'not-ready', message: error.message });
    expect(await readdir(fixture.dir)).toEqual([]);

    await rm(fixture.dir, { recursive: true });
    await rename(away, fixture.dir);
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(1);
    expect(fixture.store.damaged()).toEqual([]);
  });

  it('can be made by the command that the refusal names, where the chunks are gone', async () => {
    await fixture.put(kept);
    await rm(fixture.dir, { recursive: true });
    await mkdir(fixture.dir);
    const [, command] = /run: (echo .*") – /.exec((await refusal()).message) ?? [];
    await promisify(execFile)('sh', ['-c', command!]);
    await fixture.reopen();
    expect(fixture.store.damaged()).toEqual(idsOf(kept));
    await fixture.put(kept);
    expect(fixture.store.damaged()).toEqual([]);
    // Now it may be lost again, and is missed again.
    await rm(join(fixture.dir, MARK_FILE));
    expect(await refusal()).toMatchObject({ code: 'not-ready' });
  });

  it('of another store is refused, and one without chunks is marked anew', async () => {
    const mine = await readFile(join(fixture.dir, MARK_FILE), 'utf8');
    expect(mine).toMatch(/^[0-9a-f]{32}\n$/);
    await rm(fixture.dir, { recursive: true });
    await fixture.reopen();
    expect(await readFile(join(fixture.dir, MARK_FILE), 'utf8')).toBe(mine);
    await using other = await StoreFixture.open();
    await fixture.put(kept);
    await rename(fixture.dir, away);
    await cp(other.dir, fixture.dir, { recursive: true });
    expect((await refusal()).message).toMatch(/that of another/);
    await rm(fixture.dir, { recursive: true });
    await rename(away, fixture.dir);
    await fixture.reopen();
  });

  it('of a database that is new takes the place of any other', async () => {
    await writeFile(join(fixture.dir, MARK_FILE), 'left by another');
    await fixture.reopen();
    await fixture.put(kept);
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(1);
    const findings: unknown[] = [];
    await checkStore(fixture.db, fixture.dir, { rehash: true, onFinding: (finding) => findings.push(finding) });
    expect(findings).toEqual([]);
  });
});
