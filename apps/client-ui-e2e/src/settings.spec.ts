import { eventually, startNetwork } from '@dfs/testing';
import type { Settings } from '@dfs/contracts';
import type { Locator } from 'playwright-core';
import { openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';

const MB = 1_000_000;

describe('the settings of a node', () => {
  const desk = Desk.with(() => startNetwork(2));
  const settings = () => desk.node(0).json<Settings>('/settings');
  const card = (heading: string): Locator =>
    desk.page.locator('form').filter({ has: desk.page.getByRole('heading', { name: heading, exact: true }) });
  const save = async (form: Locator) => {
    await form.getByRole('button', { name: 'Save' }).click();
    await desk.ui.said('Saved.');
  };

  it('say what another number of copies does before it is saved; it is so afterwards, on every node', async () => {
    const { page, ui } = desk;
    await desk.node(0).put('large.bin', new Uint8Array(5 * MB));
    await ui.row('large.bin').getByText('2 of 3 in reach').waitFor();
    await ui.goTo('Settings');
    const network = card('Network');
    const copies = network.getByLabel('Copies of each file');
    await copies.fill('5');
    await network.getByText('The network has 2 nodes: more copies are made once others join.').waitFor();
    await copies.fill('1');
    await network.getByText('Frees about 5 MB on the nodes in all.').waitFor();
    await network.scrollIntoViewIfNeeded();
    await screenshot(page, 'settings-copies');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await copies.fill('3');
    await eventually(async () => (await network.getByText('Frees about').count()) === 0, {
      what: 'nothing would change',
    });
    await copies.fill('1');
    await save(network);
    await page.locator('dfs-health summary').getByText('All files safe').waitFor();
    const other = () => desk.node(1).json<Settings>('/settings');
    await eventually(async () => (await other()).replicas === 1, { what: 'the other node has it too' });
    await copies.fill('2');
    await network.getByText('Takes about 5 MB more on the nodes in all.').waitFor();
  });

  it('have limits by hour and day, by the clock of the node, and say which hold now', async () => {
    const { page, ui } = desk;
    await ui.goTo('Settings');
    const node = card('This node');
    await node.getByRole('button', { name: 'Add a time' }).click();
    const time = node.getByRole('group', { name: 'Time 1' });
    await time.getByRole('checkbox', { name: 'Friday' }).uncheck();
    await time.getByRole('checkbox', { name: 'Sunday' }).check();
    await time.getByLabel('From').fill('09:30');
    await time.getByLabel('To').fill('17:00');
    await time.getByLabel('Sends, MB/s').fill('2');
    await save(node);
    expect((await settings()).limitSchedule).toEqual([
      {
        ...{ days: ['mon', 'tue', 'wed', 'thu', 'sun'], from: '09:30', to: '17:00' },
        ...{ uploadBytesPerSecond: 2 * MB, downloadBytesPerSecond: null },
      },
    ]);
    await node.getByText(/Now: sends (2 MB\/s|as fast as it goes), receives\s+as fast as it goes/).waitFor();
    await time.scrollIntoViewIfNeeded();
    await screenshot(page, 'settings-schedule');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await page.reload();
    await ui.live();
    await time.getByRole('button', { name: 'Remove' }).click();
    await save(node);
    expect((await settings()).limitSchedule).toEqual([]);
  });

  it('end the session of another browser, and keep colours and rows as they were chosen', async () => {
    const { page, ui } = desk;
    await using other = await openTab(desk.browser);
    await new ConsolePage(other.page).open(desk.node(0).link);
    await ui.goTo('Settings');
    // Those of earlier cases are listed, too.
    const ends = page.getByRole('button', { name: 'End', exact: true });
    await ends.first().waitFor();
    for (let left = await ends.count(); left > 0; left--) {
      await ends.first().click();
      await eventually(async () => (await ends.count()) < left, { what: 'one less' });
    }
    await other.page.getByRole('heading', { name: 'Sign in to this node' }).waitFor();
    await page.getByText('This browser', { exact: true }).waitFor();
    await page.getByRole('combobox', { name: 'Colours' }).selectOption({ label: 'Dark' });
    await page.getByRole('combobox', { name: 'Rows of files' }).selectOption({ label: 'Compact' });
    await page.reload();
    await ui.live();
    await page.getByRole('combobox', { name: 'Colours' }).waitFor();
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    await eventually(async () => (await ground()) === 'dark', { what: 'dark after a reload' });
    await screenshot(page, 'settings-dark');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.goTo('Files');
    const height = async () => (await ui.row('large.bin').boundingBox())?.height;
    await eventually(async () => (await height()) === 32, { what: 'rows of 32 px' });
  });
});
