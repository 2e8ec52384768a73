import { cidOf } from '@dfs/protocol';
import { day, silentLog } from '@dfs/runtime';
import {
  filesEntities,
  filesMigrations,
  PartTable,
  UploadBlockEntity as S3PartBlockEntity,
  UploadInPartsEntity as S3UploadEntity,
  UploadPartEntity as S3PartEntity,
  type Caller,
} from '@dfs/files';
import { eventually, fakeClock, tempDatabase, type TempDatabase } from '@dfs/testing';
import { s3Migrations } from '../schema.js';
import { MultipartUploads, type MultipartComponents, type S3Upload } from './multipart.js';

describe('multipart uploads that have expired', () => {
  const caller: Caller = { key: 'key', scope: 'write', prefix: '' };
  const clock = fakeClock();
  let temp: TempDatabase;
  let uploads: MultipartUploads;
  let table: PartTable;

  beforeEach(async () => {
    temp = await tempDatabase([...filesMigrations, ...s3Migrations], filesEntities);
    table = new PartTable(temp.db, 's3');
    uploads = new MultipartUploads({
      db: temp.db,
      chunks: { alsoKeep: () => undefined },
      files: { admit: async (path: string) => ({ path, conditions: {} }) },
      ...{ clock, log: silentLog },
    } as unknown as MultipartComponents);
  });
  afterEach(async () => {
    await uploads.stop();
    await temp.remove();
  });

  const begin = async (path: string): Promise<S3Upload> =>
    uploads.find(caller, await uploads.begin(caller, { path, attributes: {} }), path);
  const block = (text: string) => cidOf(Buffer.from(text));
  const put = (upload: S3Upload, number: number, ...blocks: string[]): Promise<boolean> => {
    const part = { number, size: 1, md5: new Uint8Array(16), storedAt: clock.now(), blocks: blocks.map(block) };
    return temp.db.write((tx) => table.putPart(tx, upload, part, clock.now() + 7 * day));
  };
  const counts = (): Promise<number[]> =>
    Promise.all(
      [S3UploadEntity, S3PartEntity, S3PartBlockEntity].map((one) => temp.db.repository<object>(one).count()),
    );

  it('are given up with all of their parts, and take no more of them; others stay', async () => {
    const old = await begin('old');
    await put(old, 1, 'a', 'b');
    await put(old, 2, 'c');
    clock.advance(6 * day);
    const other = await begin('other');
    await put(other, 1, 'b', 'd');
    clock.advance(2 * day);
    expect(await put(old, 3, 'e')).toBe(false);
    await expect(uploads.find(caller, old.id, 'old')).rejects.toMatchObject({ facts: { s3: 'NoSuchUpload' } });
    uploads.start();
    await eventually(async () => (await counts())[0] === 1, { deadline: 60_000 });
    expect(await counts()).toEqual([1, 1, 2]);
    expect(await table.needed(['a', 'b', 'c', 'd'].map(block))).toEqual(new Set([block('b'), block('d')]));
  });

  it('are those that nobody has brought a part of; a part that comes anew takes the place of the one before', async () => {
    const upload = await begin('going-on');
    for (let week = 0; week < 3; week++) {
      await put(upload, 1, `a${week}`, 'same');
      clock.advance(6 * day);
    }
    expect(await counts()).toEqual([1, 1, 2]);
    expect((await uploads.open(caller)).map(({ id }) => id)).toEqual([upload.id]);
    await uploads.abort(upload);
    expect(await counts()).toEqual([0, 0, 0]);
  });
});
