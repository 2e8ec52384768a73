import type { AnyEvent, FolderAct } from '@dfs/contracts';
import { recount } from '@dfs/catalogue';
import { DfsError, VirtualTime, type Timers } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { Files } from '../files.js';
import { ActStore, type StoredAct } from './act-store.js';
import type { ActItem } from './items.js';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';

const hour = 3_600_000;
let node: LocalNode;
const clock = fakeClock();
beforeEach(async () => (node = await localNode({ clock })));
afterEach(async () => {
  expect((await recount(node.db)).miscounts).toEqual([]);
  await node.remove();
});

const put = async (path: string, text = path) =>
  (await node.files.upload({ path, body: pieces(Buffer.from(text)) })).file;
async function fill(paths: readonly string[]): Promise<void> {
  async function* parts() {
    for (const path of paths) yield { path, body: pieces(Buffer.from(path.slice(-1))) };
  }
  for (const result of await node.files.uploadMany(parts())) if ('error' in result) throw result.error;
}
const paths = async (prefix = ''): Promise<string[]> => {
  const all: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await node.files.list({ prefix, limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...page.items.map(({ path }) => path));
    if (page.nextCursor === null) return all;
    cursor = page.nextCursor;
  }
};
const folders = async (prefix = '') =>
  (await node.files.list({ prefix, delimiter: '/', limit: 1000 })).folders.map(({ path }) => path);
const events = async (): Promise<AnyEvent[]> => (await node.events.since(0, 10_000)).items;
const numbered = (folder: string, count: number) => Array.from({ length: count }, (_, n) => `${folder}/${10_000 + n}`);

/** A member has let go of what nothing but the deletions of these files needs, as its receipt says. */
async function saidPurged(...fileIds: string[]): Promise<void> {
  const shown = await Promise.all(fileIds.map((id) => node.catalogue.get(id)));
  const info = { purged: 1, kept: 0, members: 2, waitingFor: [] };
  node.components.purges.progress = async (asked) =>
    new Map(asked.flatMap((one) => (shown.some((entry) => entry?.recordId === one) ? [[one, info] as const] : [])));
}

describe('an empty folder', () => {
  it('is made once, stays when its files go, and goes when it is deleted', async () => {
    expect(await node.files.folders.make('a/b/')).toMatchObject({
      created: true,
      folder: { name: 'b', path: 'a/b/', files: 0, newest: null },
    });
    const { count } = node.catalogue.records.root();
    expect((await node.files.folders.make('a/b')).created).toBe(false);
    await put('full/x');
    expect(await node.files.folders.make('full')).toMatchObject({ created: false, folder: { files: 1 } });
    expect(node.catalogue.records.root().count).toBe(count + 1);
    const { id } = await put('a/b/c');
    await node.files.remove(id);
    expect([await folders(), await folders('a/')]).toEqual([['a/', 'full/'], ['a/b/']]);
    expect((await node.files.folders.remove('a', false)).answer).toMatchObject({ files: 0, folders: 1 });
    expect(await folders()).toEqual(['full/']);
  });

  it('is not made where a file is, or in a file', async () => {
    await put('a');
    await expect(node.files.folders.make('a')).rejects.toMatchObject({ code: 'path-taken' });
    await expect(node.files.folders.make('a/b')).rejects.toMatchObject({ code: 'path-taken' });
    await expect(node.files.folders.make('../b')).rejects.toMatchObject({ code: 'invalid-path' });
  });
});

