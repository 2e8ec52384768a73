import { connected, eventually, startEngine, type Engine } from '@dfs/testing';
import type { TransferList } from '@dfs/contracts';
import type { Locator } from 'playwright-core';
import { openTab, screenshot } from './browser.js';
import { Desk } from './desk.suite.js';
import { startEngineAtFixedPort } from './network.js';

const MiB = 1024 * 1024;
/** The node of the console has so much room, and the file more bytes. */
const ROOM = 16 * MiB;

describe('the worst state of all files', () => {
  let holder: Engine;
  let here: Engine;
  const start = async () => {
    holder = await startEngine({ name: 'holder', env: { DFS_REPLICAS: '1' } });
    const invited = { DFS_QUOTA: String(ROOM), DFS_JOIN: await holder.invite() };
    here = await startEngineAtFixedPort('here', invited);
    await connected([holder, here]);
    await holder.put('far/away/film.bin', new Uint8Array(ROOM + MiB));
    return [here, holder];
  };
  const desk = Desk.with(start, { tab: { acceptDownloads: true } });

  const limit = (uploadBytesPerSecond: number | null) =>
    holder.json('/settings', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limits: { uploadBytesPerSecond, downloadBytesPerSecond: null } }),
    });
  const underWay = async () =>
    (await here.json<TransferList>('/transfers')).items.filter(({ state }) => state === 'running');

  it('stands on each folder above it, in the head and in the icon of the tab, and goes when all is well', async () => {
    const { page, ui } = desk;
    /** Until folder, head and tab say so. */
    const says = async (folder: string, head: RegExp, block: string | null) => {
      await ui.row('far/').locator('dfs-copies').getByText(folder, { exact: true }).waitFor();
      await page.locator('dfs-health summary').getByText(head).waitFor();
      await eventually(async () => (await ui.tabBlock()) === block, { what: `${block} in the tab` });
    };
    const want = (replicas: number) =>
      holder.json('/settings', {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ replicas }),
      });
    await says('All safe', /^All files safe$/, null);
    // There is no room for another copy.
    await want(2);
    await says('Too few in reach', /^1 with too few copies$/, 'half');
    await screenshot(page, 'worst-short');
    await holder.kill();
    await says('Some out of reach', /^1 out of reach$/, 'crossed');
    await page.locator('dfs-node-line').getByText('0 of 1 peers').waitFor();
    await screenshot(page, 'worst-lost');
    await pictureOfTab(page.locator('link[rel=icon]'));
    // On every page.
    await ui.goTo('Settings');
    await eventually(async () => (await ui.tabBlock()) === 'crossed');
    await ui.goTo('Files');
    // The present state cannot be known.
    await here.kill();
    await says('Not known now', /^Not known now$/, 'dotted');
    await here.start();
    await says('Some out of reach', /^1 out of reach$/, 'crossed');
    await holder.start();
    await says('Too few in reach', /^1 with too few copies$/, 'half');
    await want(1);
    await says('All safe', /^All files safe$/, null);
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toMatch(/favicon\.svg$/);
  });

  it('is seen where it cuts a download off, of a file and of a zip: the drawer says what was missing, and does it again', async () => {
    const { page, ui } = desk;
    const failures = ui.work().getByRole('list', { name: 'Failures' });
    await ui.row('far/').getByText('All safe').waitFor();
    // So slow that it is under way when its holder dies.
    await limit(MiB);
    // Of the zip the node has some bytes afterwards.
    await holder.put('alone.bin', new Uint8Array(ROOM + MiB).fill(1));
    for (const path of ['far/', 'alone.bin']) {
      await ui
        .row(path)
        .getByText(/^\s*(All safe|Safe)\s*$/)
        .waitFor();
      const started = page.waitForEvent('download');
      await ui.act(path, 'Download');
      const download = await started;
      await eventually(async () => (await underWay()).length > 0, { what: 'the node sends it' });
      await holder.kill();
      await failures.getByText('The download was cut off.').waitFor();
      expect(await download.failure()).not.toBeNull();
      if (path === 'far/') {
        await screenshot(page, 'worst-cut-off');
        expect(await ui.accessibilityFaults()).toEqual([]);
      }
      await failures.getByRole('button', { name: /^What happened/ }).click();
      const dialog = page.getByRole('dialog');
      for (const text of [path === 'far/' ? 'film.bin' : path, /not whole/, /content-unavailable/])
        await dialog.getByText(text).first().waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await holder.start();
      await connected([holder, here]);
      await limit(null);
      const again = page.waitForEvent('download');
      await failures.getByRole('button', { name: /^Try again/ }).click();
      expect(await (await again).failure()).toBeNull();
      await failures.waitFor({ state: 'detached' });
      await limit(MiB);
    }
    await limit(null);
  });

  /** The icon as large as a person may see it. */
  async function pictureOfTab(link: Locator): Promise<void> {
    const href = await link.getAttribute('href');
    await using tab = await openTab(desk.browser, { viewport: { width: 128, height: 128 } });
    await tab.page.setContent(`<img alt="" width="112" height="112" src="${href}">`);
    await tab.page.locator('img').evaluate((image: HTMLImageElement) => image.decode());
    await screenshot(tab.page, 'worst-tab');
  }
});
