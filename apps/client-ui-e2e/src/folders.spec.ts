import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { removeAll, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';

const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 800 };

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
});
