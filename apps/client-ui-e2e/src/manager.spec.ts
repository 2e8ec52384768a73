import { eventually, startEngine, startNetwork, type Engine } from '@dfs/testing';
import type { FileList } from '@dfs/contracts';
import { screenshot } from './browser.js';
import { Desk } from './desk.suite.js';
import { formOf } from './forms.js';

/** Enough that no two of its pages are beside each other. */
const MANY = 1500;
/** Paths with two contents. */
const CONFLICTS = [
  ...['both.txt', 'one.txt', 'docs/one.txt', 'docs/two.txt'],
  ...['theirs/one.txt', 'theirs/two.txt', 'newest/one.txt', 'apart/one.txt'],
];

describe('the file manager', () => {
  const desk = Desk.with(withConflicts, { tab: { acceptDownloads: true } });
  const node = (index: number) => desk.node(index);
  const list = (query: string) => node(0).json<FileList>(`/files?limit=1000${query}`);
  const paths = async (prefix: string) =>
    (await list(`&prefix=${encodeURIComponent(prefix)}`)).items.map((f) => f.path);

  it('makes, renames, moves and copies; each can be undone', async () => {
    await node(0).put('work/draft.txt', 'one');
    await node(0).put('work/notes/a.txt', 'two');
    await desk.ui.folder(node(0).url, 'work/');
    await desk.page.getByRole('button', { name: 'New folder' }).click();
    await desk.ui.name('done', 'Create');
    await desk.ui.row('work/done/').waitFor();

    await desk.ui.row('work/draft.txt').focus();
    await desk.page.keyboard.press('F2');
    await desk.ui.name('final.txt', 'Rename');
    await desk.ui.row('work/final.txt').waitFor();

    await desk.ui.act('work/notes/', 'Rename');
    await desk.ui.name('papers', 'Rename');
    await desk.ui.row('work/papers/').waitFor();
    await eventually(async () => (await paths('work/papers/')).join() === 'work/papers/a.txt');

    await desk.ui.row('work/final.txt').click({ button: 'right', position: { x: 200, y: 10 } });
    await desk.page.getByRole('menuitem', { name: 'Move to…' }).click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'done' }).click();
    await screenshot(desk.page, 'move-to');
    await desk.ui.keepMessages();
    await dialog.getByRole('button', { name: 'Move here' }).click();
    await desk.ui.said('Moved “final.txt”.');
    await desk.ui.undo(() => eventually(async () => (await paths('work/done/')).join() === 'work/done/final.txt'));
    await eventually(async () => (await paths('work/')).includes('work/final.txt'));

    // By the mouse: into a folder, and to a folder on the way up.
    await desk.ui.shows(['work/done/', 'work/papers/', 'work/final.txt']);
    await desk.ui.row('work/final.txt').dragTo(desk.ui.row('work/done/'));
    await desk.ui.row('work/final.txt').waitFor({ state: 'detached' });
    await eventually(async () => (await paths('work/done/')).join() === 'work/done/final.txt');
    await desk.ui.row('work/done/').click();
    const way = desk.page.getByRole('navigation', { name: 'Folder' });
    await desk.ui.row('work/done/final.txt').dragTo(way.getByRole('button', { name: 'work' }));
    await desk.ui.row('work/done/final.txt').waitFor({ state: 'detached' });
    await way.getByRole('button', { name: 'work' }).click();

    await desk.ui.row('work/final.txt').focus();
    await desk.page.keyboard.press('Control+c');
    await desk.page.keyboard.press('Control+v');
    await desk.ui.row('work/final (copy).txt').waitFor();
    await desk.ui.row('work/papers/').focus();
    await desk.page.keyboard.press('Control+x');
    await desk.page.keyboard.press('Backspace');
    await desk.page.getByRole('heading', { level: 1, name: 'Files' }).waitFor();
    await desk.page.getByRole('button', { name: 'Paste here' }).click();
    await eventually(async () => (await paths('papers/')).join() === 'papers/a.txt');
    expect(desk.tab.complaints).toEqual([]);
  });

  it('deletes with undo, keeps what was deleted, and brings it back', async () => {
    for (const name of ['a', 'b', 'c']) await node(0).put(`bin/${name}.txt`, name);
    await desk.ui.folder(node(0).url, 'bin/');
    await desk.ui.row('bin/a.txt').waitFor();
    await desk.ui.keepMessages();
    await desk.ui.delete('bin/a.txt');
    await desk.ui.undo();
    await desk.ui.row('bin/a.txt').waitFor();
    await desk.ui.row('bin/b.txt').focus();
    await desk.page.keyboard.press('Control+a');
    await desk.page.keyboard.press('Delete');
    await desk.page.getByText('This folder is empty').waitFor();
    await desk.page.getByRole('button', { name: 'Deleted', exact: true }).click();
    await desk.ui.row('bin/c.txt').waitFor();
    await screenshot(desk.page, 'deleted');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await desk.ui.act('bin/c.txt', 'Restore');
    await desk.ui.said('Restored “c.txt”.');
    await eventually(async () => (await paths('bin/')).join() === 'bin/c.txt');
    // All of it as it was before: with a look at what would change.
    await desk.page.getByRole('group', { name: 'Which files' }).getByRole('button', { name: 'Files' }).click();
    await desk.page.getByRole('button', { name: 'Restore as it was…' }).click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByRole('button', { name: '1 hour ago' }).click();
    await dialog.getByText(/would be deleted/).waitFor();
    await dialog.getByRole('list', { name: 'What would change' }).getByText('bin/c.txt').waitFor();
    await screenshot(desk.page, 'restore-as-it-was');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await paths('bin/')).toEqual(['bin/c.txt']);
    // An hour ago there was none; and that can be undone.
    await desk.page.getByRole('button', { name: 'Restore as it was…' }).click();
    await dialog.getByRole('button', { name: '1 hour ago' }).click();
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
    await desk.ui.said('0 files brought back, 1 file deleted.');
    await desk.ui.undo(() => eventually(async () => (await paths('bin/')).length === 0, { what: 'none, as then' }));
    await desk.ui.row('bin/c.txt').waitFor();
    expect(await paths('bin/')).toEqual(['bin/c.txt']);
  });

  it('settles conflicts: one by keeping both or one side, a folder at once by each rule', async () => {
    const left = async (count: number): Promise<void> => {
      const isSo = async () => (await list('&state=conflict')).total === count;
      await eventually(isSo, { what: `${count} conflicts` });
    };
    const contentOf = async (path: string): Promise<string> =>
      (await node(0).fetch(`/files/content?path=${encodeURIComponent(path)}`)).text();
    await left(CONFLICTS.length);
    await desk.ui.row('both.txt').getByText('Conflict').waitFor();
    const details = await desk.ui.details('both.txt');
    await details.getByRole('region', { name: 'Conflict' }).getByText('node-d').waitFor();
    await screenshot(desk.page, 'conflict');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await details.getByRole('button', { name: 'Keep both under their own names' }).click();
    await left(CONFLICTS.length - 1);
    await eventually(async () => (await list('&q=both')).items.length === 2, { what: 'both are there' });
    await details.getByRole('region', { name: 'Conflict' }).waitFor({ state: 'detached' });
    // Once the row of the other has come: it moves those below, one of which is clicked.
    for (const { path } of (await list('&q=both')).items) await desk.ui.row(path).waitFor();
    const one = await desk.ui.details('one.txt');
    await one.getByRole('heading', { name: 'one.txt' }).waitFor();
    await one.getByRole('button', { name: 'Keep this: the version by node-d' }).click();
    await left(CONFLICTS.length - 2);
    expect(await contentOf('one.txt')).toBe('by the one who joined');
    await desk.page.keyboard.press('Escape');
    /** All of a folder. */
    const settle = async (folder: string, rule: RegExp, said: string): Promise<void> => {
      await desk.ui.folder(node(0).url, folder);
      await desk.page.getByRole('button', { name: 'Conflicts' }).click();
      await desk.ui.row(`${folder}one.txt`).waitFor();
      await desk.page.getByRole('button', { name: 'Settle all' }).click();
      await desk.page.getByRole('menuitem', { name: rule }).click();
      await desk.ui.said(said);
      await desk.page.getByText('No conflicts').waitFor();
    };
    await settle('docs/', /^Mine/, 'Settled 2 conflicts.');
    await settle('theirs/', /^Theirs/, 'Settled 2 conflicts.');
    await settle('newest/', /^Newest/, 'Settled 1 conflict.');
    await settle('apart/', /^Both/, 'Settled 1 conflict.');
    await left(0);
    expect(await contentOf('docs/one.txt')).toBe('by the founder');
    expect(await contentOf('theirs/two.txt')).toBe('by the one who joined');
    expect(await contentOf('newest/one.txt')).toBe('by the founder');
    const apart = (await list('&prefix=apart/')).items;
    expect(apart).toHaveLength(2);
    expect((await Promise.all(apart.map(({ path }) => contentOf(path)))).sort()).toEqual([
      'by the founder',
      'by the one who joined',
    ]);
  });

  it('is green only where enough copies can be reached', async () => {
    const info = await node(0).put('precious.txt', 'in three places');
    await eventually(async () => (await node(0).file(info.id)).replication.state === 'safe');
    await desk.ui.row('precious.txt').getByText('Safe', { exact: true }).waitFor();
    const details = await desk.ui.details('precious.txt');
    await details.getByText('Is it safe?').waitFor();
    await Promise.all([1, 2, 3].map((n) => node(n).kill()));
    const greens = () => desk.page.locator('dfs-copies .ok').count();
    await eventually(async () => (await greens()) === 0, { what: 'no green mark' });
    // And it stays so.
    await desk.ui
      .row('precious.txt')
      .getByText(/of 3|Out of reach|One copy/)
      .first()
      .waitFor();
    await eventually(async () => (await details.locator('li .block.filled').count()) <= 1);
    await screenshot(desk.page, 'one-of-four');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    const dead = ['node-b', 'node-c', 'node-d'];
    const inReach = async () => {
      const lines = await details.locator('ul[aria-label=Holders] li').allInnerTexts();
      return lines.filter((line) => dead.some((name) => line.includes(name)) && !/out of reach|gone/.test(line));
    };
    await eventually(async () => (await inReach()).length === 0, { what: 'holders as the page Peers has them' });
    await desk.ui.goTo('Peers');
    for (const name of dead) await desk.ui.card(name).getByText('Away').waitFor();
  });
});