describe('a folder', () => {
  it('is deleted as one act: one unit of work, events that name it, undone by its name', async () => {
    await fill(['a/x', 'a/b/y', 'ab', 'a.txt']);
    await node.files.folders.make('a/empty');
    const before = (await events()).length;
    let units = 0;
    const stop = node.catalogue.onRecords(() => (units += 1));
    const { answer, kept } = await node.files.folders.remove('a/', false);
    stop();
    expect([units, kept]).toEqual([1, true]);
    expect(answer).toMatchObject({ files: 2, folders: 1, bytes: 2, skippedTotal: 0 });
    expect(await paths()).toEqual(['a.txt', 'ab']);
    expect((await events()).slice(before)).toMatchObject([{ type: 'file.deleted', data: { act: answer.act } }]);
    await expect(node.files.folders.remove('a', false)).rejects.toMatchObject({ code: 'not-found' });
    const to = { act: Buffer.from(answer.act!, 'hex') };
    const preview = await node.files.folders.restore('a', to, { preview: true, confirm: false });
    expect(preview.answer).toMatchObject({ act: null, files: 2, folders: 1, bytes: 2, deleted: 0 });
    expect(preview.answer.changes).toContainEqual({ path: 'a/x', change: 'restored' });
    expect(await paths('a/')).toEqual([]);
    const back = await node.files.folders.restore('a', to, { preview: false, confirm: false });
    expect(back).toMatchObject({ kept: true, answer: { files: 2, folders: 1 } });
    expect([await paths('a/'), await folders('a/')]).toEqual([
      ['a/b/y', 'a/x'],
      ['a/b/', 'a/empty/'],
    ]);
  });

  it('comes back but for files of which a receipt of a member says that they are purged, and that nobody has', async () => {
    const [kept, lost] = [await put('a/kept'), await put('a/lost')];
    const { answer } = await node.files.folders.remove('a', false);
    const to = { act: Buffer.from(answer.act!, 'hex') };
    await saidPurged(lost.id, kept.id);
    node.placement.pinned.delete(lost.contentId);
    const skipped = [{ path: 'a/lost', code: 'purged' }];
    const preview = await node.files.folders.restore('a', to, { preview: true, confirm: false });
    expect(preview.answer).toMatchObject({ files: 1, skipped });
    const back = await node.files.folders.restore('a', to, { preview: false, confirm: false });
    expect(back.answer).toMatchObject({ files: 1, skipped });
    expect(await paths('a/')).toEqual(['a/kept']);
    // The same where they are named one by one.
    await node.files.remove(kept.id);
    await saidPurged(lost.id, kept.id);
    const { outcomes } = await node.files.changeMany('restore', [{ id: lost.id }, { id: kept.id }]);
    expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : 'fine'))).toEqual(['purged', 'fine']);
  });

  it('moves with all in it, keeping what was said and when; the move is undone', async () => {
    const attributes = { mtime: 5, meta: { a: 'b' } };
    const { file } = await node.files.upload({ path: 'a/x', body: pieces(Buffer.from('x')), attributes });
    await put('a/b/a/x');
    await node.files.folders.make('a/empty');
    const { answer } = await node.files.folders.move('a', 'new/a');
    expect(answer).toMatchObject({ files: 2, folders: 1 });
    expect([await paths(), await folders('new/a/')]).toEqual([
      ['new/a/b/a/x', 'new/a/x'],
      ['new/a/b/', 'new/a/empty/'],
    ]);
    const moved = (await node.catalogue.byPath('new/a/x'))!;
    expect(await node.files.get(moved.fileId)).toMatchObject({ modifiedAt: file.modifiedAt, meta: { a: 'b' } });
    const [version] = (await node.files.versions(moved.fileId, { limit: 1 })).items;
    expect(version).toMatchObject({ from: 'a/x', act: answer.act });
    await put('new/a/x', 'changed since');
    const undone = await node.files.folders.restore('a', { act: Buffer.from(answer.act!, 'hex') }, none);
    expect(undone.answer).toMatchObject({
      ...{ files: 2, deleted: 1, skippedTotal: 1 },
      skipped: [{ path: 'new/a/x', code: 'precondition-failed' }],
    });
    expect(await paths()).toEqual(['a/b/a/x', 'a/x', 'new/a/x']);
  });

  it('moves up to where it was', async () => {
    await fill(['a/b/b/x', 'a/b/x']);
    await node.files.folders.move('a/b', 'a');
    expect(await paths()).toEqual(['a/b/x', 'a/x']);
  });

  it('is copied, and what is copied is a file of its own', async () => {
    await fill(['a/x', 'a/b/y']);
    await node.files.folders.make('a/empty');
    expect((await node.files.folders.copy('a', 'c')).answer).toMatchObject({ files: 2, folders: 1 });
    expect(await paths()).toEqual(['a/b/y', 'a/x', 'c/b/y', 'c/x']);
    const copied = (await node.catalogue.byPath('c/x'))!;
    expect((await node.files.versions(copied.fileId, { limit: 1 })).items).toMatchObject([{ from: null }]);
  });

  it('does not move before all of it can: where files are in the way, or in conflict', async () => {
    await fill([...numbered('a', 120), ...numbered('taken', 120)]);
    const { count } = node.catalogue.records.root();
    await expect(node.files.folders.move('a', 'taken')).rejects.toMatchObject({
      code: 'path-exists',
      facts: { count: 120, paths: numbered('taken', 100) },
    });
    await expect(node.files.folders.copy('a', 'taken')).rejects.toMatchObject({ code: 'path-exists' });
    await expect(node.files.folders.move('a', 'a')).rejects.toMatchObject({ code: 'path-exists' });
    await expect(node.files.folders.move('a', 'a/b')).rejects.toMatchObject({ code: 'validation-failed' });
    await expect(node.files.folders.move('none', 'b')).rejects.toMatchObject({ code: 'not-found' });
    await put('file');
    await expect(node.files.folders.move('a', 'file')).rejects.toMatchObject({ code: 'path-taken' });
    await expect(node.files.folders.copy('a', 'file/b')).rejects.toMatchObject({ code: 'path-taken' });
    expect(node.catalogue.records.root().count).toBe(count + 1);
    await writtenElsewhere(node, 'a/10000', { clock: { ms: Date.now() + hour, counter: 0 } });
    await expect(node.files.folders.move('a', 'b')).rejects.toMatchObject({
      code: 'conflict',
      facts: { count: 1, paths: ['a/10000'] },
    });
    expect(await paths('b/')).toEqual([]);
  });

  it('asks once before most files go', async () => {
    await fill([...numbered('a', 120), 'b']);
    await expect(node.files.folders.remove('a', false)).rejects.toMatchObject({
      code: 'mass-deletion',
      facts: { deleted: 0, asked: 120, files: 121 },
    });
    expect(await paths('a/')).toHaveLength(120);
    await node.files.folders.remove('a', true);
    expect(await paths()).toEqual(['b']);
  });

  it('becomes what it was at a time: files that came since go, changed and deleted ones come back', async () => {
    await fill(['a/gone', 'a/changed', 'a/same', 'b']);
    const at = Date.now();
    await until(at);
    await put('a/changed', 'anew');
    await put('a/new');
    await node.files.remove((await node.catalogue.byPath('a/gone'))!.fileId);
    await put('b', 'anew');
    const preview = await node.files.folders.restore('a', { at }, { preview: true, confirm: false });
    expect(preview.answer.changes).toEqual([
      { path: 'a/changed', change: 'restored' },
      { path: 'a/gone', change: 'restored' },
      { path: 'a/new', change: 'deleted' },
    ]);
    const { answer } = await node.files.folders.restore('a', { at }, none);
    expect(answer).toMatchObject({ files: 2, deleted: 1, skippedTotal: 0 });
    expect(await paths()).toEqual(['a/changed', 'a/gone', 'a/same', 'b']);
    const again = await node.files.folders.restore('a', { at }, none);
    expect(again.answer).toMatchObject({ act: null, files: 0, deleted: 0 });
    const undone = await node.files.folders.restore('', { act: Buffer.from(answer.act!, 'hex') }, none);
    expect(undone.answer).toMatchObject({ files: 2, deleted: 1 });
    expect(await paths('a/')).toEqual(['a/changed', 'a/new', 'a/same']);
  });

  it('says as the preview does that files go where none comes back', async () => {
    await put('before');
    const at = Date.now();
    await until(at);
    for (const path of ['late/one', 'late/two']) await put(path);
    const restore = async (preview: boolean) =>
      (await node.files.folders.restore('late', { at }, { preview, confirm: true })).answer;
    for (const preview of [true, false])
      expect(await restore(preview)).toMatchObject({ files: 0, bytes: 0, deleted: 2 });
    expect(await paths()).toEqual(['before']);
  });
});

