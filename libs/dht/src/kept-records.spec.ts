import { tempDatabase } from '@dfs/testing';
import { KeptRecords } from './kept-records.js';
import { dhtMigrations } from './schema.js';

it('keeps and forgets any number of records without keeping others from writing', async () => {
  await using temp = await tempDatabase(dhtMigrations);
  const { db } = temp;
  const records = new KeptRecords({ db });
  const all = Array.from({ length: 5000 }, (_, n) => ({ content: `c${n}`, peer: 'p', value: Uint8Array.of(n % 256) }));
  const order: string[] = [];
  const between = async (): Promise<void> => void (await db.write(async () => order.push('another')));
  await Promise.all([records.save(all, []).then(() => order.push('saved')), between()]);
  await Promise.all([records.save([], all.slice(0, 4999)).then(() => order.push('dropped')), between()]);
  expect(order).toEqual(['another', 'saved', 'another', 'dropped']);
  const kept: string[] = [];
  for await (const { content } of records.load()) kept.push(content);
  expect(kept).toEqual(['c4999']);
});
