import { removeAll, startEngine, startNetwork, type Engine } from '@dfs/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser, openTab, screenshot, type Tab } from './browser.js';
import { ConsolePage } from './console-page.js';

describe('peers in the browser', () => {
  let engines: Engine[] = [];
  let browser: Browser;
  const tabs: Tab[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await Promise.all(tabs.splice(0).map((tab) => tab[Symbol.asyncDispose]()));
    await removeAll(engines);
  });

  const consoleOf = async (engine: Engine): Promise<ConsolePage> => {
    const tab = await openTab(browser);
    tabs.push(tab);
    const ui = new ConsolePage(tab.page);
    await ui.open(engine.link);
    await ui.goTo('Peers');
    return ui;
  };

  it('brings a second node in by an invite made and used in the browser', async () => {
    engines = await Promise.all([startEngine({ name: 'first' }), startEngine({ name: 'second' })]);
    const [first, second] = await Promise.all(engines.map(consoleOf));
    if (!first || !second) throw new Error('two consoles');
    await first.page.getByText('This node is alone in its network').waitFor();
    await screenshot(first.page, 'peers-alone');
    const ticket = await first.invite();
    expect(ticket).toMatch(/^dfs1/);
    await second.join(ticket);
    await second.page.getByText(/is now a member of/).waitFor();
    // Live on the inviter, without a reload.
    await first.card('second').getByText('Connected').waitFor();
    await second.card('first').getByText('Connected').waitFor();
    await first.card('first').getByText('This node').waitFor();
    await first.page.locator('dfs-node-line').getByText('1 of 1 peers').waitFor();
    await screenshot(first.page, 'peers');

    await second.page.getByRole('button', { name: 'Join a network' }).first().click();
    const dialog = second.page.getByRole('dialog');
    await dialog.getByLabel('Ticket').fill('dfs1nonsense');
    await dialog.getByRole('button', { name: 'Join', exact: true }).click();
    await dialog.getByRole('alert').getByText('This is not a valid invite').waitFor();
  });

  it('shows a node that goes away and comes back', async () => {
    engines = await startNetwork(2);
    const [a, b] = engines;
    if (!a || !b) throw new Error('two nodes');
    const ui = await consoleOf(a);
    await ui.card('node-b').getByText('Connected').waitFor();
    await b.kill();
    await ui.card('node-b').getByText('Away').waitFor();
    await b.start();
    await ui.card('node-b').getByText('Connected').waitFor();
    await ui.goTo('Activity');
    await ui.page.getByText('Lost the connection to a node').first().waitFor();
  });

  it('says why an address does not work, and connects at one that does', async () => {
    engines = await startNetwork(2);
    const [a, b] = engines;
    if (!a || !b) throw new Error('two nodes');
    const ui = await consoleOf(a);
    await ui.page.getByRole('button', { name: 'Add by address' }).click();
    const dialog = ui.page.getByRole('dialog');
    await dialog.getByLabel('Address').fill('not an address');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText('This is not an address of a node').waitFor();
    const [address = ''] = (await b.node()).addresses;
    await dialog.getByLabel('Address').fill(address);
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await ui.page.getByText('Connected to node-b.').waitFor();
  });

  it('removes a node after asking', async () => {
    engines = await startNetwork(3);
    const [a] = engines;
    if (!a) throw new Error('three nodes');
    const ui = await consoleOf(a);
    await ui.page.getByRole('button', { name: 'More for node-c' }).click();
    await ui.page.getByRole('menuitem', { name: 'Remove from the network' }).click();
    const dialog = ui.page.getByRole('dialog');
    await dialog.getByText('Remove node-c from the network?').waitFor();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await ui.page.getByText('node-c was removed from the network.').waitFor();
    await ui.card('node-c').waitFor({ state: 'detached' });
  });
});
