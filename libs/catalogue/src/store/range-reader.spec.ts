import { sha256 } from '@dfs/protocol';
import { insertRecords } from '../../testing/many.js';
import { testNode } from '../../testing/nodes.js';
import { Fingerprints, indexOf, printOf } from './fingerprints.js';
import { RecordState } from '../rules/states.js';
import { RangeReader } from './range-reader.js';

const salt = Buffer.alloc(8, 3);

describe('a reader of ranges', () => {
  it('finds in any range what is in it, and the fingerprints of its parts', async () => {
    await using node = await testNode();
    const prints = await Fingerprints.load(node.db);
    await insertRecords(
      node.db,
      prints,
      Array.from({ length: 500 }, (_, n) => n + 1),
    );
    const rows = await node.db.query<{ id: Uint8Array }>('SELECT id FROM catalogue_record ORDER BY id');
    const ids = rows.map((row) => row.id);
    for (const bits of [0, 6, 12, 18]) {
      const reader = new RangeReader(node.db, prints);
      for (const id of ids.slice(0, 40)) {
        const range = { bits, index: indexOf(id, bits) };
        const within = ids.filter((other) => indexOf(other, bits) === range.index);
        expect((await reader.ids(range)).map((stored) => stored.id)).toEqual(within);
        const parts = await reader.parts(range, salt);
        expect(parts.map((part) => part.range.index)).toEqual(
          Array.from({ length: 64 }, (_, n) => range.index * 64 + n),
        );
        for (const part of parts) {
          const inPart = ids.filter((other) => indexOf(other, bits + 6) === part.range.index);
          expect(part).toMatchObject({ count: inPart.length, print: printOf(inPart, salt) });
        }
      }
    }
  });

  it('knows what is stored outside the set, and leaves it out of fingerprints', async () => {
    await using node = await testNode();
    const prints = await Fingerprints.load(node.db);
    await insertRecords(node.db, prints, [1]);
    const outside = sha256(Buffer.from('void'));
    await node.db.write((tx) =>
      tx.run(
        `INSERT INTO catalogue_record (id, state, head, author, ms, counter, size, media_type, imported, born, body, signature)
         VALUES (?, ${RecordState.void}, 0, 1, 0, 0, 0, '', 0, 0, x'', x'')`,
        [outside],
      ),
    );
    const reader = new RangeReader(node.db, prints);
    const whole = await reader.ids({ bits: 0, index: 0 });
    expect(whole.map(({ inSet }) => inSet).sort()).toEqual([false, true]);
    const [part] = (await reader.parts({ bits: 12, index: indexOf(outside, 12) }, salt)).filter(
      ({ range }) => range.index === indexOf(outside, 18),
    );
    expect(part).toMatchObject({ count: 0, print: new Uint8Array(8) });
  });
});
