import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { eventually, realFiles, removeAll, startNetwork, type Engine } from '@dfs/testing';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { firstLoad, tableOf } from './first-load.js';

const LOOKS: readonly { name: string; options: BrowserContextOptions }[] = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'narrow', options: { viewport: { width: 360, height: 740 } } },
  { name: 'wide', options: { viewport: { width: 2560, height: 1300 } } },
];
const FOLDERS = ['photos/2026', 'reports', 'music/Café del Mar', 'src', ''];

/** Of the first load of Files with 100 rows, in bytes. */
const BUDGET = { bytes: 290_000, initial: 170_000, initialRaw: 550_000 };

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
    await tab.page.getByText('All files safe').waitFor();
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

  it('speaks German to a browser that does, and English once a person chooses it', async () => {
    await using tab = await openTab(browser, { locale: 'de-AT', viewport: { width: 390, height: 844 } });
    const ui = new ConsolePage(tab.page);
    await ui.open(nodes[0]?.link ?? '');
    await tab.page.getByRole('heading', { level: 1, name: 'Dateien' }).waitFor();
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('de');
    await screenshot(tab.page, 'files-german');
    expect(await ui.overflow()).toBeLessThanOrEqual(0);
    await tab.page.getByRole('link', { name: 'Einstellungen' }).click();
    await tab.page.getByLabel('Kopien jeder Datei').waitFor();
    await tab.page.getByText('Dieser Browser').waitFor();
    await screenshot(tab.page, 'settings-german');
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(await ui.overflow()).toBeLessThanOrEqual(0);
    await tab.page.getByRole('combobox', { name: /^Sprache/ }).selectOption('en');
    await tab.page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('en');
    expect(tab.complaints).toEqual([]);
  });

  it('loads within its budget: everything on the wire, the first script, and what the node is asked', async () => {
    const a = nodes[0];
    if (!a) throw new Error('three nodes');
    for (let n = 0; n < 100; n++) await a.put(`hundred/${n}.txt`, `${n}`);
    await using tab = await openTab(browser);
    const ui = new ConsolePage(tab.page);
    await ui.open(a.link);
    await tab.page.getByText('All files safe').waitFor();
    // Signed in already.
    const load = await firstLoad(tab.page, `${a.url}/files?in=hundred/`, () => ui.row('hundred/0.txt').waitFor());
    const asked = load.answers.map(({ path }) => path.split('?')[0]).filter((path) => path?.startsWith('/api/'));
    const over = [
      ...(load.bytes > BUDGET.bytes ? [`more than ${BUDGET.bytes} bytes on the wire`] : []),
      ...(load.initial.bytes > BUDGET.initial ? [`an initial script of more than ${BUDGET.initial} bytes`] : []),
      ...(load.initial.rawBytes > BUDGET.initialRaw ? [`an initial script of more than ${BUDGET.initialRaw} raw`] : []),
      // Beside the one that signs in; the past is read once the load is over.
      ...(asked.length > 4 ? [`more than 3 requests beside the one that signs in: ${asked.join(' ')}`] : []),
    ];
    if (over.length > 0) throw new Error(`${over.join(', ')}\n${tableOf(load)}`);
    // It has measured something.
    expect([...new Set(asked)].sort()).toEqual(['files', 'node', 'peers', 'summary'].map((path) => `/api/v1/${path}`));
    expect(load.initial.rawBytes).toBeGreaterThan(100_000);
    expect(load.answers.filter(({ bytes }) => bytes > 0).length).toBeGreaterThan(8);
  });
});
