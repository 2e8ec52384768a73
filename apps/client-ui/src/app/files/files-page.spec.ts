import { afterEveryRender } from '@angular/core';
import { DeferBlockBehavior, TestBed } from '@angular/core/testing';
import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type BatchRequest, type FileInfo, type WorstState } from '@dfs/contracts';
import { FakeNode, file, node, peer, summary } from '../../testing/fake-node.js';
import { giveRoom } from '../../testing/layout.js';
import { Clock } from '../kit/clock.js';
import { Failures } from '../work/failures.js';
import { FilesPage } from './files-page.js';

beforeAll(giveRoom);

const ACT = 'a'.repeat(32);

describe('FilesPage', () => {
  let fake: FakeNode;

  const show = async (
    files: FileInfo[],
    inputs: Partial<Record<'in' | 'q' | 'sort' | 'file' | 'show', string>> = {},
    folders: string[] = [],
    worst: WorstState | null = null,
  ) => {
    fake = new FakeNode();
    fake.files = files;
    fake.folders = folders.map((name) => ({
      name,
      path: `${name}/`,
      files: 2,
      bytes: 2000,
      newest: null,
      worst,
    }));
    const view = await render(FilesPage, {
      providers: fake.providers,
      inputs,
      // The details are a part of their own.
      deferBlockBehavior: DeferBlockBehavior.Playthrough,
    });
    await fake.signIn();
    await fake.answerSoon('GET', routes.peers, { items: [peer('self', { state: 'self' }), peer('b'), peer('c')] });
    return view;
  };
  const rowOf = async (path: string) => {
    const find = () =>
      [...document.querySelectorAll<HTMLElement>('[role=row]')].find((row) => row.dataset['path'] === path) ?? null;
    await waitFor(() => {
      fake.answerLists();
      expect(find()).not.toBeNull();
    });
    return find() as HTMLElement;
  };
  const gone = (path: string) =>
    waitFor(() => {
      fake.answerLists();
      expect(document.querySelector(`[data-path="${path}"]`)).toBeNull();
    });
  /** The next batch, whose body is answered by `results` with its act. */
  const batch = async (results: (request: BatchRequest) => unknown[]): Promise<BatchRequest> => {
    const call = await waitFor(() => {
      const [found] = fake.http.match((request) => request.url === routes.filesBatch);
      expect(found).toBeDefined();
      return found;
    });
    const request = call?.request.body as BatchRequest;
    call?.flush({ act: ACT, results: results(request) }, { status: 207, statusText: 'Multi-Status' });
    return request;
  };
  /** The acts that have failed, once they are so many. */
  const failures = async (count: number) => {
    const { kept } = TestBed.inject(Failures);
    await waitFor(() => expect(kept()).toHaveLength(count));
    return kept();
  };
  const allDone = ({ items = [] }: BatchRequest) => items.map(({ id }) => ({ id, path: 'p', status: 204 }));
  afterEach(() => {
    fake.events.stop();
    document.querySelectorAll('dfs-toasts').forEach((toasts) => toasts.remove());
  });

  it('teaches what to do when there is nothing', async () => {
    await show([]);
    await waitFor(() => {
      fake.answerLists();
      expect(screen.getByText('No files yet')).toBeTruthy();
    });
    expect(screen.getByText(/Drop files or folders anywhere/)).toBeTruthy();
  });

  it('shows names as text, whatever they are', async () => {
    const names = ['<img src=x onerror=alert(1)>.html', 'עברית.txt', 'a\u202Egpj.exe', 'x'.repeat(1000)];
    await show(names.map((name) => file(name)));
    await rowOf('עברית.txt');
    expect(screen.getByText('<img src=x onerror=alert(1)>.html')).toBeTruthy();
    expect(document.querySelector('img')).toBeNull();
    expect(screen.getByText('a□gpj.exe').getAttribute('dir')).toBe('auto');
    expect(screen.getByText('x'.repeat(1000))).toBeTruthy();
  });

  it('shows folders before files, asks for one level, and counts both', async () => {
    await show([file('a.jpg')], {}, ['music', 'photos']);
    const row = await rowOf('photos/');
    expect(within(row).getAllByText('2 files').length).toBeGreaterThan(0);
    const paths = [...document.querySelectorAll<HTMLElement>('[data-path]')].map(({ dataset }) => dataset['path']);
    expect(paths).toEqual(['music/', 'photos/', 'a.jpg']);
    expect(screen.getByText('2 folders, 1 file')).toBeTruthy();
  });

  it('says how many copies are in reach, and names conflicts', async () => {
    const replication = { target: 3, copies: 3, reachable: 1, state: 'safe' } as const;
    await show([file('a.jpg', { replication, conflict: true }), file('b.jpg')]);
    const row = await rowOf('a.jpg');
    expect(within(row).getByText('1 of 3 in reach')).toBeTruthy();
    expect(within(row).getByText('Conflict')).toBeTruthy();
    expect(within(await rowOf('b.jpg')).getByText('Safe')).toBeTruthy();
  });

  it('calls nothing safe that cannot be, as soon as peers are known to be away', async () => {
    await show([file('a.jpg')]);
    expect(within(await rowOf('a.jpg')).getByText('Safe')).toBeTruthy();
    fake.tell('peer.disconnected', { peer: peer('b', { state: 'disconnected' }) });
    const away = { state: 'disconnected' } as const;
    await fake.answerSoon('GET', routes.peers, {
      items: [peer('self', { state: 'self' }), peer('b', away), peer('c', away)],
    });
    expect(await within(await rowOf('a.jpg')).findByText('1 of 3 in reach')).toBeTruthy();
  });

  it('follows events: new, copied, gone', async () => {
    await show([file('old.txt')]);
    await rowOf('old.txt');
    fake.files = [file('new.txt'), file('old.txt')];
    fake.tell('file.uploaded', { files: [file('new.txt')] });
    const row = await rowOf('new.txt');
    expect(screen.getByText('2 files')).toBeTruthy();
    const replication = { target: 3, copies: 2, reachable: 2, state: 'replicating' } as const;
    fake.tell('file.replication', { files: [{ id: file('new.txt').id, path: 'new.txt', replication }] }, false);
    expect(await within(row).findByText('Copying · 2 of 3')).toBeTruthy();
    fake.files = [file('new.txt')];
    fake.tell('file.deleted', { files: [file('old.txt')] });
    await gone('old.txt');
  });

  it('rests again once a row that came is one of the others', async () => {
    await show([file('old.txt')]);
    await rowOf('old.txt');
    fake.files = [file('new.txt'), file('old.txt')];
    fake.tell('file.uploaded', { files: [file('new.txt')] });
    const row = await rowOf('new.txt');
    await waitFor(() => expect(row.classList.contains('fresh')).toBe(true));
    await waitFor(() => expect(row.classList.contains('fresh')).toBe(false), { timeout: 30_000 });
    let renders = 0;
    TestBed.runInInjectionContext(() => afterEveryRender(() => renders++));
    const { now } = TestBed.inject(Clock);
    const from = now();
    // Without `waitFor`, which looks over the page each time.
    while (now() - from <= 4000) await new Promise((done) => setTimeout(done, 50));
    // Not for each second: but for the ticks of ten seconds, and for an answer.
    expect(renders).toBeLessThanOrEqual(2);
  }, 90_000);

  it('says anew how folders are, once copies beneath them or the figures of the network turned', async () => {
    const replicating: WorstState = { state: 'replicating', reach: 'fewer' };
    const worstOf = (worst: WorstState) => (fake.folders = fake.folders.map((folder) => ({ ...folder, worst })));
    await show([], {}, ['music'], replicating);
    const row = await rowOf('music/');
    expect(await within(row).findByText('Copying')).toBeTruthy();
    const turned = (text: string) =>
      waitFor(() => {
        fake.answerLists();
        expect(within(row).getByText(text)).toBeTruthy();
      });
    // Nobody tells of a file: the figures turn.
    await fake.answerSoon('GET', routes.summary, summary({ safe: 0 }));
    const { storage, files: fileTotals, network } = node();
    fake.tell('node.status', { uptimeSeconds: 7200, storage, fileTotals, network, connectedPeers: 2 }, false);
    worstOf({ state: 'safe', reach: 'enough' });
    await waitFor(() => expect(fake.answer('GET', routes.summary, summary({ safe: 1 }))).toBeGreaterThan(0));
    await turned('All safe');

    worstOf(replicating);
    const replication = { target: 3, copies: 2, reachable: 2, state: 'replicating' } as const;
    fake.tell('file.replication', { files: [{ id: 'x', path: 'music/deep/a.mp3', replication }] }, false);
    await turned('Copying');
  });

  it('deletes a few without a question, and undoes it by the act', async () => {
    await show([file('doomed.txt')]);
    fireEvent.keyDown(await rowOf('doomed.txt'), { key: 'Delete' });
    fake.files = [];
    const request = await batch(allDone);
    expect(request).toEqual({
      op: 'delete',
      items: [{ id: file('doomed.txt').id, version: file('doomed.txt').version }],
    });
    await gone('doomed.txt');
    expect(await screen.findByText('Deleted “doomed.txt”.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    const call = await waitFor(() => {
      const [found] = fake.http.match((sent) => sent.url === `${routes.folders}/restore`);
      expect(found).toBeDefined();
      return found;
    });
    expect(call?.request.body).toEqual({ path: '', act: ACT, confirm: true });
    fake.files = [file('doomed.txt')];
    call?.flush({ act: 'b'.repeat(32), files: 1, bytes: 1, folders: 0, deleted: 0, skipped: [], skippedTotal: 0 });
    await rowOf('doomed.txt');
  });

  it('says why a deletion failed, and tries again', async () => {
    await show([file('kept.txt')]);
    fireEvent.keyDown(await rowOf('kept.txt'), { key: 'Delete' });
    const problem = { code: 'read-only-member', detail: 'This node may not delete.' };
    await fake.answerSoon('POST', routes.filesBatch, problem, 403);
    const [failure] = await failures(1);
    expect(failure).toMatchObject({ text: '“kept.txt” could not be deleted.', about: ['kept.txt'] });
    expect(failure?.problem).toMatchObject({ code: 'read-only-member', detail: 'This node may not delete.' });
    TestBed.inject(Failures).retry(failure!);
    await batch(allDone);
    expect(await failures(0)).toEqual([]);
  });

  it('names the version that was seen; a file that others changed since stays, one that is gone is gone', async () => {
    await show(['changed.txt', 'gone.txt'].map((path) => file(path)));
    fireEvent.keyDown(await rowOf('gone.txt'), { key: 'a', ctrlKey: true });
    fireEvent.click(within(await screen.findByRole('toolbar')).getByRole('button', { name: 'Delete' }));
    fake.files = [file('changed.txt')];
    const problem = (code: string, detail: string) => ({ code, detail });
    await batch(({ items = [] }) => [
      {
        id: items[0]?.id,
        path: 'changed.txt',
        status: 412,
        problem: problem('precondition-failed', 'It was changed since.'),
      },
      { id: items[1]?.id, path: 'gone.txt', status: 404, problem: problem('file-not-found', 'Gone.') },
    ]);
    const [failure] = await failures(1);
    expect(failure?.text).toBe('“changed.txt” could not be deleted.');
    expect(failure?.problem.detail).toBe('It was changed since.');
    await gone('gone.txt');
    await rowOf('changed.txt');
  });

  it('asks before very much goes, and again in the node’s own words', async () => {
    await show(Array.from({ length: 40 }, (_, n) => file(`f${n}.txt`)));
    fireEvent.keyDown(await rowOf('f0.txt'), { key: 'a', ctrlKey: true });
    fireEvent.keyDown(await rowOf('f0.txt'), { key: 'Delete' });
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText(/can be restored from Deleted/)).toBeTruthy();
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete 40 files' }));
    const problem = { code: 'mass-deletion', detail: 'confirm=true', deleted: 0, asked: 120, files: 150 };
    await fake.answerSoon('POST', routes.filesBatch, problem, 409);
    expect(await screen.findByText(/120 of 150 files would be deleted within a minute/)).toBeTruthy();
    expect(screen.queryByText(/confirm=true/)).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Delete them all' }));
    fake.files = [];
    expect((await batch(allDone)).confirm).toBe(true);
    await gone('f0.txt');
  });

  it('selects all that match, also those that are not here, and deletes them by the filter', async () => {
    await show(
      Array.from({ length: 700 }, (_, n) => file(`f${n}.txt`)),
      { in: 'many/' },
    );
    fireEvent.keyDown(await rowOf('f0.txt'), { key: 'a', ctrlKey: true });
    expect(await screen.findByText(/All 700 selected/)).toBeTruthy();
    fireEvent.click(within(screen.getByRole('toolbar')).getByRole('button', { name: 'Delete' }));
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete them all' }));
    const request = await batch(() => [{ id: 'f', path: 'p', status: 204 }]);
    expect(request).toEqual({ op: 'delete', filter: { prefix: 'many/' } });
  });

  it('renames by F2, in the same folder, with the version that was seen', async () => {
    await show([file('in/old.txt')], { in: 'in/' });
    fireEvent.keyDown(await rowOf('in/old.txt'), { key: 'F2' });
    const dialog = await screen.findByRole('dialog');
    fireEvent.input(within(dialog).getByLabelText('Name'), { target: { value: 'new.txt' } });
    fireEvent.click(await within(dialog).findByRole('button', { name: 'Rename' }));
    const request = await batch(({ items = [] }) => [{ id: items[0]?.id, path: 'in/new.txt', status: 200 }]);
    expect(request).toEqual({
      op: 'move',
      items: [{ id: file('in/old.txt').id, version: file('in/old.txt').version, path: 'in/new.txt' }],
    });
  });

  it('opens the menu of a row by the right button and by the keyboard', async () => {
    await show([file('a.txt')]);
    fireEvent.contextMenu(await rowOf('a.txt'));
    expect(await screen.findByRole('menuitem', { name: /Move to/ })).toBeTruthy();
    fireEvent.keyDown(screen.getByRole('menu'), { key: 'Escape', keyCode: 27 });
    await waitFor(() => expect(screen.queryByRole('menu')).toBeNull());
    fireEvent.keyDown(await rowOf('a.txt'), { key: 'F10', shiftKey: true });
    expect(await screen.findByRole('menuitem', { name: /Rename/ })).toBeTruthy();
  });

  it('restores deleted files', async () => {
    await show([file('back.txt', { deleted: true })], { show: 'deleted' });
    fireEvent.keyDown(await rowOf('back.txt'), { key: ' ' });
    fireEvent.click(within(await screen.findByRole('toolbar')).getByRole('button', { name: 'Restore' }));
    expect((await batch(allDone)).op).toBe('restore');
    expect(await screen.findByText('Restored “back.txt”.')).toBeTruthy();
  });

  it('says so when the file that is looked at is deleted elsewhere', async () => {
    await show([file('seen.txt')], { file: file('seen.txt').id });
    const id = file('seen.txt').id;
    await fake.answerSoon('GET', routes.file(id), file('seen.txt'));
    const details = await screen.findByLabelText('Details of the file');
    expect(await within(details).findByText('seen.txt')).toBeTruthy();
    fake.tell('file.deleted', { files: [file('seen.txt')] });
    await fake.answerSoon('GET', routes.file(id), { code: 'file-not-found', detail: 'Deleted.' }, 404);
    expect(await within(details).findByText(/was deleted or moved meanwhile/)).toBeTruthy();
    expect(within(details).queryByRole('button', { name: 'Download' })).toBeNull();
  });

  it('selects by the keyboard', async () => {
    await show([file('a.txt'), file('b.txt')]);
    fireEvent.keyDown(await rowOf('a.txt'), { key: ' ' });
    expect((await screen.findByRole('toolbar')).textContent).toMatch(/1 selected\s+· 1.23 kB/);
    fireEvent.keyDown(await rowOf('a.txt'), { key: 'a', ctrlKey: true });
    await waitFor(() => expect(screen.getByRole('toolbar').textContent).toMatch(/2 selected\s+· 2.47 kB/));
    fireEvent.keyDown(await rowOf('a.txt'), { key: 'Escape' });
    await waitFor(() => expect(screen.queryByRole('toolbar')).toBeNull());
  });

  it('shows who holds a file, as the list of peers has them', async () => {
    await show([file('held.txt')], { file: file('held.txt').id });
    const id = file('held.txt').id;
    await fake.answerSoon('GET', routes.file(id), file('held.txt'));
    const holders = [
      { peerId: 'peer-self', name: 'anna', live: true, reachable: true, self: true },
      { peerId: 'peer-away', name: 'berta', live: true, reachable: false, self: false },
    ];
    await fake.answerSoon('GET', routes.fileHolders(id), {
      extents: [
        { index: 0, holders },
        { index: 1, holders: holders.slice(0, 1) },
      ],
    });
    await fake.answerSoon('GET', routes.fileChunks(id), {
      items: [{ id: 'c', offset: 0, size: 1, here: true }],
      nextCursor: null,
      total: 37,
    });
    const details = await screen.findByLabelText('Details of the file');
    expect((await within(details).findAllByText(/37 chunks/)).length).toBeGreaterThan(0);
    expect(within(details).getByText('berta')).toBeTruthy();
    expect(within(details).getByText('1 of 2 parts · out of reach')).toBeTruthy();
    expect(within(details).getByText('content-of-held.txt')).toBeTruthy();

    // As many copies as before, on other nodes: asked anew, and what was known stays meanwhile.
    fake.tell('file.states', { asOf: new Date().toISOString() }, false);
    const moved = [{ peerId: 'peer-c', name: 'carla', live: true, reachable: true, self: false }];
    const call = await waitFor(() => {
      const [found] = fake.http.match((request) => request.url === routes.fileHolders(id));
      expect(found).toBeDefined();
      return found;
    });
    expect(within(details).getByText('berta')).toBeTruthy();
    call?.flush({ extents: [{ index: 0, holders: moved }] });
    expect(await within(details).findByText('carla')).toBeTruthy();
  });

  it('says what went wrong with the list, and reads again when told', async () => {
    fake = new FakeNode();
    await render(FilesPage, { providers: fake.providers });
    await fake.signIn();
    const problem = { code: 'forbidden', detail: 'Not with this token.', requestId: 'r-77' };
    await fake.answerSoon('GET', routes.files, problem, 403);
    expect(await screen.findByText('Not with this token.')).toBeTruthy();
    expect(screen.getByText('forbidden · r-77')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    fake.files = [file('a.txt')];
    await rowOf('a.txt');
  });
});
