import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DfsError, MiB } from '@dfs/runtime';
import { EMPTY_CONTENT } from '@dfs/protocol';
import { eventually, realFiles, seededRandom } from '@dfs/testing';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';
import { uploadMany, type PartResult, type UploadPart } from './upload-many.js';

const text = (value: string) => new TextEncoder().encode(value);
const toldOf = (results: readonly PartResult[]) =>
  results.map((result) => ('done' in result ? result.done.outcome : (result.error as DfsError).code));

describe('storing files', () => {
  let node: LocalNode;
  beforeEach(async () => (node = await localNode({ quotaBytes: 64 * MiB })));
  afterEach(() => node.remove());

  const put = (path: string, bytes: Uint8Array, more: object = {}) =>
    node.files.upload({ path, body: pieces(bytes), ...more });
  const read = async (fileId: string): Promise<Buffer> => {
    const content = await node.files.open(fileId);
    const parts: Uint8Array[] = [];
    const range = { offset: 0, length: content.size };
    for await (const part of content.read(range, new AbortController().signal)) parts.push(part);
    return Buffer.concat(parts);
  };
  const nothingStored = async (): Promise<void> => {
    expect(node.chunks.usage().chunks).toBe(0);
    expect((await node.files.list({ limit: 10 })).total).toBe(0);
    expect(node.placement.pinned.size).toBe(0);
  };

  it('keeps a real file of many chunks, pinned and readable when it resolves', async () => {
    const [real] = await realFiles({ min: 5 * MiB, max: 40 * MiB, count: 1 });
    const bytes = await readFile(real!.path);
    const { outcome, file } = await put('lib/real.so', bytes);
    expect(outcome).toBe('created');
    expect(file).toMatchObject({ path: 'lib/real.so', size: bytes.length, deleted: false, conflict: false });
    expect(node.placement.pinned).toEqual(new Set([file.contentId]));
    expect(Buffer.compare(await read(file.id), bytes)).toBe(0);
  });

  it('creates, updates, and leaves alone what is equal', async () => {
    const first = await put('a.txt', text('one'));
    const same = await put('a.txt', text('one'));
    const second = await put('a.txt', text('two'));
    expect([first.outcome, same.outcome, second.outcome]).toEqual(['created', 'unchanged', 'updated']);
    expect(same.file.version).toBe(first.file.version);
    expect(second.file.id).toBe(first.file.id);
    expect((await node.files.versions(first.file.id, { limit: 10 })).items).toHaveLength(2);
  });

  it('stores a file that has come whole without reading its body', async () => {
    const unread = {
      [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => {
        throw new Error('the body was read');
      },
    };
    async function* whole(): AsyncGenerator<UploadPart> {
      for (const [path, bytes] of [
        ['a.txt', text('one')],
        ['empty.txt', text('')],
      ] as const) {
        yield { path, body: unread, whole: () => bytes };
      }
    }
    expect(toldOf(await uploadMany(node.components, whole()))).toEqual(['created', 'created']);
    const { items } = await node.files.list({ limit: 10 });
    expect(items.map(({ path, size }) => [path, size])).toEqual([
      ['a.txt', 3],
      ['empty.txt', 0],
    ]);
    expect((await read(items[0]!.id)).toString()).toBe('one');
  });

  it('lets others have their turn while many small files come at once', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    let before = 0;
    async function* atOnce(): AsyncGenerator<UploadPart> {
      for (let n = 0; n < 20; n++) {
        // As long as files of a form take that nobody has to wait for.
        for (const began = performance.now(); performance.now() - began < 2;);
        yield { path: `at-once/${n}`, body: pieces(text(`${n}`)) };
        if (n === 0) setImmediate(count);
      }
      before = turns;
    }
    await uploadMany(node.components, atOnce());
    isOver = true;
    expect(before).toBeGreaterThan(1);
  });

  it('stores an empty file without a chunk', async () => {
    const { file } = await put('empty', new Uint8Array(0));
    expect(file).toMatchObject({ size: 0, contentId: EMPTY_CONTENT });
    expect(node.chunks.usage().chunks).toBe(0);
    expect(await read(file.id)).toHaveLength(0);
  });

  it('has one form of a path', async () => {
    const decomposed = await put('u\u0308ber.txt', text('x'));
    expect(decomposed.file.path).toBe('\u00fcber.txt');
    expect((await put('\u00fcber.txt', text('x'))).outcome).toBe('unchanged');
  });

  it.each([
    ['a path that climbs', { path: '../x' }, 'invalid-path'],
    ['another length than announced', { size: 7 }, 'incomplete-body'],
    ['another digest than announced', { digests: { sha256: new Uint8Array(32) } }, 'digest-mismatch'],
    ['another longer digest', { digests: { sha512: new Uint8Array(64) } }, 'digest-mismatch'],
    ['If-Match of a file that is not there', { ifMatch: '*' }, 'precondition-failed'],
  ])('leaves nothing behind after %s', async (_what, more, code) => {
    await expect(put('a.txt', seededRandom(1).bytes(2 * MiB), more)).rejects.toMatchObject({ code });
    await nothingStored();
  });

  it('leaves nothing behind when the body breaks off', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* pieces(seededRandom(2).bytes(3 * MiB));
      throw new DfsError('incomplete-body', 'cut');
    }
    await expect(node.files.upload({ path: 'a', body: broken() })).rejects.toMatchObject({ code: 'incomplete-body' });
    await nothingStored();
  });

  it('leaves nothing behind when the client goes away', async () => {
    const client = new AbortController();
    async function* leaving(): AsyncGenerator<Uint8Array> {
      yield* pieces(seededRandom(3).bytes(3 * MiB));
      client.abort(new DfsError('aborted', 'gone'));
      yield* pieces(seededRandom(4).bytes(3 * MiB));
    }
    const stored = node.files.upload({ path: 'a', body: leaving(), signal: client.signal });
    await expect(stored).rejects.toMatchObject({ code: 'aborted' });
    await nothingStored();
  });

  it('shows a large upload while it runs, and stores nothing of one that is cancelled', async () => {
    const { transfers } = node.placement;
    async function* cancelling(): AsyncGenerator<Uint8Array> {
      yield* pieces(seededRandom(9).bytes(20 * MiB));
      const [running] = transfers.list();
      expect(running).toMatchObject({ kind: 'upload', path: 'a', state: 'running', bytes: null });
      await transfers.cancel(running!.id);
      yield* pieces(seededRandom(10).bytes(12 * MiB));
    }
    await expect(node.files.upload({ path: 'a', body: cancelling() })).rejects.toMatchObject({ code: 'conflict' });
    expect(transfers.list()).toMatchObject([{ state: 'cancelled' }]);
    await nothingStored();
    await put('b', seededRandom(11).bytes(9 * MiB), { size: 9 * MiB });
    expect(transfers.list()[0]).toMatchObject({ state: 'finished', path: 'b', verifiedBytes: 9 * MiB });
  });

  it('takes the digest that fits', async () => {
    const bytes = seededRandom(5).bytes(3 * MiB);
    const of = (name: string): Uint8Array => createHash(name).update(bytes).digest();
    const digests = { sha256: of('sha256'), sha512: of('sha512') };
    expect((await put('a', bytes, { digests, size: bytes.length })).outcome).toBe('created');
  });

  it('keeps what is said of a file, and the digest that fits', async () => {
    const bytes = seededRandom(6).bytes(3 * MiB);
    const sha256 = createHash('sha256').update(bytes).digest();
    const said = { mtime: 1000, executable: true, meta: { colour: 'grün' } };
    const { file } = await put('a', bytes, { digests: { sha256 }, attributes: said });
    const told = { mtime: '1970-01-01T00:00:01.000Z', executable: true, meta: { colour: 'grün' } };
    expect(file).toMatchObject(told);
    expect((await node.catalogue.byPath('a'))!.attributes).toEqual({ ...said, sha256 });
    const parts = async function* (): AsyncGenerator<UploadPart> {
      yield { path: 'b', body: pieces(text('b')), attributes: said };
      yield { path: 'c', body: pieces(bytes), attributes: said };
      yield { path: 'd', body: pieces(text('d')), refused: new DfsError('validation-failed', 'wrong') };
      yield { path: 'e', body: pieces(text('e')) };
    };
    const results = await uploadMany(node.components, parts());
    expect(results.map((result) => ('done' in result ? result.done.file : 'refused'))).toMatchObject([
      told,
      told,
      'refused',
      { path: 'e' },
    ]);
    const [uploaded] = (await node.events.since(0, 10)).items;
    expect(uploaded).toMatchObject({ type: 'file.uploaded', data: { files: [told] } });
    const moved = await node.files.move(file.id, 'f');
    expect(moved.file).toMatchObject(told);
    expect((await node.files.versions(moved.file.id, { limit: 1 })).items[0]).toMatchObject(told);
  });

  it('takes equal bytes with another executable for a version, and with another mtime for none', async () => {
    const first = await put('a', text('one'), { attributes: { mtime: 1 } });
    expect((await put('a', text('one'), { attributes: { mtime: 2 } })).outcome).toBe('unchanged');
    const second = await put('a', text('one'), { attributes: { mtime: 2, executable: true } });
    expect([second.outcome, second.file.contentId]).toEqual(['updated', first.file.contentId]);
  });

  it('honours If-Match and If-None-Match', async () => {
    const { file } = await put('a', text('one'));
    await expect(put('a', text('two'), { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(put('a', text('two'), { ifMatch: [EMPTY_CONTENT] })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    expect((await put('a', text('two'), { ifMatch: [file.contentId] })).outcome).toBe('updated');
    expect((await put('b', text('two'), { ifNoneMatch: '*' })).outcome).toBe('created');
  });

  it('deletes, once, and only what If-Match names', async () => {
    const { file } = await put('a', text('one'));
    await expect(node.files.remove(file.id, { ifMatch: [EMPTY_CONTENT] })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    await node.files.remove(file.id, { ifMatch: [file.contentId] });
    await expect(node.files.get(file.id)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(node.files.remove(file.id)).rejects.toMatchObject({ code: 'file-not-found' });
    const [deletion, version] = (await node.files.versions(file.id, { limit: 10 })).items;
    expect(deletion).toMatchObject({ kind: 'deletion', shown: true });
    expect((await node.files.open(file.id, version!.version)).size).toBe(3);
    await expect(node.files.open(file.id, deletion!.version)).rejects.toMatchObject({ code: 'version-not-found' });
    expect((await put('a', text('again'))).outcome).toBe('created');
  });

  async function* parts(list: { path: string; bytes: Uint8Array; fail?: boolean }[]): AsyncGenerator<UploadPart> {
    for (const { path, bytes } of list) yield { path, body: pieces(bytes) };
  }

  it('stores many small files in few units of work, and each reads back', async () => {
    const random = seededRandom(6);
    const many = Array.from({ length: 1500 }, (_, i) => ({
      path: `small/${i}.bin`,
      bytes: random.bytes(random.int(0, 4096)),
    }));
    let units = 0;
    const write: typeof node.db.write = (work) => {
      units += 1;
      return node.db.write(work);
    };
    const results = await uploadMany(
      {
        ...node.components,
        db: { query: node.db.query.bind(node.db), repository: node.db.repository.bind(node.db), write },
      },
      parts(many),
    );
    expect(results.map((result) => result.path)).toEqual(many.map(({ path }) => path));
    expect(results.every((result) => 'done' in result && result.done.outcome === 'created')).toBe(true);
    expect(units).toBe(2);
    for (const at of [0, 1, 700, 1499]) {
      const result = results[at]!;
      if (!('done' in result)) throw result.error;
      expect(Buffer.compare(await read(result.done.file.id), many[at]!.bytes)).toBe(0);
    }
  });

  it('tells of each file by itself: bad names, large files, one path twice', async () => {
    const large = seededRandom(7).bytes(3 * MiB);
    const results = await node.files.uploadMany(
      parts([
        { path: 'good', bytes: text('1') },
        { path: '../bad', bytes: large },
        { path: 'large', bytes: large },
        { path: 'good', bytes: text('2') },
        { path: '', bytes: text('x') },
        { path: Buffer.from('é.txt', 'latin1').toString('utf8'), bytes: text('x') },
        { path: 'last', bytes: text('3') },
      ]),
    );
    expect(toldOf(results)).toEqual([
      ...['created', 'invalid-path', 'created', 'updated', 'invalid-path', 'invalid-path', 'created'],
    ]);
    expect((await node.files.list({ limit: 10 })).items.map((file) => file.path)).toEqual(['good', 'large', 'last']);
  });

  it('lets a file that is refused at the commit not spoil its group', async () => {
    await put('taken', text('x'));
    const list = parts(['new-1', 'taken', 'new-2'].map((path) => ({ path, bytes: text(path) })));
    const results = await node.files.uploadMany(list, { ifNoneMatch: '*' });
    expect(toldOf(results)).toEqual(['created', 'precondition-failed', 'created']);
  });

  it('finds those that are refused by the commit alone, and stores the others', async () => {
    await put('taken', text('x'));
    // As if the paths were taken between the first look and the commit.
    const catalogue = Object.create(node.catalogue) as typeof node.catalogue;
    catalogue.byPath = async () => undefined;
    const paths = ['new-1', 'taken', 'twice', 'new-2', 'twice'];
    const small = paths.map((path, at) => ({ path, bytes: text(`${path} ${at}`) }));
    const list = parts([...small, { path: 'taken', bytes: seededRandom(16).bytes(3 * MiB) }]);
    const { bytes } = node.chunks.usage();
    const results = await uploadMany({ ...node.components, catalogue }, list, { ifNoneMatch: '*' });
    expect(toldOf(results)).toEqual([
      ...['created', 'precondition-failed', 'created', 'created', 'precondition-failed', 'precondition-failed'],
    ]);
    expect((await node.files.list({ limit: 10 })).items.map((file) => file.path)).toEqual([
      ...['new-1', 'new-2', 'taken', 'twice'],
    ]);
    // Of the large one that was refused nothing is left.
    expect(node.chunks.usage().bytes - bytes).toBeLessThan(MiB);
    for (const result of results) {
      if ('done' in result) expect((await read(result.done.file.id)).length).toBe(result.done.file.size);
    }
  });

  it('refuses what would be a file and a folder, and nothing else of the form', async () => {
    const paths = ['x', 'x/inside', 'y/inside', 'y', 'z'];
    const results = await node.files.uploadMany(parts(paths.map((path) => ({ path, bytes: text(path) }))));
    expect(toldOf(results)).toEqual(['created', 'path-taken', 'created', 'path-taken', 'created']);
  });

  it('keeps the order of the form where a path stands twice, whatever the sizes', async () => {
    const large = seededRandom(12).bytes(3 * MiB);
    const list = [
      ...[
        { path: 'a', bytes: large },
        { path: 'a', bytes: text('small') },
      ],
      ...[
        { path: 'b', bytes: text('small') },
        { path: 'b', bytes: large },
      ],
    ];
    expect(toldOf(await node.files.uploadMany(parts(list)))).toEqual(['created', 'updated', 'created', 'updated']);
    const { items } = await node.files.list({ limit: 10 });
    expect(items.map(({ path, size }) => [path, size])).toEqual([
      ['a', 5],
      ['b', 3 * MiB],
    ]);
  });

  describe('of a form that is at fault', () => {
    const fault = new DfsError('validation-failed', 'another field');
    async function* faulty(list: { path: string; bytes: Uint8Array }[]): AsyncGenerator<UploadPart> {
      yield* parts(list);
      throw fault;
    }
    const small = (count: number) => Array.from({ length: count }, (_, i) => ({ path: `f/${i}`, bytes: text(`${i}`) }));

    it('stores nothing before the first group is whole, large or small', async () => {
      const list = [...small(998), { path: 'large', bytes: seededRandom(8).bytes(3 * MiB) }];
      await expect(node.files.uploadMany(faulty(list))).rejects.toBe(fault);
      await nothingStored();
      await eventually(() => node.chunks.usage().bytes === 0);
    });

    it('tells of each file it has stored, and of the fault at the end', async () => {
      const results = await node.files.uploadMany(faulty(small(1005)));
      expect(results).toHaveLength(1006);
      expect(results.at(-1)).toEqual({ path: null, error: fault });
      expect(results.slice(0, -1).every((result) => 'done' in result)).toBe(true);
      expect((await node.files.list({ limit: 10 })).total).toBe(1005);
    });

    it('tells of the file in the middle of which it was cut', async () => {
      async function* cut(): AsyncGenerator<UploadPart> {
        yield* parts(small(1000));
        for (const size of [10, MiB]) {
          const body = (async function* () {
            yield seededRandom(13).bytes(size);
            throw fault;
          })();
          yield { path: `cut-${size}`, body };
        }
      }
      const results = await node.files.uploadMany(cut());
      expect(results.slice(1000)).toMatchObject([{ path: 'cut-10' }, { path: null, error: fault }]);
      expect('done' in results[1000]!).toBe(false);
      expect((await node.files.list({ limit: 10 })).total).toBe(1000);
    });

    it('closes a group by its bytes as well', async () => {
      const roomy = await localNode({ quotaBytes: 256 * MiB });
      try {
        const large = (name: string) => ({ path: name, bytes: Buffer.alloc(40 * MiB, name) });
        await expect(roomy.files.uploadMany(faulty([large('a')]))).rejects.toBe(fault);
        expect((await roomy.files.list({ limit: 10 })).total).toBe(0);
        const results = await roomy.files.uploadMany(faulty([large('a'), large('b')]));
        expect(toldOf(results)).toEqual(['created', 'created', 'validation-failed']);
        expect((await roomy.files.list({ limit: 10 })).total).toBe(2);
      } finally {
        await roomy.remove();
      }
    });

    it('stores nothing more once its client is gone', async () => {
      const client = new AbortController();
      async function* leaving(): AsyncGenerator<UploadPart> {
        yield* parts(small(1003));
        client.abort(new DfsError('aborted', 'gone'));
        throw new DfsError('incomplete-body', 'cut');
      }
      const stored = node.files.uploadMany(leaving(), { signal: client.signal });
      await expect(stored).rejects.toMatchObject({ code: 'incomplete-body' });
      expect((await node.files.list({ limit: 10 })).total).toBe(1000);
    });
  });

  it('stores the small ones that fit, where there is no room for all of them', async () => {
    const tight = await localNode({ quotaBytes: MiB });
    try {
      const sizes = [200_000, 200_000, 200_000, 250_000, 250_000, 250_000, 100];
      const random = seededRandom(15);
      const list = sizes.map((size, at) => ({ path: `${at}`, bytes: random.bytes(size) }));
      const results = await tight.files.uploadMany(parts(list));
      expect(toldOf(results)).toEqual([
        ...['created', 'created', 'created', 'created', 'quota-exceeded', 'quota-exceeded', 'created'],
      ]);
      expect((await tight.files.list({ limit: 10 })).total).toBe(5);
    } finally {
      await tight.remove();
    }
  });

  it('says no-space or quota-exceeded of what does not fit, and goes on', async () => {
    const results = await node.files.uploadMany(
      parts([
        { path: 'fits', bytes: text('x') },
        { path: 'too-large', bytes: randomBytes(70 * MiB) },
        { path: 'fits-too', bytes: text('y') },
      ]),
    );
    const told = results.map((result) => ('done' in result ? 'stored' : (result.error as DfsError).code));
    expect(told).toEqual(['stored', 'quota-exceeded', 'stored']);
    expect(node.chunks.usage().chunks).toBe(2);
  });
});
