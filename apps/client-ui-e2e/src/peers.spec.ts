import { startEngine, startNetwork, type Engine } from '@dfs/testing';
import { openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';

describe('nodes that do not know each other, in the browser', () => {
  const desk = Desk.with(() => Promise.all([startEngine({ name: 'first' }), startEngine({ name: 'second' })]));

  it('become one network by an invite made and used there', async () => {
    const first = desk.ui;
    await using tab = await openTab(desk.browser);
    const second = new ConsolePage(tab.page);
    await second.open(desk.node(1).link);
    for (const ui of [first, second]) await ui.goTo('Peers');
    await first.page.getByText('This node is alone in its network').waitFor();
    await screenshot(first.page, 'peers-alone');
    const ticket = await first.invite();
    expect(ticket).toMatch(/^dfs1/);
    await second.join(ticket);
    await second.said(/is now a member of/);
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
});

describe('peers in the browser', () => {
  const desk = Desk.with(() => startNetwork(3));
  const b = (): Engine => desk.node(1);
  beforeEach(() => desk.ui.goTo('Peers'));

  it('shows a node that goes away and comes back', async () => {
    const { ui } = desk;
    await ui.card('node-b').getByText('Connected').waitFor();
    await b().kill();
    await ui.card('node-b').getByText('Away').waitFor();
    await b().start();
    await ui.card('node-b').getByText('Connected').waitFor();
    await ui.goTo('Activity');
    await ui.page.getByText('Lost the connection to a node').first().waitFor();
  });

  it('says why an address does not work, and connects at one that does', async () => {
    const { ui } = desk;
    await ui.page.getByRole('button', { name: 'Add by address' }).click();
    const dialog = ui.page.getByRole('dialog');
    await dialog.getByLabel('Address').fill('not an address');
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await dialog.getByText('This is not an address of a node').waitFor();
    const [address = ''] = (await b().node()).addresses;
    await dialog.getByLabel('Address').fill(address);
    await dialog.getByRole('button', { name: 'Connect' }).click();
    await ui.said('Connected to node-b.');
  });

  it('removes a node after asking', async () => {
    const { ui } = desk;
    await ui.page.getByRole('button', { name: 'More for node-c' }).click();
    await ui.page.getByRole('menuitem', { name: 'Remove from the network' }).click();
    const dialog = ui.page.getByRole('dialog');
    await dialog.getByText('Remove node-c from the network?').waitFor();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await ui.said('node-c was removed from the network.');
    await ui.card('node-c').waitFor({ state: 'detached' });
  });
});
