import { MAX_PROVIDERS_PER_KEY, MAX_RECORDS_PER_PEER } from '../constants.js';
import { ProviderStore } from './provider-store.js';
import type { KeptRecord, RecordArchive } from '../transport.js';

type Key = Parameters<ProviderStore['put']>[0];
const key = (text: string): Key => ({ toString: () => text }) as Key;
const record = (content: string, peer: string): Key => key(`/dht/provider/${content}/${peer}`);
const VALUE = Uint8Array.of(1);

async function peersOf(store: ProviderStore, content: string): Promise<string[]> {
  const found: string[] = [];
  for await (const pair of store.query({ prefix: `/dht/provider/${content}` })) {
    found.push(pair.key.toString().split('/').at(-1) ?? '');
  }
  return found;
}

describe('ProviderStore', () => {
  it('finds the providers of one content, or all', async () => {
    const store = new ProviderStore();
    store.put(record('x', 'a'), VALUE);
    store.put(record('x', 'b'), VALUE);
    store.put(record('y', 'a'), VALUE);
    expect(await peersOf(store, 'x')).toEqual(['a', 'b']);
    let all = 0;
    for await (const pair of store.query({ prefix: '/dht/provider' })) all += pair.value.length;
    expect([all, store.records]).toEqual([3, 3]);
    expect([store.has(record('x', 'a')), store.has(record('x', 'c'))]).toEqual([true, false]);
    expect(store.get(record('x', 'a'))).toEqual(VALUE);
    expect(() => store.get(record('x', 'c'))).toThrow('not found');
  });

  it('forgets records and peers', async () => {
    const store = new ProviderStore();
    for (const content of ['x', 'y', 'z']) for (const peer of ['a', 'b']) store.put(record(content, peer), VALUE);
    store.delete(record('x', 'a'));
    store.delete(record('x', 'a'));
    expect(await peersOf(store, 'x')).toEqual(['b']);
    store.forget('b');
    expect(await peersOf(store, 'x')).toEqual([]);
    expect(await peersOf(store, 'y')).toEqual(['a']);
    expect(store.records).toBe(2);
  });

  it('keeps only so many for one content, and renews those it has', async () => {
    const store = new ProviderStore();
    for (let i = 0; i < MAX_PROVIDERS_PER_KEY + 10; i++) store.put(record('x', `p${i}`), VALUE);
    expect(await peersOf(store, 'x')).toHaveLength(MAX_PROVIDERS_PER_KEY);
    store.put(record('x', 'p0'), Uint8Array.of(2));
    expect(store.get(record('x', 'p0'))).toEqual(Uint8Array.of(2));
  });

  it('keeps only so many from one peer', () => {
    const store = new ProviderStore();
    for (let i = 0; i < MAX_RECORDS_PER_PEER + 10; i++) store.put(record(`c${i}`, 'greedy'), VALUE);
    store.put(record('mine', 'modest'), VALUE);
    expect(store.records).toBe(MAX_RECORDS_PER_PEER + 1);
  });

  it('keeps the bytes of a record, and not the buffer in which it came', () => {
    const store = new ProviderStore();
    const came = Buffer.alloc(64 * 1024);
    store.put(record('x', 'a'), came.fill(7, 100, 104).subarray(100, 104));
    came.fill(0);
    const kept = store.get(record('x', 'a'));
    expect([...kept]).toEqual([7, 7, 7, 7]);
    expect(kept.buffer.byteLength).toBe(4);
  });

  it('keeps nothing but provider records', () => {
    const store = new ProviderStore();
    store.put(key('/dht/record/abc'), VALUE);
    expect(store.has(key('/dht/record/abc'))).toBe(false);
    expect(store.records).toBe(0);
  });

  describe('with an archive', () => {
    /** Rows as a database would have them. */
    class Archive implements RecordArchive {
      readonly rows = new Map<string, KeptRecord>();
      writes = 0;
      failing = false;

      async *load(): AsyncGenerator<KeptRecord> {
        yield* this.rows.values();
      }

      async save(...[kept, dropped]: Parameters<RecordArchive['save']>): Promise<void> {
        if (this.failing) throw new Error('on purpose');
        this.writes++;
        for (const each of kept) this.rows.set(`${each.content}/${each.peer}`, each);
        for (const { content, peer } of dropped) this.rows.delete(`${content}/${peer}`);
      }
    }

    it('knows after a restart what others have said, and nothing that ran out, was forgotten or is its own', async () => {
      const archive = new Archive();
      const store = new ProviderStore({ archive, self: 'me' });
      for (const peer of ['a', 'b', 'c', 'me']) store.put(record('x', peer), VALUE);
      store.put(record('y', 'a'), VALUE);
      await store.flush();
      store.delete(record('x', 'b'));
      store.forget('c');
      await store.flush();
      await store.flush();
      expect(archive.writes).toBe(2);

      const again = new ProviderStore({ archive, self: 'me' });
      again.put(record('x', 'a'), Uint8Array.of(9));
      await again.load();
      expect([await peersOf(again, 'x'), await peersOf(again, 'y')]).toEqual([['a'], ['a']]);
      expect(again.get(record('x', 'a'))).toEqual(Uint8Array.of(9));
      again.clear();
      await again.flush();
      expect(archive.rows.size).toBe(0);
    });

    it('writes later what could not be written', async () => {
      const archive = new Archive();
      const store = new ProviderStore({ archive });
      archive.failing = true;
      store.put(record('x', 'a'), VALUE);
      await store.flush();
      archive.failing = false;
      await store.flush();
      expect([...archive.rows.keys()]).toEqual(['x/a']);
    });
  });
});
