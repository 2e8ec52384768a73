import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB, MiB } from '@dfs/runtime';
import { corrupt } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { checkStore } from '../../check/check-store.js';
import type { StoreFinding } from '../../check/check-pack.js';
import { MARK_FILE } from '../generation/mark.js';

import { StoreFixture, blockOf, idsOf, readAll } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`gone ${label++}`, size));

describe('packs that are gone at a start', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** As where the disk for the chunks is not mounted, and somebody has said that it will not be. */
  async function unmount(): Promise<void> {
    await rename(fixture.dir, `${fixture.dir}-away`);
    await mkdir(fixture.dir);
    await copyFile(join(`${fixture.dir}-away`, MARK_FILE), join(fixture.dir, MARK_FILE));
  }
  async function mount(): Promise<void> {
    await rm(fixture.dir, { recursive: true });
    await rename(`${fixture.dir}-away`, fixture.dir);
  }
  async function findings(): Promise<StoreFinding[]> {
    const found: StoreFinding[] = [];
    await checkStore(fixture.db, fixture.dir, { rehash: true, onFinding: (finding) => found.push(finding) });
    return found;
  }

  it('are taken in again once they are back', async () => {
    const kept = [block(3 * KiB), block(2 * MiB), block(500)];
    for (const each of kept) await fixture.put([each]);
    const before = fixture.store.usage();

    await unmount();
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(0);
    expect(fixture.store.damaged().sort()).toEqual(idsOf(kept).sort());
    // A second start without them forgets nothing either.
    await fixture.reopen();
    expect(fixture.store.damaged()).toHaveLength(kept.length);

    await mount();
    const told = (await findings()).filter(({ problem }) => problem === 'orphan-file');
    expect(told).toHaveLength(kept.length);
    for (const { detail } of told) expect(detail).toContain('takes it in again');
    await fixture.reopen();
    expect(fixture.store.damaged()).toEqual([]);
    expect(fixture.store.usage()).toEqual(before);
    const read = await readAll(fixture.store.getMany(idsOf(kept)));
    read.forEach(({ bytes }, index) => expect(Buffer.compare(bytes, kept[index]!.bytes)).toBe(0));
    expect(await findings()).toEqual([]);
    await fixture.put([block(1 * KiB)]);
    expect(fixture.store.usage().chunks).toBe(kept.length + 1);
  });

  it('bring back neither what was healed meanwhile nor what was damaged before', async () => {
    const [healed, bad, good] = [block(3 * KiB), block(3 * KiB), block(3 * KiB)];
    await fixture.put([healed, bad, good]);
    await corrupt(fixture.dir, bad.bytes);
    await expect(fixture.store.get(bad.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    await fixture.reopen();
    await unmount();
    await fixture.reopen();
    await fixture.put([healed]);
    const [fresh] = await readdir(join(fixture.dir, 'packs'));
    await rename(join(fixture.dir, 'packs', fresh!), join(`${fixture.dir}-away`, 'packs', fresh!));
    await mount();
    await fixture.reopen();
    expect(await fixture.store.has(idsOf([healed, bad, good]))).toEqual(new Set(idsOf([healed, good])));
    expect(fixture.store.damaged()).toEqual([bad.id]);
    expect(await readAll(fixture.store.getMany(idsOf([healed, good])))).toHaveLength(2);
  });

  it('go for good once nothing of them is wanted', async () => {
    const [healed, dropped] = [block(3 * KiB), block(3 * KiB)];
    await fixture.put([healed]);
    await fixture.put([dropped]);
    await unmount();
    await fixture.reopen();
    await fixture.put([healed]);
    await fixture.store.reclaim(async () => new Set([healed.id]));
    const [fresh] = await readdir(join(fixture.dir, 'packs'));
    await rename(join(fixture.dir, 'packs', fresh!), join(`${fixture.dir}-away`, 'packs', fresh!));
    await mount();
    await writeFile(join(fixture.dir, 'packs', 'unknown.pack'), 'x');
    await fixture.reopen();
    expect(await fixture.packs()).toEqual([fresh]);
    expect(await findings()).toEqual([]);
    expect(await readAll(fixture.store.getMany([healed.id]))).toHaveLength(1);
  });

  it('and that the database did not know before are not swept once they are back, nor taken for what is known', async () => {
    const kept = [block(3 * KiB), block(2 * KiB)];
    for (const each of kept) await fixture.put([each]);
    await fixture.put([block(500)]);
    const packs = join(fixture.dir, 'packs');
    const places = await fixture.db.query<{ name: string }>(
      'SELECT DISTINCT p.name FROM chunk c JOIN pack p ON p.id = c.pack WHERE c.size > 1000 ORDER BY p.id',
    );
    const [unread, read] = places.map(({ name }) => `${name}.pack`) as [string, string];
    // One was found and not read, as where the start was cut short; the other was read.
    await fixture.db.write(async (tx) => {
      await tx.run('DELETE FROM chunk WHERE pack = (SELECT id FROM pack WHERE name = ?)', [unread.slice(0, -5)]);
      await tx.run('UPDATE pack SET found_at = 1000, unread_from = 0 WHERE name = ?', [unread.slice(0, -5)]);
      await tx.run('UPDATE pack SET found_at = 1000 WHERE name = ?', [read.slice(0, -5)]);
    });
    for (const name of [unread, read]) await rename(join(packs, name), `${fixture.dir}-${name}`);
    await fixture.reopen();
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(0);
    for (const name of [unread, read]) await rename(`${fixture.dir}-${name}`, join(packs, name));
    await fixture.reopen();
    await fixture.store.settled();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(2);
    expect(fixture.store.damaged()).toEqual([]);
    expect(await fixture.store.found()).toMatchObject({ packs: 2, unread: 0 });
  });
});
