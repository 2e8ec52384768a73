import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { eventually, realFiles, removeAll, startNetwork, type Engine } from '@dfs/testing';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';

const LOOKS: readonly { name: string; options: BrowserContextOptions }[] = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'narrow', options: { viewport: { width: 360, height: 740 } } },
  { name: 'wide', options: { viewport: { width: 2560, height: 1300 } } },
];
const FOLDERS = ['photos/2026', 'reports', 'music/Café del Mar', 'src', ''];

describe('the look of the console', () => {
  let nodes: Engine[] = [];
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
    nodes = await startNetwork(3);
    const files = await realFiles({ min: 1000, max: 600_000, count: 50 });
    const [a] = nodes;
    if (!a) throw new Error('three nodes');
    for (const [index, { path }] of files.entries()) {
      const folder = FOLDERS[index % FOLDERS.length] ?? '';
      await a.put(folder === '' ? basename(path) : `${folder}/${basename(path)}`, await readFile(path));
    }
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(nodes);
  });

  it.each(LOOKS)('is clean to axe, fits, and is kept as a picture: $name', async ({ name, options }) => {
    await using tab = await openTab(browser, options);
    const ui = new ConsolePage(tab.page);
    await ui.open(nodes[0]?.link ?? '');
    await eventually(async () => (await ui.paths()).length > 5);
    await tab.page.getByText('All files safe').waitFor({ timeout: 60_000 });
    await eventually(async () => (await tab.page.getByText('Checking').count()) === 0);
    await screenshot(tab.page, `files-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await ui.overflow()).toBeLessThanOrEqual(0);

    const [path = ''] = (await ui.paths()).filter((found) => !found.endsWith('/'));
    const details = await ui.details(path);
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await screenshot(tab.page, `details-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await ui.overflow()).toBeLessThanOrEqual(0);
    await tab.page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await tab.page.getByRole('button', { name: 'Grid' }).click();
    await tab.page.locator('.card').first().waitFor();
    await screenshot(tab.page, `grid-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);

    await ui.goTo('Peers');
    await ui.card('node-c').waitFor();
    await screenshot(tab.page, `peers-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await ui.overflow()).toBeLessThanOrEqual(0);
    await tab.page.getByRole('button', { name: 'Invite a node' }).first().click();
    await tab.page.getByRole('dialog').waitFor();
    await screenshot(tab.page, `invite-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    await tab.page.getByRole('button', { name: 'Cancel' }).click();

    await ui.goTo('Activity');
    await tab.page
      .getByText(/added on this node/)
      .first()
      .waitFor();
    await screenshot(tab.page, `activity-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await ui.overflow()).toBeLessThanOrEqual(0);
    expect(tab.complaints).toEqual([]);
  });

  it('loads within its budget: everything on the wire, and the first script', async () => {
    const a = nodes[0];
    if (!a) throw new Error('three nodes');
    for (let n = 0; n < 100; n++) await a.put(`hundred/${n}.txt`, `${n}`);
    await using tab = await openTab(browser);
    const ui = new ConsolePage(tab.page);
    await ui.open(a.link);
    await tab.page.getByText('All files safe').waitFor({ timeout: 60_000 });
    // Signed in already, with nothing kept.
    const wire = await tab.page.context().newCDPSession(tab.page);
    await wire.send('Network.enable');
    await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
    let bytes = 0;
    const asked: string[] = [];
    wire.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    wire.on('Network.requestWillBeSent', ({ request }) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/api/')) asked.push(pathname.replace(/^\/api\/v\d+/, ''));
    });
    await tab.page.goto(`${a.url}/files?in=hundred/`);
    await ui.row('hundred/0.txt').waitFor();
    await tab.page.waitForLoadState('networkidle');
    console.info(`first load of Files: ${Math.round(bytes / 1000)} kB on the wire, API requests: ${asked.join(' ')}`);
    expect(bytes).toBeLessThanOrEqual(350_000);
    // Beside the one that signs in, what the first picture shows; the past is read after it.
    expect(asked.filter((path) => path === '/node')).toHaveLength(1);
    const first = asked.filter((path) => path !== '/node' && path !== '/events');
    expect([...first].sort()).toEqual(['/files', '/peers', '/summary']);
    expect(asked.slice(0, 4)).not.toContain('/events');
  });
});
