import type { QueryRunner } from 'typeorm';
import { Database, type SqlValue, type Tx } from '@dfs/database';
import { PartTable } from '@dfs/files';
import { cidOf, cidToBytes } from '@dfs/protocol';
import { tempDir, type TempDir } from '@dfs/testing';
import { entities, migrations } from './migrations.js';

describe('uploads in parts that an earlier version has begun', () => {
  let dir: TempDir;
  beforeEach(async () => (dir = await tempDir()));
  afterEach(() => dir.remove());
  const block = (text: string) => cidOf(Buffer.from(text));
  const cid = (text: string) => cidToBytes(block(text));

  it('stand in the tables of all of them, with their parts and blocks', async () => {
    const file = dir.file('dfs.sqlite');
    const before = migrations.filter(({ name }) => !/^(?:Tus|S3)UploadsMoved/.test(name));
    expect(migrations.length - before.length).toBe(2);
    const old = await Database.open({ file, migrations: before });
    await old.write(async (tx) => {
      // Rows of both protocols have the same numbers.
      await tx.run(
        `INSERT INTO upload VALUES (1, 'done', '', 'tus/done', NULL, '', 3, 3, '{}', '{}', 1, 90, NULL, '{"size":3}'),
          (2, 'tus', 'key', 'tus/path', 'text/plain', 'path eA==', 9, 5, '{"mtime":7}', '{"ifNoneMatch":"*"}', 10, 100,
            '{"code":"path-taken","detail":"taken"}', NULL)`,
      );
      await tx.run('INSERT INTO upload_block VALUES (2, 0, ?, 4, 1), (2, 1, ?, 1, 0)', [cid('a'), cid('b')]);
      await tx.run(
        `INSERT INTO s3_upload VALUES (1, 'none', 'key', 's3/none', NULL, '{}', 20, 200, NULL),
          (2, 's3', 'key', 's3/path', NULL, '{"meta":{"a":"1"}}', 30, 300, NULL)`,
      );
      await tx.run('INSERT INTO s3_part VALUES (7, 2, 2, 5, ?, 31), (8, 2, 1, 6, ?, 32)', [
        Buffer.alloc(16, 2),
        Buffer.alloc(16, 1),
      ]);
      await tx.run('INSERT INTO s3_part_block VALUES (7, 0, ?), (8, 0, ?), (8, 1, ?)', ['c', 'd', 'a'].map(cid));
    });
    await old.close();

    const db = await Database.open({ file, migrations, entities });
    try {
      // There and back again: nothing is lost on the way.
      const moves = migrations.filter((one) => !before.includes(one)).map((Move) => new Move());
      await db.write(async (tx) => {
        const runner = runnerOf(tx);
        for (const move of moves) await move.down(runner);
        expect(await tx.query('SELECT 1 FROM files_upload')).toEqual([]);
        for (const move of moves) await move.up(runner);
      });
      const [tus, s3] = [new PartTable(db, 'tus'), new PartTable(db, 's3')];
      expect(await tus.find('done')).toMatchObject({ path: 'tus/done', offset: 3, entry: { size: 3 } });
      const resumable = (await tus.find('tus'))!;
      expect(resumable).toMatchObject({
        ...{ owner: 'key', path: 'tus/path', mediaType: 'text/plain', metadata: 'path eA==', size: 9, offset: 5 },
        ...{ attributes: { mtime: 7 }, conditions: { ifNoneMatch: '*' }, createdAt: 10, expiresAt: 100, entry: null },
        refusal: { code: 'path-taken', detail: 'taken' },
      });
      expect(await allOf(tus.chunks(db, resumable))).toEqual([{ number: 0, id: block('a'), size: 4 }]);
      expect(await tus.pieces(resumable)).toEqual([{ number: 1, id: block('b'), size: 1 }]);
      expect(await tus.find('s3')).toBeUndefined();
      const multipart = (await s3.find('s3'))!;
      expect(multipart).toMatchObject({
        ...{ owner: 'key', path: 's3/path', mediaType: null, size: null, offset: 11, createdAt: 30, expiresAt: 300 },
        ...{ attributes: { meta: { a: '1' } }, refusal: null, entry: null },
      });
      const parts = await s3.parts(multipart, 0, 10);
      expect(parts).toMatchObject([
        { number: 1, size: 6, md5: Buffer.alloc(16, 1), storedAt: 32 },
        { number: 2, size: 5, md5: Buffer.alloc(16, 2), storedAt: 31 },
      ]);
      const ids = async (part: number) => (await allOf(s3.blocks(part))).map(({ id }) => id);
      expect(await Promise.all(parts.map(({ seq }) => ids(seq)))).toEqual([['d', 'a'].map(block), ['c'].map(block)]);
      expect((await s3.open('key')).map(({ id }) => id)).toEqual(['none', 's3']);
      const all = ['a', 'b', 'c', 'd', 'e'].map(block);
      expect(await tus.needed(all)).toEqual(new Set(['a', 'b'].map(block)));
      expect(await s3.needed(all)).toEqual(new Set(['a', 'c', 'd'].map(block)));
      await tus.remove(resumable);
      await s3.remove(multipart);
      expect(await db.query('SELECT id FROM files_upload ORDER BY id')).toEqual([{ id: 'done' }, { id: 'none' }]);
      expect(await db.query('SELECT 1 FROM files_upload_part UNION ALL SELECT 1 FROM files_upload_block')).toEqual([]);
    } finally {
      await db.close();
    }
  });
});

/** As far as a migration without questions needs one. */
const runnerOf = (tx: Tx) =>
  ({ query: (sql: string, params?: SqlValue[]) => tx.run(sql, params) }) as unknown as QueryRunner;

async function allOf<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
