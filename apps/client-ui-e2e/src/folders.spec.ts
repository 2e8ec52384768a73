import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { eventually, removeAll, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import type { FileList, LiveFolderInfo } from '@dfs/contracts';
import type { Browser, Locator } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';

const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 800 };
/** All files of a folder that has enough of them to be asked about. */
const LETTERS = 12;

describe('live folders in the browser', () => {
  let engine: Engine;
  let allowed: TempDir;
  let browser: Browser;

  beforeAll(async () => {
    allowed = await tempDir();
    await mkdir(allowed.file('plans'));
    await writeFile(allowed.file('plans/garden.txt'), 'two apple trees');
    await writeFile(allowed.file('plans/old.tmp'), 'left out');
    [browser, engine] = await Promise.all([
      launchBrowser(),
      startEngine({ name: 'first', env: { DFS_FOLDER_ROOTS: allowed.path } }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(engine ? [engine] : []);
    await allowed?.remove();
  });

  it('binds a directory, which comes up to date, and its files are listed in Files', async () => {
    await using tab = await openTab(browser, { viewport: WIDE });
    const { page } = tab;
    const ui = new ConsolePage(page);
    /** Axe finds nothing, and nothing is wider than the window: wide and narrow. */
    const look = async (name: string) => {
      for (const [size, viewport] of Object.entries({ '1280': WIDE, '390': NARROW })) {
        await page.setViewportSize(viewport);
        await screenshot(page, `folders-${name}-${size}`);
        expect(await ui.accessibilityFaults()).toEqual([]);
        await ui.fits();
      }
      await page.setViewportSize(WIDE);
    };
    await ui.open(engine.link);
    await ui.goTo('Live folders');
    await page.getByRole('heading', { name: 'A folder on your disk, in the network' }).waitFor();
    await look('none');

    // From the first page of a node without files.
    await ui.goTo('Files');
    await page.getByRole('link', { name: 'Keep a folder in step' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: basename(allowed.path) }).click();
    await dialog.getByRole('button', { name: 'plans' }).click();
    await dialog.getByLabel('What to leave out').fill('*.tmp');
    await dialog.getByText('old.tmp').waitFor();
    await dialog.getByText('Twice the disk').waitFor();
    await look('bind');
    await dialog.getByRole('button', { name: 'Bind', exact: true }).click();

    const card = ui.card('plans');
    await card.getByText('Up to date').waitFor();
    await card.getByText('1 file, 15 B').first().waitFor();
    await look('bound');
    await card.getByRole('link', { name: 'plans' }).click();
    await ui.shows(['plans/garden.txt']);
    expect(tab.complaints).toEqual([]);
  });

  it('asks in the drawer and on its page before very many deletions of the disk reach the network, and does as one says', async () => {
    const root = allowed.file('letters');
    const names = Array.from({ length: LETTERS }, (_, n) => `letter ${String(n).padStart(2, '0')}.txt`);
    await mkdir(root);
    for (const name of names) await writeFile(`${root}/${name}`, name);
    const send = (path: string, method: string, body: object) =>
      engine.json<LiveFolderInfo>(path, {
        ...{ method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      });
    const { id } = await send('/live-folders', 'POST', { root, prefix: 'letters' });
    const pause = (paused: boolean) => send(`/live-folders/${id}`, 'PATCH', { paused });
    await using tab = await openTab(browser, { viewport: WIDE });
    const { page } = tab;
    const ui = new ConsolePage(page);
    await ui.open(engine.link);
    await ui.goTo('Live folders');
    const card = ui.card('letters');
    await card.getByText('Up to date').waitFor();
    await card.getByText(`${LETTERS} files`).first().waitFor();
    const stored = async () => (await engine.json<FileList>('/files?prefix=letters/')).total;
    /** All are gone from the disk; until the drawer asks. */
    const deleteAll = async (): Promise<Locator> => {
      // A few of them would be deleted without a question: the node looks once all are gone.
      await pause(true);
      for (const name of names) await rm(`${root}/${name}`);
      await pause(false);
      await card.getByText(`${LETTERS} deletions to answer`).waitFor();
      await page.getByRole('button', { name: 'Work, 1', exact: true }).click();
      await ui.work().getByRole('heading', { name: 'Deletions wait for your answer' }).waitFor();
      await ui.work().getByText(`letters: ${LETTERS} deletions on the disk, waiting for your answer.`).waitFor();
      return page.getByRole('dialog');
    };
    const dialog = await deleteAll();
    // The head of every page leads there, too.
    await page.locator('dfs-health summary').click();
    await page.locator('dfs-health').getByText(`${LETTERS} deletions wait for an answer`).waitFor();
    await page.locator('dfs-health').getByRole('link', { name: 'Show them' }).last().click();
    await card.waitFor();
    await screenshot(page, 'folders-held-drawer');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.work().getByRole('button', { name: 'Look' }).click();
    await dialog.getByRole('list', { name: 'Names of the files' }).getByText('letter 00.txt').waitFor();
    await screenshot(page, 'folders-held');
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await stored()).toBe(LETTERS);
    await dialog.getByRole('button', { name: 'Put back on the disk' }).click();
    await dialog.getByText('No deletion waits for an answer.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await card.getByText('Up to date').waitFor();
    await eventually(async () => (await readdir(root)).filter((name) => name.startsWith('letter')).length === LETTERS);
    expect(await stored()).toBe(LETTERS);
    await ui.closeUploads();
    await deleteAll();
    await ui.work().getByRole('button', { name: 'Look' }).click();
    await dialog.getByRole('button', { name: 'Delete in the network too' }).click();
    const sure = page.getByRole('dialog', { name: `Delete ${LETTERS} files in the network too?` });
    await sure.getByText('letter 00.txt').waitFor();
    await sure.getByRole('button', { name: 'Delete in the network too' }).click();
    await eventually(async () => (await stored()) === 0, { what: 'they are deleted in the network' });
    expect(tab.complaints).toEqual([]);
  });
});
