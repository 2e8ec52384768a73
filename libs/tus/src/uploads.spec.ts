import { filesEntities, filesMigrations, UploadInPartsEntity as UploadEntity, type Caller } from '@dfs/files';
import { day, silentLog } from '@dfs/runtime';
import { eventually, fakeClock, tempDatabase, type TempDatabase } from '@dfs/testing';
import { tusMigrations } from './schema.js';
import { Uploads, type UploadsComponents } from './uploads.js';

describe('uploads that have expired', () => {
  const caller: Caller = { key: null, scope: 'admin', prefix: '' };
  let temp: TempDatabase;
  let uploads: Uploads;
  /** Called after each unit of work. */
  let onWrite: () => Promise<void>;
  const clock = fakeClock();

  beforeEach(async () => {
    temp = await tempDatabase([...filesMigrations, ...tusMigrations], filesEntities);
    onWrite = async () => undefined;
    const { db } = temp;
    const write = async (work: Parameters<typeof db.write>[0]): Promise<unknown> => {
      const result = await db.write(work);
      await onWrite();
      return result;
    };
    const components = {
      db: { query: db.query.bind(db), repository: db.repository.bind(db), write },
      chunks: { alsoKeep: () => undefined },
      files: { admit: async (path: string) => ({ path, conditions: {} }) },
      ...{ clock, log: silentLog },
    };
    uploads = new Uploads(components as unknown as UploadsComponents);
  });
  afterEach(async () => {
    await uploads.stop();
    await temp.remove();
  });
  const begin = (path: string) => uploads.begin(caller, { path, size: 1, attributes: {}, metadata: '' });
  const left = () => temp.db.repository(UploadEntity).find();

  it('are all given up by one sweep, however many they are', async () => {
    for (let n = 0; n < 510; n++) await begin(`many/${n}`);
    clock.advance(8 * day);
    uploads.start();
    await eventually(async () => (await left()).length === 0, { deadline: 60_000 });
  });

  it('stay where a request has brought more of them while others were given up', async () => {
    await begin('first');
    const { seq, id } = await begin('second');
    clock.advance(8 * day);
    onWrite = async () => {
      onWrite = async () => undefined;
      await temp.db.write((tx) => tx.repository(UploadEntity).update({ seq }, { expiresAt: clock.now() + day }));
    };
    uploads.start();
    await eventually(async () => (await left()).length === 1, { deadline: 60_000 });
    await uploads.stop();
    expect((await left()).map((upload) => upload.id)).toEqual([id]);
  });
});
