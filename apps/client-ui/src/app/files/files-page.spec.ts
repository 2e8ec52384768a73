import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type FileInfo } from '@dfs/contracts';
import { FakeNode, file } from '../../testing/fake-node.js';
import { FilesPage } from './files-page.js';

/** jsdom has no layout: rows are seen only if there is room for them. */
beforeAll(() => {
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => 600 });
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => 1000 });
  HTMLElement.prototype.scrollTo = () => undefined;
  window.matchMedia ??= (query: string) =>
    ({ media: query, matches: false, addListener: () => undefined, removeListener: () => undefined }) as never;
});

describe('FilesPage', () => {
  let fake: FakeNode;

  const show = async (
    files: FileInfo[],
    inputs: Partial<Record<'in' | 'q' | 'sort' | 'file', string>> = {},
    folders: string[] = [],
  ) => {
    fake = new FakeNode();
    fake.folders = folders.map((name) => ({
      name,
      path: `${name}/`,
      files: 2,
      bytes: 2000,
      newest: null,
      worst: null,
    }));
    const view = await render(FilesPage, { providers: fake.providers, inputs });
    await fake.signIn();
    await fake.answerSoon('GET', routes.files, { items: files, nextCursor: null, total: files.length });
    return view;
  };
  const rowOf = async (path: string) => {
    const find = () =>
      [...document.querySelectorAll<HTMLElement>('[role=row]')].find((row) => row.dataset['path'] === path) ?? null;
    await waitFor(() => expect(find()).not.toBeNull());
    return find() as HTMLElement;
  };
  const deleted = (...paths: string[]) => ({
    results: paths.map((path) => ({ id: file(path).id, path, status: 204 })),
  });
  afterEach(() => fake.events.stop());

  it('teaches what to do when there is nothing', async () => {
    await show([]);
    expect(await screen.findByText('No files yet')).toBeTruthy();
    expect(screen.getByText(/Drop files or folders anywhere/)).toBeTruthy();
  });

  it('shows names as text, whatever they are', async () => {
    const names = ['<img src=x onerror=alert(1)>.html', 'עברית.txt', 'a\u202Egpj.exe', 'x'.repeat(1000)];
    await show(names.map((name) => file(name)));
    await screen.findByText('<img src=x onerror=alert(1)>.html');
    expect(document.querySelector('img')).toBeNull();
    expect(screen.getByText('a□gpj.exe').getAttribute('dir')).toBe('auto');
    expect(screen.getByText('x'.repeat(1000))).toBeTruthy();
  });

  it('shows size, copies and folder of each', async () => {
    await show([file('photos/2026/a.jpg', { replication: { target: 3, copies: 1, reachable: 1, state: 'at-risk' } })]);
    const row = await rowOf('photos/2026/a.jpg');
    expect(within(row).getByText('a.jpg')).toBeTruthy();
    expect(within(row).getByText('1.23 kB')).toBeTruthy();
    expect(within(row).getByText('At risk · 1 of 3')).toBeTruthy();
    expect(within(row).getByRole('button', { name: 'Open the folder photos/2026' })).toBeTruthy();
  });

  it('offers the folders that the node tells, however few of their files are in the list', async () => {
    const names = Array.from({ length: 31 }, (_, n) => `folder ${String(n).padStart(2, '0')}`);
    await show([file('folder 30/newest.txt')], {}, names);
    const list = await screen.findByRole('list', { name: 'Folders' });
    expect(within(list).getByText('folder 00')).toBeTruthy();
    expect(within(list).getByRole('button', { name: 'folder 23' }).title).toBe('2 files, 2 kB');
    expect(within(list).queryByText('folder 30')).toBeNull();
    fireEvent.click(within(list).getByRole('button', { name: '7 more…' }));
    await waitFor(() => {
      fake.answer('GET', 'nothing else', null);
      expect(screen.getByText('folder 30')).toBeTruthy();
    });
    expect(screen.queryByText(/more…/)).toBeNull();
    fake.folders = [{ name: 'new', path: 'new/', files: 1, bytes: 1, newest: null, worst: null }];
    fake.tell('file.uploaded', { files: [file('new/a.txt')] });
    await waitFor(() => {
      fake.answer('GET', 'nothing else', null);
      expect(within(screen.getByRole('list', { name: 'Folders' })).getByText('new')).toBeTruthy();
    });
  });

  it('follows events: new, copied, gone', async () => {
    await show([file('old.txt')]);
    await rowOf('old.txt');
    fake.tell('file.uploaded', { files: [file('new.txt')] });
    const row = await rowOf('new.txt');
    expect(within(row).getByText('Checking')).toBeTruthy();
    expect(screen.getByText('2 files')).toBeTruthy();
    const replication = { target: 3, copies: 2, reachable: 2, state: 'replicating' } as const;
    fake.tell('file.replication', { files: [{ id: file('new.txt').id, path: 'new.txt', replication }] }, false);
    expect(await within(row).findByText('Copying · 2 of 3')).toBeTruthy();
    fake.tell('file.deleted', { files: [file('old.txt')] });
    await waitFor(() => expect(screen.queryByText('old.txt')).toBeNull());
  });

  it('asks before it deletes, and says what it means', async () => {
    await show([file('doomed.txt')]);
    fireEvent.click(within(await rowOf('doomed.txt')).getByRole('button', { name: 'Delete doomed.txt' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText(/deleted on every node of the network/)).toBeTruthy();
    fireEvent.click(within(dialog).getByRole('button', { name: 'Delete everywhere' }));
    await fake.answerSoon('POST', routes.filesBatch, deleted('doomed.txt'), 207);
    await waitFor(() => expect(document.querySelector('[data-path="doomed.txt"]')).toBeNull());
    expect(await screen.findByText(/Deleted “doomed.txt”/)).toBeTruthy();
  });

  it('says why a deletion failed, and tries again', async () => {
    await show([file('kept.txt')]);
    fireEvent.click(within(await rowOf('kept.txt')).getByRole('button', { name: 'Delete kept.txt' }));
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete everywhere' }));
    const problem = { code: 'read-only-member', detail: 'This node may not delete.' };
    await fake.answerSoon('POST', routes.filesBatch, problem, 403);
    expect(await screen.findByText(/1 file could not be deleted.*This node may not delete/)).toBeTruthy();
    fireEvent.click(await screen.findByRole('button', { name: 'Try again' }));
    await fake.answerSoon('POST', routes.filesBatch, deleted('kept.txt'), 207);
  });

  it('names the version that was seen; a file that others changed since stays, one that is gone is gone', async () => {
    await show(['changed.txt', 'gone.txt'].map((path) => file(path)));
    fireEvent.keyDown(await rowOf('gone.txt'), { key: 'a', ctrlKey: true });
    fireEvent.click(within(await screen.findByRole('toolbar')).getByRole('button', { name: 'Delete' }));
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete 2 files' }));
    const call = await waitFor(() => {
      const [found] = fake.http.match((request) => request.url === routes.filesBatch);
      expect(found).toBeDefined();
      return found;
    });
    expect(call?.request.body).toEqual({
      op: 'delete',
      items: ['changed.txt', 'gone.txt'].map((path) => ({ id: file(path).id, version: file(path).version })),
    });
    call?.flush(
      {
        results: [
          {
            id: file('changed.txt').id,
            path: 'changed.txt',
            status: 412,
            problem: { code: 'precondition-failed', detail: 'The file was changed since.' },
          },
          {
            id: file('gone.txt').id,
            path: 'gone.txt',
            status: 404,
            problem: { code: 'file-not-found', detail: 'Gone.' },
          },
        ],
      },
      { status: 207, statusText: 'Multi-Status' },
    );
    expect(await screen.findByText(/1 file could not be deleted.*changed since/)).toBeTruthy();
    await waitFor(() => expect(document.querySelector('[data-path="gone.txt"]')).toBeNull());
    expect(document.querySelector('[data-path="changed.txt"]')).not.toBeNull();
  });

  it('asks again before most of the files go, in its own words', async () => {
    await show([file('one.txt')]);
    fireEvent.click(within(await rowOf('one.txt')).getByRole('button', { name: 'Delete one.txt' }));
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete everywhere' }));
    const problem = { code: 'mass-deletion', detail: 'confirm=true', deleted: 0, asked: 120, files: 150 };
    await fake.answerSoon('POST', routes.filesBatch, problem, 409);
    expect(await screen.findByText(/120 of 150 files would be deleted within a minute/)).toBeTruthy();
    expect(screen.queryByText(/confirm=true/)).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Delete them all' }));
    await fake.answerSoon('POST', routes.filesBatch, deleted('one.txt'), 207);
    await waitFor(() => expect(document.querySelector('[data-path="one.txt"]')).toBeNull());
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
    expect(await screen.findByText('1 selected · 1.23 kB')).toBeTruthy();
    fireEvent.keyDown(await rowOf('a.txt'), { key: 'a', ctrlKey: true });
    expect(await screen.findByText('2 selected · 2.47 kB')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Select nothing' }));
    await waitFor(() => expect(screen.queryByRole('toolbar')).toBeNull());
  });

  it('shows who holds a file', async () => {
    await show([file('held.txt')], { file: file('held.txt').id });
    const id = file('held.txt').id;
    await fake.answerSoon('GET', routes.file(id), file('held.txt'));
    const holders = [
      { peerId: 'p1', name: 'anna', live: true, reachable: true, self: true },
      { peerId: 'p2', name: 'berta', live: false, reachable: false, self: false },
    ];
    await fake.answerSoon('GET', routes.fileHolders(id), {
      extents: [
        { index: 0, holders },
        { index: 1, holders: holders.slice(0, 1) },
      ],
    });
    await fake.answerSoon('GET', routes.fileChunks(id), { items: [], nextCursor: null, total: 37 });
    const details = await screen.findByLabelText('Details of the file');
    expect(await within(details).findByText('37 chunks')).toBeTruthy();
    expect(within(details).getByText('berta')).toBeTruthy();
    expect(within(details).getByText('1 of 2 parts')).toBeTruthy();
    expect(within(details).getByText('content-of-held.txt')).toBeTruthy();
  });

  it('says what went wrong with the list, and reads again when told', async () => {
    fake = new FakeNode();
    await render(FilesPage, { providers: fake.providers });
    await fake.signIn();
    await fake.answerSoon(
      'GET',
      routes.files,
      { code: 'forbidden', detail: 'Not with this token.', requestId: 'r-77' },
      403,
    );
    expect(await screen.findByText('Not with this token.')).toBeTruthy();
    expect(screen.getByText('r-77')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await fake.answerSoon('GET', routes.files, { items: [file('a.txt')], nextCursor: null, total: 1 });
    await rowOf('a.txt');
  });
});
