import { render, screen, waitFor, within } from '@testing-library/angular';
import { fireEvent } from '@testing-library/dom';
import { routes, type LiveFolderEstimate, type LiveFolderInfo } from '@dfs/contracts';
import { FakeNode } from '../../testing/fake-node.js';
import { directoryIn, lastNameOf, standingOf } from './folder-words.js';
import { FoldersPage } from './folders-page.js';

const folder = (name: string, more: Partial<LiveFolderInfo> = {}): LiveFolderInfo => ({
  id: `id-of-${name}`,
  name,
  root: `/disk/${name}`,
  prefix: name,
  mode: 'both',
  ignore: [],
  paused: false,
  pausedUntil: null,
  state: 'up-to-date',
  reason: null,
  detail: null,
  files: 12,
  bytes: 3400,
  in: { files: 1, bytes: 100 },
  out: { files: 2, bytes: 200 },
  held: 0,
  issues: 0,
  lastPassAt: new Date().toISOString(),
  boundAt: '2026-11-22T12:00:00.000Z',
  ...more,
});
const estimate: LiveFolderEstimate = {
  files: 3,
  bytes: 5000,
  directories: 1,
  diskCost: 5000,
  others: 0,
  ignored: { files: 2, bytes: 70, examples: ['a.tmp', '.DS_Store'] },
  unknown: [],
  network: { files: 4, bytes: 6000 },
};

