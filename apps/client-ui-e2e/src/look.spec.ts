import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { connected, eventually, realFiles, startNetwork, type Engine } from '@dfs/testing';
import type { EventPage, Summary } from '@dfs/contracts';
import { openTab, screenshot, type Look } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { firstLoad, tableOf } from './first-load.js';
import { formOf } from './forms.js';

const LOOKS: readonly { name: string; look: Look }[] = [
  { name: 'light', look: { colorScheme: 'light' } },
  { name: 'dark', look: { colorScheme: 'dark' } },
  { name: 'narrow', look: { viewport: { width: 360, height: 740 } } },
  { name: 'wide', look: { viewport: { width: 2560, height: 1300 } } },
];
const FOLDERS = ['photos/2026', 'reports', 'music/Café del Mar', 'src', ''];

/** Paths that the page asks for as it loads. */
const ASKED = ['files', 'node', 'peers', 'summary'].map((path) => `/api/v1/${path}`);

/**
 * The first picture waits so long for the stream of events, and is read once more where that comes later; what nobody has asked for
 * comes long after it. Neither is part of the load, however slow the machine is. Milliseconds.
 */
const LATER_MS = 400;

/** Of the first load of Files with 100 rows, in bytes. */
const BUDGET = { bytes: 300_000, initial: 170_000, initialRaw: 550_000 };

describe('the look of the console', () => {
  const desk = Desk.with(withFiles, { opensNothing: true });

  it.each(LOOKS)('is clean to axe, fits, and is kept as a picture: $name', async ({ name, look }) => {
    const { tab, ui } = desk;
    await tab.look(look);
    await ui.open(desk.node(0).link);
    await eventually(async () => (await ui.paths()).length > 5);
    await tab.page.getByText('All files safe').waitFor();
    await eventually(async () => (await tab.page.getByText('Checking').count()) === 0);
    await screenshot(tab.page, `files-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();

    const [path = ''] = (await ui.paths()).filter((found) => !found.endsWith('/'));
    const details = await ui.details(path);
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await screenshot(tab.page, `details-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
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
    await ui.fits();
    await tab.page.getByRole('button', { name: 'Invite a node' }).first().click();
    await tab.page.getByRole('dialog').getByRole('radio').first().waitFor();
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
    await ui.fits();
    expect(tab.complaints).toEqual([]);
  });

  it('speaks German to a browser that does, and English once a person chooses it', async () => {
    await using tab = await openTab(desk.browser, { locale: 'de-AT', viewport: { width: 390, height: 844 } });
    const ui = new ConsolePage(tab.page);
    await ui.open(desk.node(0).link);
    await tab.page.getByRole('heading', { level: 1, name: 'Dateien' }).waitFor();
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('de');
    await screenshot(tab.page, 'files-german');
    await ui.fits();
    await tab.page.getByRole('link', { name: 'Einstellungen' }).click();
    await tab.page.getByLabel('Kopien jeder Datei').waitFor();
    await tab.page.getByText('Dieser Browser').waitFor();
    await screenshot(tab.page, 'settings-german');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
    await tab.page.getByRole('combobox', { name: /^Sprache/ }).selectOption('en');
    await tab.page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    expect(await tab.page.locator('html').getAttribute('lang')).toBe('en');
    expect(tab.complaints).toEqual([]);
  });

  it('loads within its budget: everything on the wire, the first script, and what the node is asked', async () => {
    const a = desk.node(0);
    const files = Array.from({ length: 100 }, (_, n) => ({ path: `hundred/${n}.txt`, content: `${n}` }));
    await a.json('/files', { method: 'POST', body: formOf(files) });
    await allSafe(a);
    await connected(desk.nodes);
    await using tab = await openTab(desk.browser);
    const ui = new ConsolePage(tab.page);
    await ui.open(a.link);
    await tab.page.getByText('All files safe').waitFor();
    await tab.page.addInitScript(holdBack, LATER_MS);
    // Signed in already.
    const url = `${a.url}/files?in=hundred/`;
    const shown = () => ui.row('hundred/0.txt').waitFor();
    const inPeace = async () => {
      const { lastSeq } = await a.json<EventPage>('/events?after=0&limit=1');
      const loaded = await firstLoad(tab.page, url, { paths: ASKED, shown });
      const { items } = await a.json<EventPage>(`/events?after=${lastSeq}&limit=1000`);
      return items.every(({ type }) => type.startsWith('sync.')) && loaded;
    };
    const load = await eventually(inPeace, { what: 'a load while nothing happens in the network' });
    const asked = load.answers.map(({ path }) => path.split('?')[0]).filter((path) => path?.startsWith('/api/'));
    const over = [
      ...(load.bytes > BUDGET.bytes ? [`more than ${BUDGET.bytes} bytes on the wire`] : []),
      ...(load.initial.bytes > BUDGET.initial ? [`an initial script of more than ${BUDGET.initial} bytes`] : []),
      ...(load.initial.rawBytes > BUDGET.initialRaw ? [`an initial script of more than ${BUDGET.initialRaw} raw`] : []),
      // Beside the one that signs in.
      ...(asked.length > 4 ? [`more than 3 requests beside the one that signs in: ${asked.join(' ')}`] : []),
    ];
    if (over.length > 0) throw new Error(`${over.join(', ')}\n${tableOf(load)}`);
    // It has measured something.
    expect([...new Set(asked)].sort()).toEqual(ASKED);
    expect(load.initial.rawBytes).toBeGreaterThan(100_000);
    expect(load.answers.filter(({ bytes }) => bytes > 0).length).toBeGreaterThan(8);
  });
});

/** Three nodes with real files, of which each has a copy. */
async function withFiles(): Promise<Engine[]> {
  const [nodes, files] = await Promise.all([
    startNetwork(3),
    realFiles({ min: 1000, max: 600_000, count: 50 }).then((found) =>
      Promise.all(
        found.map(async ({ path }, index) => {
          const folder = FOLDERS[index % FOLDERS.length] ?? '';
          const name = basename(path);
          return { path: folder === '' ? name : `${folder}/${name}`, content: new Uint8Array(await readFile(path)) };
        }),
      ),
    ),
  ]);
  await nodes[0]?.json('/files', { method: 'POST', body: formOf(files) });
  for (const node of nodes) await allSafe(node);
  return nodes;
}

/** Each file has its copies, and they can be reached, as this node sees it. */
async function allSafe(node: Engine): Promise<void> {
  const isSo = async () => {
    const { files, promised, reachable } = await node.json<Summary>('/summary');
    return files.files > 0 && promised.safe.files === files.files && reachable.enough.files === files.files;
  };
  await eventually(isSo, { what: `all is safe to ${node.name}`, poll: 200, deadline: 120_000 });
}

/** Runs in the page before anything else: what is to be done so many milliseconds later is never done, however long the load takes. */
function holdBack(later: number): void {
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const begin = globalThis[name] as (...args: [handler: () => void, ms?: number]) => number;
    const held = (handler: () => void, ms = 0) => (ms < later ? begin(handler, ms) : 0);
    Object.assign(globalThis, { [name]: held });
  }
}
