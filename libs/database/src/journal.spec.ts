import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal, readJournal, type JournalEntry, type JournalOptions } from './journal.js';

const text = (value: string, kind = 2): JournalEntry => ({ kind, body: Buffer.from(value) });

describe('Journal', () => {
  let dir: string;
  let options: JournalOptions;
  let preamble: JournalEntry[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dfs-journal-'));
    preamble = [text('network', 1)];
    options = { dir: join(dir, 'journal'), preamble: () => preamble };
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function all(): Promise<string[]> {
    const found: string[] = [];
    for await (const { kind, body } of readJournal(options.dir)) found.push(`${kind} ${Buffer.from(body).toString()}`);
    return found;
  }
  const segment = (number: number): string => join(options.dir, `${String(number).padStart(8, '0')}.log`);

  it('keeps entries in their order, over restarts, in files of its owner alone', async () => {
    let journal = await Journal.open(options);
    journal.append([text('a'), text('b')]);
    journal.append([text('c')]);
    await journal.close();
    const seen: string[] = [];
    journal = await Journal.open(options, ({ body }) => seen.push(Buffer.from(body).toString()));
    journal.append([text('d')]);
    await journal.close();
    expect(await all()).toEqual(['1 network', '2 a', '2 b', '2 c', '2 d']);
    expect(seen).toEqual(['network', 'a', 'b', 'c']);
    expect((await stat(segment(1))).mode & 0o777).toBe(0o600);
    expect(journal.bytes).toBe((await stat(segment(1))).size);
  });

  it('goes on behind the last whole entry where the end was torn off', async () => {
    let journal = await Journal.open(options);
    journal.append([text('whole'), text('torn by a power cut')]);
    await journal.close();
    const { size } = await stat(segment(1));
    for (const [cut, left] of [
      [1, ['1 network', '2 whole', '2 next']],
      [0, ['1 network', '2 whole', '2 next', '2 next']],
    ] as const) {
      await truncate(segment(1), size - cut * 5);
      if (cut === 0) await appendFile(segment(1), Buffer.alloc(40));
      journal = await Journal.open(options);
      journal.append([text('next')]);
      await journal.close();
      expect(await all()).toEqual(left);
    }
  });

  it('loses to damage what is damaged alone', async () => {
    const journal = await Journal.open(options);
    journal.append(['one', 'other', 'three'].map((value) => text(value)));
    await journal.close();
    const bytes = await readFile(segment(1));
    for (const at of [bytes.indexOf('other'), bytes.indexOf('other') - 6]) {
      const hurt = Buffer.from(bytes);
      hurt[at]! ^= 0xff;
      await writeFile(segment(1), hurt);
      expect(await all()).toEqual(['1 network', '2 one', '2 three']);
    }
    await writeFile(segment(1), Buffer.from('no journal at all'));
    expect(await all()).toEqual([]);
  });

  it('is cut: each segment begins with the preamble, and old ones go, the oldest first, where they take too much', async () => {
    const journal = await Journal.open(options);
    journal.append([text('a')]);
    const second = await journal.cut();
    preamble = [text('another network', 1)];
    journal.append([text('b')]);
    const third = await journal.cut();
    journal.append([text('c')]);
    expect([second, third]).toEqual([2, 3]);
    const one = (await stat(segment(1))).size;
    await journal.dropBefore(third, 2 * one);
    expect(await readdir(options.dir)).toHaveLength(3);
    await journal.dropBefore(third, one);
    await journal.dropBefore(99, Infinity);
    await journal.close();
    expect(await all()).toEqual(['1 network', '2 b', '1 another network', '2 c']);
    expect(journal.bytes).toBe((await stat(segment(2))).size + (await stat(segment(3))).size);
  });

  it('begins another segment where one has become long', async () => {
    const journal = await Journal.open({ ...options, segmentBytes: 100 });
    for (const value of ['a', 'b', 'c', 'd']) {
      journal.append([text(value.repeat(30))]);
      await new Promise((done) => setImmediate(done));
    }
    await journal.close();
    expect((await readdir(options.dir)).length).toBeGreaterThan(1);
    expect((await all()).filter((entry) => entry.startsWith('2'))).toHaveLength(4);
  });

  it('that cannot be written says so, writes nothing more, and is whole when it is opened anew', async () => {
    const journal = await Journal.open({ ...options, segmentBytes: 100 });
    journal.append([text('first')]);
    await journal.cut();
    await rm(options.dir, { recursive: true });
    journal.append([text('lost'.repeat(40))]);
    await expect(journal.cut()).rejects.toThrow('cannot be written');
    expect(journal.isBroken).toBe(true);
    journal.append([text('a')]);
    await journal.close();
    const again = await Journal.open(options);
    again.append([text('kept')]);
    await again.close();
    expect(await all()).toEqual(['1 network', '2 kept']);
  });
});
