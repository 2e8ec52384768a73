import { eventually, removeAll, startEngine, type Engine } from '@dfs/testing';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { watchMotion } from './senses.js';

const PAGES = ['Files', 'Live folders', 'Peers', 'Activity', 'Settings'] as const;
/** A window of 1,280 × 1,024 at a zoom of 400 %. */
const ZOOMED = { width: 320, height: 256 };

describe('the console for everyone', () => {
  let engine: Engine;
  let browser: Browser;

  beforeAll(async () => {
    [browser, engine] = await Promise.all([launchBrowser(), startEngine({ name: 'first' })]);
    for (let n = 0; n < 30; n++) await engine.put(`file ${String(n).padStart(2, '0')}.txt`, `${n}`);
    await engine.put('inside/one.txt', 'one');
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(engine ? [engine] : []);
  });

  const background = (of: Locator) => of.evaluate((element) => getComputedStyle(element).backgroundColor);

  it('in forced colours says by lines and by the system’s colours what it says by grounds elsewhere', async () => {
    await using tab = await openTab(browser, { forcedColors: 'active' });
    const { page } = tab;
    const ui = new ConsolePage(page);
    await ui.open(engine.link);
    await ui.row('file 00.txt').waitFor();
    const which = page.getByRole('group', { name: 'Which files' });
    expect(await background(which.getByRole('button', { name: 'Files' }))).not.toBe(
      await background(which.getByRole('button', { name: 'Deleted' })),
    );
    const pages = page.getByRole('navigation', { name: 'Pages' });
    expect(await background(pages.getByRole('link', { name: 'Files' }))).not.toBe(
      await background(pages.getByRole('link', { name: 'Peers' })),
    );
    await ui.row('file 00.txt').focus();
    await page.keyboard.press('Shift+F10');
    const item = page.getByRole('menuitem').first();
    await item.waitFor();
    await eventually(() => item.evaluate((element) => element === document.activeElement));
    expect(await item.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
    await page.keyboard.press('Escape');
    const details = await ui.details('file 01.txt');
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await screenshot(page, 'access-forced-files');
    expect(await ui.accessibilityFaults()).toEqual([]);
    for (const name of PAGES.slice(1)) {
      await ui.goTo(name);
      await page.waitForLoadState('networkidle');
      await screenshot(page, `access-forced-${name.toLowerCase().replace(' ', '-')}`);
    }
    expect(tab.complaints).toEqual([]);
  });

  it('at a zoom of 400 % fits the width, and everything can be reached', async () => {
    await using tab = await openTab(browser, { viewport: ZOOMED });
    const { page } = tab;
    const ui = new ConsolePage(page);
    await ui.open(engine.link);
    await ui.row('file 00.txt').waitFor();
    const fits = async (name: string) => {
      await screenshot(page, `access-zoomed-${name}`);
      expect(await ui.overflow()).toBeLessThanOrEqual(0);
    };
    await fits('files');
    expect(await ui.accessibilityFaults()).toEqual([]);
    // The list has room for a few rows, and its last row can be brought into view.
    const list = page.locator('cdk-virtual-scroll-viewport');
    expect((await list.boundingBox())?.height).toBeGreaterThan(120);
    await ui.row('file 00.txt').focus();
    await page.keyboard.press('End');
    await ui.row('file 29.txt').waitFor();
    await eventually(() => inView(ui.row('file 29.txt')), { what: 'the last row is in view' });
    // A dialog, with its buttons.
    await page.keyboard.press('F2');
    const dialog = page.getByRole('dialog');
    const rename = dialog.getByRole('button', { name: 'Rename' });
    await rename.scrollIntoViewIfNeeded();
    await fits('dialog');
    expect(await inView(rename)).toBe(true);
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
      await page.waitForLoadState('networkidle');
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
    await using still = await openTab(browser, { reducedMotion: 'reduce' });
    expect(await walk(still.page)).toEqual([]);
    await using lively = await openTab(browser, { reducedMotion: 'no-preference' });
    expect(await walk(lively.page)).not.toEqual([]);
  });
});

/** Whether an element lies in the window, with its middle. */
async function inView(of: Locator): Promise<boolean> {
  return of.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + height / 2);
    return at !== null && (element.contains(at) || at.contains(element));
  });
}
