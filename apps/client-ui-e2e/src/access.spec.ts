import { eventually, startEngine, type Engine } from '@dfs/testing';
import type { Locator, Page } from 'playwright-core';
import { openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { formOf } from './forms.js';
import { focusStops, isUncovered, watchMotion } from './senses.js';

const PAGES = ['Files', 'Live folders', 'Peers', 'Activity', 'Settings'] as const;
/** A window of 1,280 × 1,024 at a zoom of 400 %. */
const ZOOMED = { width: 320, height: 256 };

describe('the console for everyone', () => {
  let engine: Engine;
  const start = async () => {
    engine = await startEngine({ name: 'first' });
    const files = Array.from({ length: 30 }, (_, n) => ({
      path: `file ${String(n).padStart(2, '0')}.txt`,
      content: `${n}`,
    }));
    const body = formOf([...files, { path: 'inside/one.txt', content: 'one' }]);
    await engine.json('/files', { method: 'POST', body });
    return [engine];
  };
  const desk = Desk.with(start, { opensNothing: true });

  const background = (of: Locator) => of.evaluate((element) => getComputedStyle(element).backgroundColor);
  /** Until one ground is another than the other. */
  const differ = (one: Locator, other: Locator) =>
    eventually(async () => (await background(one)) !== (await background(other)), { what: 'the grounds differ' });

  it('in forced colours says by lines and by the system’s colours what it says by grounds elsewhere', async () => {
    const { tab, page, ui } = desk;
    await tab.look({ forcedColors: 'active' });
    await ui.open(engine.link);
    await ui.row('file 00.txt').waitFor();
    const which = page.getByRole('group', { name: 'Which files' });
    await differ(which.getByRole('button', { name: 'Files' }), which.getByRole('button', { name: 'Deleted' }));
    const pages = page.getByRole('navigation', { name: 'Pages' });
    await differ(pages.getByRole('link', { name: 'Files' }), pages.getByRole('link', { name: 'Peers' }));
    await ui.row('file 00.txt').focus();
    await page.keyboard.press('Shift+F10');
    const item = page.getByRole('menuitem').first();
    await item.waitFor();
    const isMarked = (element: Element) =>
      element === document.activeElement && getComputedStyle(element).outlineStyle === 'solid';
    await eventually(() => item.evaluate(isMarked), { what: 'the entry is marked by a line' });
    await page.keyboard.press('Escape');
    const details = await ui.details('file 01.txt');
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await screenshot(page, 'access-forced-files');
    expect(await ui.accessibilityFaults()).toEqual([]);
    for (const name of PAGES.slice(1)) {
      await ui.goTo(name);
      await screenshot(page, `access-forced-${name.toLowerCase().replace(' ', '-')}`);
    }
    expect(tab.complaints).toEqual([]);
  });

  it('at a zoom of 400 % fits the width, and everything can be reached', async () => {
    const { tab, page, ui } = desk;
    await tab.look({ viewport: ZOOMED });
    await ui.open(engine.link);
    await ui.row('file 00.txt').waitFor();
    const fits = async (name: string) => {
      await screenshot(page, `access-zoomed-${name}`);
      await ui.fits();
    };
    await fits('files');
    expect(await ui.accessibilityFaults()).toEqual([]);
    // The list has room for a few rows, and its last row can be brought into view.
    const list = page.locator('cdk-virtual-scroll-viewport');
    await eventually(async () => ((await list.boundingBox())?.height ?? 0) > 120, { what: 'room for rows' });
    await ui.row('file 00.txt').focus();
    await page.keyboard.press('End');
    await ui.row('file 29.txt').waitFor();
    await eventually(() => isUncovered(ui.row('file 29.txt')), { what: 'the last row is in view' });
    // A dialog, with its buttons.
    await page.keyboard.press('F2');
    const dialog = page.getByRole('dialog');
    const rename = dialog.getByRole('button', { name: 'Rename' });
    await rename.scrollIntoViewIfNeeded();
    await fits('dialog');
    await eventually(() => isUncovered(rename), { what: 'the button is in view' });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const details = await ui.details('file 29.txt');
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await fits('details');
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await ui.choose([{ name: 'zoomed.txt', mimeType: '', buffer: Buffer.from('x') }]);
    expect(await ui.uploadsEnded()).toBe('1 file uploaded');
    await fits('work');
    await ui.closeUploads();
    for (const name of PAGES.slice(1)) {
      await ui.goTo(name);
      await fits(name.toLowerCase().replace(' ', '-'));
    }
    expect(tab.complaints).toEqual([]);
  });

  it('moves nothing for those who want no motion, and something for others', async () => {
    const walk = async (page: Page) => {
      const ui = new ConsolePage(page);
      const moved = await watchMotion(page);
      await ui.open(engine.link);
      await ui.row('file 00.txt').focus();
      await page.keyboard.press('Shift+F10');
      await page.getByRole('menuitem').first().waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('F2');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      const details = await ui.details('file 00.txt');
      await details.getByRole('list', { name: 'Holders' }).waitFor();
      return moved();
    };
    await using still = await openTab(desk.browser, { reducedMotion: 'reduce' });
    expect(await walk(still.page)).toEqual([]);
    await using lively = await openTab(desk.browser, { reducedMotion: 'no-preference' });
    expect(await walk(lively.page)).not.toEqual([]);
  });

  it('is used by the keyboard alone, and says what it does: files, peers, settings, the drawer', async () => {
    const { tab, page, ui } = desk;
    const press = (key: string) => page.keyboard.press(key);
    const focused = (of: Locator, what?: string) =>
      eventually(() => of.evaluate((element) => element === document.activeElement), what ? { what } : {});
    const dialog = page.getByRole('dialog');
    /** Said by a live region: one that is there before its words. */
    const toldBy = (text: string | RegExp) =>
      page.locator('[role=status], [aria-live]').getByText(text).first().waitFor({ state: 'attached' });
    for (const name of ['walk/one.txt', 'walk/two.txt', 'walk/within/three.txt']) await engine.put(name, name);
    await ui.open(engine.link);
    await ui.folder(engine.url, 'walk/');
    await ui.row('walk/one.txt').waitFor();

    const stops = await focusStops(page);
    expect(stops.faults).toEqual([]);
    expect(stops.names).toEqual(
      expect.arrayContaining(['Skip to the page', 'Peers', 'Search names', 'Upload', 'Only some files', 'Grid']),
    );
    const snapshot = await page.locator('main').ariaSnapshot();
    for (const line of [/- grid "Files"/, /- columnheader "Name"/, /- row .*within/, /- gridcell .*one\.txt/]) {
      expect(snapshot).toMatch(line);
    }
    await page.reload();
    await ui.row('walk/one.txt').waitFor();
    await press('Tab');
    await focused(page.getByText('Skip to the page'));
    await press('Enter');
    await focused(page.locator('main'));
    // On to the list.
    await eventually(
      async () => {
        await press('Tab');
        return page.evaluate(() => document.activeElement?.matches('[role=row][data-path]'));
      },
      { what: 'Tab comes to the list' },
    );
    await focused(ui.row('walk/within/'));

    // A folder, and back; details, and back.
    await press('Enter');
    await ui.row('walk/within/three.txt').waitFor();
    await focused(ui.row('walk/within/three.txt'), 'the first row of the folder');
    await press('Backspace');
    await focused(ui.row('walk/within/'), 'the first row again');
    await press('ArrowDown');
    await focused(ui.row('walk/one.txt'));
    await press('Enter');
    const details = page.getByRole('complementary', { name: 'Details of the file' });
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await press('Escape');
    await details.waitFor({ state: 'detached' });
    await focused(ui.row('walk/one.txt'));

    // Picked, and not; the menu, and not.
    await press('Space');
    await toldBy('1 selected');
    await press('Escape');
    await page.getByRole('toolbar').waitFor({ state: 'detached' });
    await press('Shift+F10');
    await focused(page.getByRole('menuitem').first());
    await press('ArrowDown');
    await focused(page.getByRole('menuitem').nth(1));
    await press('Escape');
    await focused(ui.row('walk/one.txt'), 'the row, after its menu');

    // Another name; one that is taken stays in the drawer, is said and explained, and can be left.
    await press('F2');
    await focused(dialog.getByLabel('Name'));
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await focused(ui.row('walk/one.txt'), 'the row, after a dialog');
    await press('F2');
    await focused(dialog.getByLabel('Name'));
    await dialog.getByLabel('Name').fill('two.txt');
    await eventually(() => dialog.getByRole('button', { name: 'Rename' }).isEnabled());
    await press('Enter');
    const failed = ui.work().getByRole('list', { name: 'Failures' });
    await failed.getByText('“one.txt” could not be moved.').waitFor();
    await toldBy('“one.txt” could not be moved.');
    await failed.getByRole('button', { name: 'What happened: “one.txt” could not be moved.' }).focus();
    await press('Enter');
    await dialog.getByText('The items named here stay where they are, under their names.').waitFor();
    await screenshot(page, 'access-failure');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await failed.getByRole('button', { name: 'Leave it: “one.txt” could not be moved.' }).focus();
    await press('Enter');
    await failed.waitFor({ state: 'detached' });
    await ui.row('walk/one.txt').focus();
    await press('F2');
    await focused(dialog.getByLabel('Name'));
    await dialog.getByLabel('Name').fill('uno.txt');
    await eventually(() => dialog.getByRole('button', { name: 'Rename' }).isEnabled());
    await press('Enter');
    await ui.said('Moved “one.txt”.');
    await ui.row('walk/uno.txt').waitFor();

    // An upload, which puts a row before the one that is stood on; then that one is deleted, and comes back.
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Upload', exact: true }).focus();
    await press('Enter');
    await focused(page.getByRole('menuitem', { name: 'Files' }));
    await press('Enter');
    // The menu gives the focus back before the chooser is there.
    const chosen = await chooser;
    await ui.row('walk/two.txt').focus();
    await focused(ui.row('walk/two.txt'));
    await chosen.setFiles([{ name: 'a new one.txt', mimeType: '', buffer: Buffer.from('chosen by keys') }]);
    await ui.row('walk/a new one.txt').waitFor();
    await press('Delete');
    await ui.row('walk/two.txt').waitFor({ state: 'detached' });
    await ui.said('Deleted “two.txt”.');
    await press('Control+z');
    await ui.row('walk/two.txt').waitFor();
    await ui.said('Undone.');
    await ui.shows(['walk/within/', 'walk/a new one.txt', 'walk/two.txt', 'walk/uno.txt']);

    // The drawer.
    expect(await ui.uploadsEnded()).toBe('1 file uploaded');
    await toldBy('1 file uploaded');
    await page.getByRole('button', { name: 'Close the work' }).focus();
    await press('Enter');
    await ui.work().waitFor({ state: 'detached' });

    await page.getByRole('link', { name: 'Peers' }).focus();
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Peers' }).waitFor();
    const invite = page.getByRole('button', { name: 'Invite a node' }).first();
    await invite.focus();
    await press('Enter');
    await dialog.getByRole('radio').first().waitFor();
    await eventually(() => dialog.evaluate((element) => element.contains(document.activeElement)));
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await focused(invite);
    await page.getByRole('link', { name: 'Settings' }).focus();
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    await page.getByLabel('Copies of each file').waitFor();
    expect((await focusStops(page)).faults).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });
});
