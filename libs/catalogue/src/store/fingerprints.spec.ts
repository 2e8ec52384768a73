import fc from 'fast-check';
import { sha256 } from '@dfs/protocol';
import { tempDatabase } from '@dfs/testing';
import { Delta, Fingerprints, idBounds, leafOf } from './fingerprints.js';
import { catalogueMigrations } from '../migrations/migrations.js';

const idOf = (n: number): Uint8Array => sha256(Buffer.from(`id ${n}`));
const salt = Buffer.alloc(8, 3);

describe('fingerprints', () => {
  it('say the same of the same set, however it came about, kept or read anew', async () => {
    await using temp = await tempDatabase(catalogueMigrations);
    const kept = await Fingerprints.load(temp.db);
    const members = new Set<number>();
    const change = fc.array(fc.tuple(fc.boolean(), fc.nat(60)), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(change, async (steps) => {
        const delta = new Delta();
        for (const [add, n] of steps) {
          if (add === members.has(n)) continue;
          if (add) delta.add(idOf(n));
          else delta.remove(idOf(n));
          if (add) members.add(n);
          else members.delete(n);
        }
        await temp.db.write((tx) => kept.apply(tx, delta));
        const ids = [...members].map(idOf);
        const plain = ids.reduce((sum, id) => (sum + littleEndian(id)) % 2n ** 256n, 0n);
        expect(kept.root()).toEqual({ count: ids.length, print: rootOf(ids.length, plain) });
        const read = await Fingerprints.load(temp.db);
        expect(read.root()).toEqual(kept.root());
        for (const bits of [0, 6, 12]) {
          const range = { bits, index: bits === 0 ? 0 : leafOf(idOf(1)) >> (12 - bits) };
          expect(read.print(range, salt)).toEqual(kept.print(range, salt));
          const within = ids.filter((id) => leafOf(id) >> (12 - bits) === range.index);
          expect(kept.count(range)).toBe(within.length);
          expect(kept.print(range, salt).some((byte) => byte > 0)).toBe(within.length > 0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('show nothing of a unit of work that failed', async () => {
    await using temp = await tempDatabase(catalogueMigrations);
    const prints = await Fingerprints.load(temp.db);
    const delta = new Delta();
    delta.add(idOf(1));
    const work = temp.db.write(async (tx) => {
      await prints.apply(tx, delta);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(prints.root().count).toBe(0);
    await temp.db.write((tx) => prints.apply(tx, delta));
    expect(prints.root()).toEqual((await Fingerprints.load(temp.db)).root());
  });

  it('differ with the salt', async () => {
    await using temp = await tempDatabase(catalogueMigrations);
    const prints = await Fingerprints.load(temp.db);
    const delta = new Delta();
    delta.add(idOf(1));
    await temp.db.write((tx) => prints.apply(tx, delta));
    const whole = { bits: 0, index: 0 };
    expect(prints.print(whole, salt)).not.toEqual(prints.print(whole, Buffer.alloc(8, 4)));
  });

  it('bound a range as its ids are', () => {
    for (const bits of [0, 6, 12]) {
      for (let n = 0; n < 50; n++) {
        const id = idOf(n);
        const index = bits === 0 ? 0 : leafOf(id) >> (12 - bits);
        const { from, to } = idBounds({ bits, index });
        expect(Buffer.compare(id, from)).toBeGreaterThanOrEqual(0);
        if (to !== null) expect(Buffer.compare(id, to)).toBeLessThan(0);
      }
    }
  });
});

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function rootOf(count: number, sum: bigint): Uint8Array {
  if (count === 0) return new Uint8Array(16);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(count);
  const tail = Buffer.from(sum.toString(16).padStart(64, '0'), 'hex').reverse();
  return sha256(Buffer.concat([head, tail])).subarray(0, 16);
}