describe('FoldersPage', () => {
  let fake: FakeNode;

  const show = async (items: LiveFolderInfo[]) => {
    fake = new FakeNode();
    await render(FoldersPage, { providers: fake.providers });
    await fake.signIn();
    // The stream of events comes to life meanwhile, and has the list read again: an answer may come for nothing.
    await waitFor(() => {
      fake.answer('GET', routes.liveFolders, { items });
      expect(screen.queryByText('Loading')).toBeNull();
    });
  };
  const card = (name: string) => within(screen.getByRole('article', { name }));
  const press = (within_: ReturnType<typeof within>, name: string) =>
    fireEvent.click(within_.getByRole('button', { name }));
  const choose = async (name: string, item: string) => {
    press(card(name), `More for ${name}`);
    fireEvent.click(await screen.findByRole('menuitem', { name: item }));
  };
  const dialog = async (heading: string) => within(await screen.findByRole('dialog', { name: heading }));
  /** Waits for a call, checks what it says, and answers it. */
  const expectCall = (method: string, url: string, body: unknown, answer: object | null) =>
    waitFor(() => {
      const [call] = fake.http.match((request) => request.method === method && request.url === url);
      expect(call?.request.body).toEqual(body);
      call?.flush(answer);
    });
  /** Lists are read again at any moment: each read is answered until the page shows what was told. */
  const answerUntil = (url: string, body: object, shown: () => unknown) =>
    waitFor(() => {
      fake.answer('GET', url, body);
      expect(shown()).toBeTruthy();
    });
  afterEach(() => fake.events.stop());

  it('shows how each folder stands, with the sentence of its reason', async () => {
    const detail = 'The directory is not there: connect the disk.';
    const lost = folder('lost', { state: 'paused', reason: 'root-missing', detail, lastPassAt: null });
    await show([folder('photos'), lost]);
    expect(screen.getByText('2 folders, 1 up to date')).toBeTruthy();
    expect(card('photos').getByText('Up to date')).toBeTruthy();
    expect(card('photos').getByText('12 files, 3.4 kB')).toBeTruthy();
    expect(card('lost').getByText(detail)).toBeTruthy();
    expect(card('lost').getByText('none yet')).toBeTruthy();
    expect(card('lost').queryByRole('button', { name: 'Relink' })).toBeNull();
  });

  it('reads again when an event tells of a folder', async () => {
    await show([folder('photos', { state: 'syncing' })]);
    expect(card('photos').getByText('Syncing')).toBeTruthy();
    const data = { id: 'id-of-photos', name: 'photos', state: 'up-to-date', reason: null, detail: null } as const;
    fake.tell('folder.state', { folder: data });
    const items = [folder('photos')];
    await answerUntil(routes.liveFolders, { items }, () => card('photos').queryByText('Up to date'));
  });

  it('binds a directory after it was told what that comes to', async () => {
    await show([]);
    fireEvent.click(screen.getByRole('button', { name: 'Bind a directory' }));
    const asked = await dialog('Bind a directory');
    await fake.answerSoon('GET', routes.liveFolderRoots, { path: null, directories: ['/home/me/DFS'] });
    fireEvent.click(await asked.findByRole('button', { name: '/home/me/DFS' }));
    await fake.answerSoon('GET', routes.liveFolderRoots, { path: '/home/me/DFS', directories: ['music'] });
    fireEvent.click(await asked.findByRole('button', { name: 'music' }));
    const bind = asked.getByRole('button', { name: 'Bind' });
    expect(bind.hasAttribute('disabled')).toBe(true);
    const wanted = { root: '/home/me/DFS/music', prefix: 'music', ignore: [] };
    await expectCall('POST', routes.liveFolderEstimate, wanted, estimate);
    expect(await asked.findByText('3 files, 5 kB')).toBeTruthy();
    expect(asked.getByText(/^Twice the disk/)).toBeTruthy();
    expect(asked.getByText('a.tmp, .DS_Store')).toBeTruthy();
    fireEvent.click(asked.getByRole('radio', { name: /^Receive only/ }));
    await waitFor(() => expect(bind.hasAttribute('disabled')).toBe(false));
    fireEvent.click(bind);
    await expectCall('POST', routes.liveFolders, { ...wanted, mode: 'receive' }, folder('music'));
    const items = [folder('music')];
    await answerUntil(routes.liveFolders, { items }, () => screen.queryByRole('article', { name: 'music' }));
  });

  it('does not bind where the node refuses the estimate', async () => {
    await show([]);
    fireEvent.click(screen.getByRole('button', { name: 'Bind a directory' }));
    const asked = await dialog('Bind a directory');
    await fake.answerSoon('GET', routes.liveFolderRoots, { path: null, directories: ['/d'] });
    fireEvent.click(await asked.findByRole('button', { name: '/d' }));
    const refusal = { code: 'folder-overlap', detail: 'The live folder photos has it.' };
    await fake.answerSoon('POST', routes.liveFolderEstimate, refusal, 409);
    expect(await asked.findByText('The live folder photos has it.')).toBeTruthy();
    expect(asked.getByRole('button', { name: 'Bind' }).hasAttribute('disabled')).toBe(true);
  });

  it('pauses, resumes and scans', async () => {
    await show([folder('photos'), folder('rest', { paused: true, state: 'paused', reason: 'asked' })]);
    press(card('photos'), 'Pause');
    await expectCall('PATCH', routes.liveFolder('id-of-photos'), { paused: true }, folder('photos'));
    press(card('rest'), 'Resume');
    await expectCall('PATCH', routes.liveFolder('id-of-rest'), { paused: false }, folder('rest'));
    press(card('photos'), 'Scan now');
    await expectCall('POST', routes.liveFolderScan('id-of-photos'), null, folder('photos'));
  });

  it('pauses all for an hour, says until when, and lets them go on sooner', async () => {
    const asked = { paused: true, state: 'paused', reason: 'asked' } as const;
    const until = '2026-11-30T15:40:00.000Z';
    const rest = folder('rest', asked);
    const pausing = { items: [folder('photos', { ...asked, pausedUntil: until }), rest] };
    await show([folder('photos'), rest]);
    fireEvent.click(screen.getByRole('button', { name: 'Pause all for an hour' }));
    await expectCall('POST', routes.liveFolderPause, { seconds: 3600 }, pausing);
    await answerUntil(routes.liveFolders, pausing, () => card('photos').getByText(/^Paused until \d+:\d\d/));
    expect(card('rest').getByText('Paused')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Go on with all' }));
    await expectCall('POST', routes.liveFolderPause, { seconds: 0 }, { items: [folder('photos'), rest] });
    const offered = () => screen.queryByRole('button', { name: 'Pause all for an hour' });
    await answerUntil(routes.liveFolders, { items: [folder('photos'), rest] }, offered);
  });

  it('asks for held deletions by name: put back at once, deleted after a question', async () => {
    await show([folder('photos', { state: 'held', held: 2 })]);
    const hold = { id: 'h', heldAt: new Date().toISOString(), count: 2, paths: ['photos/a.jpg', 'photos/b.jpg'] };
    press(card('photos'), '2 deletions to answer');
    const asked = await dialog('Were these deleted on purpose?');
    const url = routes.liveFolderHeld('id-of-photos');
    await answerUntil(url, { items: [hold] }, () => asked.queryByText('photos/a.jpg'));
    press(asked, 'Delete in the network too');
    const sure = await dialog('Delete 2 files in the network too?');
    expect(sure.getByText('photos/b.jpg')).toBeTruthy();
    press(sure, 'Cancel');
    await waitFor(() => expect(screen.getAllByRole('dialog')).toHaveLength(1));
    fake.http.expectNone(routes.liveFolderHold('id-of-photos', 'h'));
    press(asked, 'Put back on the disk');
    await expectCall('POST', routes.liveFolderHold('id-of-photos', 'h'), { action: 'restore' }, { count: 2 });
    await answerUntil(url, { items: [] }, () => asked.queryByText('No deletion waits for an answer.'));
  });

  it('lists issues, and settles those of one kind together', async () => {
    await show([folder('photos', { mode: 'receive', issues: 2 })]);
    press(card('photos'), '2 issues');
    const asked = await dialog('Issues of photos');
    const since = new Date().toISOString();
    const page = {
      items: [
        { kind: 'local-change', path: 'a.txt', detail: 'It stands until the network changes it.', since },
        { kind: 'unreadable', path: 'b.txt', detail: 'The disk refused.', since },
      ],
      nextCursor: null,
    };
    const shown = () => asked.queryByText('Cannot be read. The disk refused.');
    await answerUntil(routes.liveFolderIssues('id-of-photos'), page, shown);
    press(asked, 'Undo the changes on the disk (1)');
    press(await dialog('Undo the changes of 1 file on the disk?'), 'Undo on the disk');
    await expectCall('POST', routes.liveFolderRevert('id-of-photos'), { paths: ['a.txt'] }, { count: 1 });
  });

  it('restores from the trash, and empties it after one question', async () => {
    await show([folder('photos')]);
    await choose('photos', 'Trash');
    const asked = await dialog('Trash of photos');
    const url = routes.liveFolderTrash('id-of-photos');
    const entry = {
      id: 't1',
      path: 'a.txt',
      reason: 'replaced',
      contentId: null,
      size: 7,
      at: new Date().toISOString(),
    };
    const restore = () => asked.queryByRole('button', { name: 'Restore a.txt' });
    await answerUntil(url, { items: [entry], nextCursor: null }, restore);
    press(asked, 'Restore a.txt');
    await expectCall('POST', url, { id: 't1' }, { path: 'a.txt' });
    press(asked, 'Empty the trash');
    press(await dialog('Empty the trash of photos?'), 'Empty the trash');
    await fake.answerSoon('DELETE', url, { files: 1, bytes: 7 });
    await answerUntil(url, { items: [], nextCursor: null }, () => asked.queryByText('The trash is empty.'));
  });

  it('offers the answers that belong to the reason', async () => {
    const marker = folder('old', { state: 'paused', reason: 'marker-missing', detail: 'The marker is gone.' });
    const gone = folder('gone', { state: 'paused', reason: 'prefix-gone', detail: 'Others moved it.', movedTo: 'new' });
    await show([marker, gone]);
    press(card('old'), 'Relink');
    press(await dialog('Is this directory still old?'), 'Relink');
    await expectCall('POST', routes.liveFolderRelink('id-of-old'), null, folder('old'));
    press(card('gone'), 'Follow to new');
    await expectCall('PATCH', routes.liveFolder('id-of-gone'), { prefixGone: 'follow' }, folder('gone'));
    press(card('gone'), 'Empty the folder too');
    press(await dialog('Empty the directory of gone too?'), 'Empty the folder too');
    await expectCall('PATCH', routes.liveFolder('id-of-gone'), { prefixGone: 'empty' }, folder('gone'));
    press(card('gone'), 'Detach');
    expect((await dialog('Remove the live folder gone?')).getByText(/^No file on either side is touched/)).toBeTruthy();
  });

  it('removes the binding after one question', async () => {
    await show([folder('photos')]);
    await choose('photos', 'Remove');
    press(await dialog('Remove the live folder photos?'), 'Remove');
    await expectCall('DELETE', routes.liveFolder('id-of-photos'), null, null);
    const heading = () => screen.queryByText('A folder on your disk, in the network');
    await answerUntil(routes.liveFolders, { items: [] }, heading);
  });
});

describe('words of live folders', () => {
  it('are green for nothing but an up-to-date folder of a node in reach', () => {
    const states = ['scanning', 'up-to-date', 'syncing', 'paused', 'held', 'error'] as const;
    const green = states.filter((state) => standingOf(folder('a', { state }), true).tone === 'ok');
    expect(green).toEqual(['up-to-date']);
    expect(standingOf(folder('a'), false).tone).toBe('quiet');
  });

  it('writes directories as the node’s system does', () => {
    expect(directoryIn('/home/me', 'DFS')).toBe('/home/me/DFS');
    expect(directoryIn('/', 'srv')).toBe('/srv');
    expect(directoryIn('D:\\data', 'music')).toBe('D:\\data\\music');
    expect(lastNameOf('D:\\data\\music')).toBe('music');
    expect(lastNameOf('/home/me/DFS/')).toBe('DFS');
  });
});
