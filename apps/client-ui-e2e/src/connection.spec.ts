import { eventually, removeAll, type Engine } from '@dfs/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser, openTab, screenshot, type Tab } from './browser.js';
import { ConsolePage } from './console-page.js';
import { startEngineAtFixedPort } from './network.js';

describe('the connection to the node', () => {
  let engine: Engine;
  let browser: Browser;
  let tab: Tab;
  let ui: ConsolePage;

  beforeAll(async () => {
    browser = await launchBrowser();
    engine = await startEngineAtFixedPort('lonely');
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(engine ? [engine] : []);
  });
  beforeEach(async () => {
    tab = await openTab(browser);
    ui = new ConsolePage(tab.page);
  });
  afterEach(async () => {
    await tab?.[Symbol.asyncDispose]();
  });

  it('without a session asks for the token, refuses a wrong one, takes a pasted link', async () => {
    await tab.page.goto(engine.url);
    await tab.page.getByRole('heading', { name: 'Sign in to this node' }).waitFor();
    await screenshot(tab.page, 'sign-in');
    const field = tab.page.getByLabel('Token or link');
    await field.fill('not the token');
    await tab.page.getByRole('button', { name: 'Sign in' }).click();
    await tab.page.getByText('The node did not accept this token.').waitFor();
    expect(await ui.accessibilityFaults()).toEqual([]);
    await field.fill(engine.link);
    await tab.page.getByRole('button', { name: 'Sign in' }).click();
    await ui.live();
    await tab.page.reload();
    await ui.live();
  });

  it('ticks the uptime between what the node says', async () => {
    await ui.open(engine.link);
    const uptime = tab.page.locator('dfs-node-line').getByText(/\d\d:\d\d:\d\d/);
    const read = async () => (await uptime.textContent())?.match(/\d\d:\d\d:\d\d/)?.[0];
    const before = await read();
    await eventually(async () => (await read()) !== before, { deadline: 4000, what: 'a tick' });
  });

  it('says that the node is gone, and comes back by itself with what was missed', async () => {
    await ui.open(engine.link);
    await engine.kill();
    await ui.chip('Offline').waitFor({ timeout: 10_000 });
    await tab.page.getByText('Not connected to this node.').waitFor();
    await eventually(() => tab.page.getByText(/Trying again in \d+ s/).isVisible(), { deadline: 10_000 });
    await screenshot(tab.page, 'offline');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await engine.start();
    await engine.put('while the console was away.txt', 'x');
    await ui.live(30_000);
    await ui.row('while the console was away.txt').waitFor();
    expect(await tab.page.getByText('Not connected to this node.').count()).toBe(0);
  });

  it('tries at once when told', async () => {
    await ui.open(engine.link);
    await engine.kill();
    await tab.page.getByRole('button', { name: 'Try now' }).waitFor();
    await engine.start();
    await eventually(
      async () => {
        if (await ui.chip('Live').isVisible()) return true;
        await tab.page.getByRole('button', { name: 'Try now' }).click({ timeout: 500 });
        return undefined;
      },
      { deadline: 20_000, poll: 200 },
    );
  });

  it('continues an upload that the node’s restart has cut off', async () => {
    await ui.open(engine.link);
    let cut = false;
    await tab.page.route('**/api/v1/files/content*', async (route) => {
      if (cut) return route.continue();
      cut = true;
      return route.abort('connectionreset');
    });
    await ui.choose([{ name: 'cut off.bin', mimeType: '', buffer: Buffer.alloc(900_000, 7) }]);
    expect(await ui.uploadsEnded()).toBe('1 file uploaded');
    await ui.row('cut off.bin').waitFor();
  });
});