describe('a folder of very many rows', () => {
  const desk = Desk.with(async () => [await startEngine()], { tab: { acceptDownloads: true } });

  it('goes over very many rows by the keyboard, keeps the focus, and acts on all of them', async () => {
    const names = Array.from({ length: MANY }, (_, n) => `${String(n).padStart(5, '0')}.txt`);
    const body = formOf(names.map((name) => ({ path: `many/${name}`, content: name })));
    await desk.node(0).json('/files', { method: 'POST', body });
    await desk.ui.folder(desk.node(0).url, 'many/');
    await desk.ui.row('many/00000.txt').focus();
    const focused = () => desk.page.evaluate(() => document.activeElement?.getAttribute('data-path'));
    const reached = (path: string) => eventually(async () => (await focused()) === path, { what: path });
    await desk.page.keyboard.press('End');
    await reached('many/01499.txt');
    await desk.page.keyboard.press('Home');
    await reached('many/00000.txt');
    await desk.page.keyboard.press('PageDown');
    await eventually(async () => Number((await focused())?.slice(5, 10)) > 5);
    const byName = async () => {
      if ((await focused()) === 'many/00007.txt') return true;
      await desk.page.keyboard.type('00007');
      return false;
    };
    // Letters that come too slowly begin a name anew: it is typed once more, after a pause.
    await eventually(byName, { poll: 1000, what: 'many/00007.txt by its name' });
    await desk.page.keyboard.press('Control+a');
    await desk.page.getByRole('toolbar').getByText('All 1,500 selected').waitFor();
    await screenshot(desk.page, 'all-selected');
    const started = desk.page.waitForEvent('download');
    await desk.page.getByRole('toolbar').getByRole('button', { name: 'Download' }).click();
    expect((await started).suggestedFilename()).toMatch(/\.zip$/);
    await desk.page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
    const asked = desk.page.getByRole('dialog', { name: 'Delete all 1,500 items?' });
    await asked.getByRole('button', { name: 'Delete them all' }).click();
    await asked.waitFor({ state: 'detached' });
    // Most of what is there: the node asks, too.
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Delete them all' }).click();
    await desk.page.getByText('This folder is empty').waitFor();
    const left = () => desk.node(0).json<FileList>('/files?prefix=many/');
    await eventually(async () => (await left()).total === 0, { what: 'all are deleted' });
  });
});

/** A network of three, and one more node that came along with files of its own: equal paths with other bytes are conflicts. */
async function withConflicts(): Promise<Engine[]> {
  const [nodes, joiner] = await Promise.all([startNetwork(3), startEngine({ name: 'node-d' })]);
  const founder = nodes[0] as Engine;
  for (const path of CONFLICTS) {
    const late = path.startsWith('newest/');
    if (!late) await founder.put(path, 'by the founder');
    await joiner.put(path, 'by the one who joined');
    if (late) await founder.put(path, 'by the founder');
  }
  const { network } = await founder.node();
  const isMember = async () => {
    if ((await joiner.node()).network.id === network.id) return true;
    const body = JSON.stringify({ ticket: await founder.invite() });
    await joiner.json('/network/join', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return false;
  };
  // A founder that is busy may not answer in time.
  await eventually(isMember, { what: 'node-d is a member', poll: 200 });
  return [...nodes, joiner];
}