const none = { preview: false, confirm: false };

/** The clock of the machine has gone on. */
async function until(time: number): Promise<void> {
  while (Date.now() <= time) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('an act over more files than one unit of work takes', () => {
  it('goes on over a restart, over the list of its begin; what changed meanwhile stays and is named', async () => {
    const count = 5_050;
    await fill(numbered('a', count));
    let units = 0;
    const begun: FolderAct = await new Promise((resolve, reject) => {
      const stop = node.catalogue.onRecords(() => {
        units += 1;
        if (units !== 2) return;
        // In the middle, as a stop would: no further step begins.
        stop();
        void node.files.acts.close();
      });
      node.files.folders.move('a', 'b').then(({ answer }) => resolve(answer), reject);
    });
    expect(begun).toMatchObject({ files: count, transfer: { kind: 'act', state: 'running', items: { total: count } } });
    expect(await node.files.acts.ended(begun.transfer!.id)).toMatchObject({ state: 'running' });
    const moved = (await paths('b/')).length;
    expect([moved % 1000, moved < count]).toEqual([0, true]);
    const last = (await paths('a/')).at(-1)!;
    await put(last, 'changed meanwhile');
    await put('a/came meanwhile');

    const after = new Files(node.components);
    await after.acts.resume();
    expect(await after.acts.ended(begun.transfer!.id)).toMatchObject({ state: 'finished', items: { skippedTotal: 1 } });
    await after.acts.close();
    expect((await paths('b/')).length).toBe(count - 1);
    expect(await paths('a/')).toEqual([last, 'a/came meanwhile']);
    const transfer = node.placement.transfers
      .list()
      .find(({ id, state }) => id === begun.transfer!.id && state !== 'running');
    expect(transfer).toMatchObject({
      state: 'finished',
      items: { done: count, total: count, skippedTotal: 1, skipped: [{ path: last, code: 'precondition-failed' }] },
    });
    const acts = (await events()).flatMap(({ data }) => ('act' in data ? [data] : []));
    expect(new Set(acts.map(({ act }) => act))).toEqual(new Set([begun.act]));
    expect(Math.max(...acts.map(({ files }) => files.length))).toBeLessThanOrEqual(1000);
    expect(await node.db.query('SELECT * FROM files_act')).toEqual([]);
  });

  const job = (name: string, more: Partial<StoredAct> = {}): StoredAct => ({
    ...{ id: name, act: Buffer.alloc(16, 1), network: node.catalogue.networkId, path: 'a', key: null },
    ...{ total: 1, done: 0, skipped: [], skippedTotal: 0, ...more },
  });
  /** As the node finds it at its start. */
  const left = async (stored: StoredAct, items: ActItem[]): Promise<void> => {
    await node.db.write((tx) => new ActStore(node.db).add(tx, { ...stored, total: items.length }, items));
  };
  /** The files of the node, over a catalogue that does some things otherwise. */
  const filesOver = (otherwise: Partial<LocalNode['catalogue']>, timers?: Timers): Files => {
    const catalogue = Object.assign(Object.create(node.catalogue) as LocalNode['catalogue'], otherwise);
    return new Files({ ...node.components, catalogue, ...(timers && { timers }) });
  };
  const transfer = (id: string) => node.placement.transfers.get(id);

  it('that was cancelled before its turn does not go on after the next start, however the node ended', async () => {
    const { id, version } = await put('a/kept');
    await left(job('first'), [{ does: 'delete', path: 'none', record: version }]);
    await left(job('second'), [{ does: 'delete', path: 'a/kept', record: version }]);
    // The first one waits, so that the second one has no turn.
    const { acts } = filesOver({ writable: () => Promise.reject(new DfsError('not-ready', 'not yet')) });
    await acts.resume();
    await node.placement.transfers.cancel('second');
    // From now on a kill would find nothing of it.
    expect((await new ActStore(node.db).all()).map((one) => one.id)).toEqual(['first']);
    await acts.close();
    const after = new Files(node.components);
    await after.acts.resume();
    await after.acts.idle();
    expect((await node.files.get(id)).deleted).toBe(false);
  });

  it('waits while an error may pass, says why, and goes on by itself; one that stays is its end', async () => {
    const { id, version } = await put('a/x');
    const items: ActItem[] = [{ does: 'delete', path: 'a/x', record: version }];
    const time = new VirtualTime();
    let refusal: DfsError | undefined = new DfsError('clock-skew', 'the clock is wrong');
    const writable = () => (refusal ? Promise.reject(refusal) : node.catalogue.writable());
    const { acts } = filesOver({ writable }, time);
    await left(job('waits'), items);
    await acts.resume();
    await eventually(() => transfer('waits')?.error !== undefined);
    expect(transfer('waits')).toMatchObject({ state: 'running', error: { code: 'clock-skew' }, items: { done: 0 } });
    refusal = undefined;
    await eventually(() => {
      time.advance(60_000);
      return transfer('waits')?.state === 'finished';
    });
    expect(transfer('waits')).not.toHaveProperty('error');
    expect((await node.catalogue.get(id))?.deleted).toBe(true);

    refusal = new DfsError('read-only-member', 'no more');
    await left(job('fails'), items);
    await acts.resume();
    await acts.idle();
    expect(transfer('fails')).toMatchObject({ state: 'failed', error: { code: 'read-only-member' } });
    // An act that was told as failed does not go on at the next start.
    expect(await new ActStore(node.db).all()).toEqual([]);
  });

  it('brings back nothing that was purged after it began', async () => {
    const kept = await put('a/kept');
    const lost = await put('a/lost');
    for (const { id } of [kept, lost]) await node.files.remove(id);
    const items = await Promise.all(
      [kept, lost].map(async ({ id, path, version }): Promise<ActItem> => {
        const { recordId: record } = (await node.catalogue.get(id))!;
        return { does: 'back', path, record, was: version };
      }),
    );
    const third = await put('a/third');
    const fourth = await put('a/fourth');
    for (const { id, path } of [third, fourth]) {
      await node.files.remove(id);
      items.push({ does: 'restore', path, record: (await node.catalogue.get(id))!.recordId });
    }
    await left(job('back'), items);
    // The first one this node knows of by itself, the other by a receipt.
    for (const { contentId } of [lost, third]) node.placement.pinned.delete(contentId);
    await saidPurged(third.id);
    const { acts } = filesOver({ purged: async (asked) => new Set(asked.filter((one) => one === lost.contentId)) });
    await acts.resume();
    await acts.idle();
    expect(await paths('a/')).toEqual(['a/fourth', 'a/kept']);
    expect(transfer('back')).toMatchObject({
      state: 'finished',
      items: {
        skipped: [
          { path: 'a/lost', code: 'purged' },
          { path: 'a/third', code: 'purged' },
        ],
        skippedTotal: 2,
      },
    });
  });

  it('is any of those that a filter names', async () => {
    const count = 10_001;
    await fill(numbered('many', count));
    const done = await node.files.changeMatching('purge', { prefix: 'many/' }, { confirm: true });
    if (!('transfer' in done)) throw new Error('it was done at once');
    await node.files.acts.idle();
    expect(transfer(done.transfer.id)).toMatchObject({ state: 'finished', items: { done: count, skippedTotal: 0 } });
    const [row] = await node.db.query<{ count: number }>(
      'SELECT count(*) AS count FROM catalogue_record WHERE purge = 1 AND act = ?',
      [Buffer.from(done.act, 'hex')],
    );
    expect(row?.count).toBe(count);
  });

  it('ends the conflicts that a filter names, by what each of them shows', async () => {
    for (const path of ['a/1', 'a/2']) {
      await put(path);
      await writtenElsewhere(node, path, { clock: { ms: Date.now() + hour, counter: 0 } });
    }
    await put('a/3');
    const shown = (await node.files.list({ state: 'conflict', limit: 10 })).items;
    expect(shown.map(({ path }) => path)).toEqual(['a/1', 'a/2']);
    const ended = await put('a/2', 'ended meanwhile');
    await node.files.choose(ended.id, ended.version);
    const plain = (await node.files.list({ path: 'a/3', limit: 1 })).items;
    const items = [...shown, ...plain].map(({ path, version }): ActItem => ({ does: 'choose', path, record: version }));
    await left(job('choose'), items);
    const { acts } = new Files(node.components);
    await acts.resume();
    await acts.idle();
    expect((await node.files.list({ state: 'conflict', limit: 10 })).total).toBe(0);
    expect((await node.catalogue.byPath('a/1'))?.contentId).toBe(shown[0]?.contentId);
    expect(transfer('choose')).toMatchObject({
      items: {
        skipped: [
          { path: 'a/2', code: 'precondition-failed' },
          { path: 'a/3', code: 'conflict' },
        ],
      },
    });
  });
});
