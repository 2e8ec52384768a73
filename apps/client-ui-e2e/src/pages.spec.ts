import { mkdir, writeFile } from 'node:fs/promises';
import { eventually, tempDir, type Engine, type TempDir } from '@dfs/testing';
import type { FileInfo, FileList, NodeInfo } from '@dfs/contracts';
import type { Page } from 'playwright-core';
import { otherWindow, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { formOf } from './forms.js';
import { HOSTILE_NAMES, NEVER_SHOWN } from './hostile-names.js';
import { startEngineAtFixedPort } from './network.js';
import { isUncovered } from './senses.js';

const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 800 };
/** Folders that are older than all that came since. */
const FOLDERS = 12;
const NEWER = 10_000;
/** Files of a form, and records of an act. */
const FORM = 500;
const COPIED = 1000;
const JSON_BODY = { 'content-type': 'application/json' };
const MARKUP = '<img src=x onerror=alert(1)>';
const DECEIVING = 'photo\u202Egpj.exe';

describe('the pages of a node', () => {
  let engine: Engine;
  let allowed: TempDir;
  const start = async () => {
    allowed = await tempDir();
    engine = await startEngineAtFixedPort('the-node', { DFS_FOLDER_ROOTS: allowed.path });
    return [engine];
  };
  const desk = Desk.with(start, { tab: { viewport: WIDE } });
  afterAll(() => allowed?.remove());

  const send = (path: string, body: object, method = 'POST') =>
    engine.json(path, { method, headers: JSON_BODY, body: JSON.stringify(body) });
  const list = (query: string) => engine.json<FileList>(`/files?limit=1000${query}`);

  it('show folders that are older than the newest 10,000 files', async () => {
    const old = Array.from({ length: FOLDERS }, (_, n) => `old ${String(n).padStart(2, '0')}/`);
    const body = formOf(old.map((folder) => ({ path: `${folder}first.txt`, content: folder })));
    await engine.json('/files', { method: 'POST', body });
    for (let from = 0; from < COPIED; from += FORM) {
      const files = Array.from({ length: FORM }, (_, n) => ({
        path: `newer/0/${from + n}.txt`,
        content: `${from + n}`,
      }));
      await engine.json('/files', { method: 'POST', body: formOf(files) });
    }
    for (let n = 1; n < NEWER / COPIED; n++) await send('/folders/copy', { path: 'newer/0', to: `newer/${n}` });
    expect((await list('&prefix=newer/')).total).toBe(NEWER);
    const areThere = async (): Promise<void> => {
      await desk.ui.shows(['newer/', ...old]);
      await desk.ui.row('newer/').getByText('10,000 files', { exact: true }).waitFor();
    };
    await areThere();
    await desk.page.getByRole('button', { name: 'Modified' }).click();
    await desk.page.waitForURL(/sort=/);
    await desk.page.reload();
    await desk.ui.live();
    await areThere();
    await desk.ui.row('old 03/').click();
    await desk.ui.row('old 03/first.txt').waitFor();
  });

  it('agree where two of them are open', async () => {
    for (const name of ['a', 'b', 'c']) await engine.put(`both/${name}.txt`, name);
    const page = await otherWindow(desk.page);
    const other = new ConsolePage(page);
    await desk.ui.folder(engine.url, 'both/');
    await other.folder(engine.url, 'both/');
    const details = await other.details('both/a.txt');
    await desk.ui.row('both/a.txt').focus();
    await desk.page.keyboard.press('F2');
    await desk.ui.name('z.txt', 'Rename');
    await other.row('both/z.txt').waitFor();
    await other.row('both/a.txt').waitFor({ state: 'detached' });
    await details.getByText('This file was deleted or moved meanwhile').waitFor();
    await page.keyboard.press('Escape');
    // A file chosen in the one is in both.
    await other.choose([{ name: 'new.txt', mimeType: '', buffer: Buffer.from('chosen in the other') }]);
    await desk.ui.row('both/new.txt').waitFor();
    await desk.ui.keepMessages();
    await desk.ui.delete('both/b.txt');
    await desk.ui.undo(() => other.row('both/b.txt').waitFor({ state: 'detached' }));
    for (const each of [desk.ui, other]) await each.shows(['both/b.txt', 'both/c.txt', 'both/new.txt', 'both/z.txt']);
    // No message lies over it.
    await desk.ui.said('Undone.');
    const leave = desk.page.getByRole('button', { name: 'Sign out' });
    await eventually(() => isUncovered(leave), { what: 'the button is in view' });
    await leave.click();
    for (const each of [desk.page, page]) await each.getByRole('heading', { name: 'Sign in to this node' }).waitFor();
    // Answers to those who have just signed out.
    expect(desk.tab.complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
  });

  it('of an older console say that they are to be loaded anew, and go on meanwhile', async () => {
    await engine.put('before.txt', 'x');
    // A part that is asked for while the node is away cannot be loaded.
    const details = await desk.ui.details('before.txt');
    const keep = details.getByRole('button', { name: 'Keep on this node' });
    await keep.waitFor();
    // The node is stopped, updated, and started again: as this page sees it.
    await desk.page.route('**/api/v1/node', async (route) => {
      const answer = await route.fetch().catch(() => undefined);
      if (!answer) return route.abort('connectionrefused');
      await route.fulfill({ response: answer, json: { ...((await answer.json()) as NodeInfo), version: '99.0.0' } });
    });
    await engine.stop();
    await desk.ui.chip('Offline').waitFor();
    await engine.start();
    await desk.page.getByText('The node was updated to version 99.0.0.').waitFor();
    await screenshot(desk.page, 'older-console');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    // A refusal for which this page has no words.
    await desk.page.route('**/api/v1/files/*/keep', (route) =>
      route.fulfill({
        status: 409,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          ...{ type: '/api/problems/too-new', title: 'x', status: 409, code: 'too-new' },
          ...{ detail: 'A reason of version 99.', requestId: 'r', retryable: false },
        }),
      }),
    );
    await keep.click();
    await details.getByText('The node says what this page does not know').waitFor();
    await details.getByText('A reason of version 99.').waitFor();
    await desk.page.unrouteAll({ behavior: 'wait' });
    const loaded = desk.page.waitForEvent('load');
    await desk.page.getByRole('button', { name: 'Reload', exact: true }).click();
    await loaded;
    await desk.ui.live();
    await desk.ui.row('before.txt').waitFor();
    await desk.page.getByText('The node was updated').waitFor({ state: 'detached' });
  });

  it('show names that mean mischief as they are, and none of them does anything', async () => {
    desk.page.on('dialog', (dialog) => {
      desk.tab.complaints.push('a dialog opened');
      void dialog.dismiss();
    });
    const files: FileInfo[] = [];
    for (const name of HOSTILE_NAMES) files.push(await engine.put(`mischief/${name}`, 'harmless'));
    await engine.put(`mischief/${DECEIVING}x/${DECEIVING}`, 'within');
    // Names of nodes and keys have to be seen.
    await send('/settings', { name: MARKUP }, 'PATCH');
    await send('/keys', { name: MARKUP, scope: 'read' });
    const root = allowed.file(`live ${DECEIVING}`);
    await mkdir(root);
    await writeFile(`${root}/${DECEIVING}`, 'on the disk');
    await send('/live-folders', { root, prefix: `mischief live ${DECEIVING}` });

    /** Looks at the page as it is now, wide and narrow. */
    const look = async (what: string): Promise<void> => {
      for (const viewport of [WIDE, NARROW]) {
        await desk.page.setViewportSize(viewport);
        expect(await mischiefOn(desk.page)).toEqual([]);
        await desk.ui.fits();
        await screenshot(desk.page, `hostile-${what}-${viewport.width}`);
      }
      await desk.page.setViewportSize(WIDE);
    };
    await desk.ui.folder(engine.url, 'mischief/');
    await desk.ui.row(`mischief/${DECEIVING}`).getByText('photo\u25A1gpj.exe').waitFor();
    await look('files');
    await desk.page.getByRole('button', { name: 'Grid' }).click();
    await desk.page.locator('.card').first().waitFor();
    await look('grid');
    await desk.page.getByRole('button', { name: 'Table' }).click();
    const details = await desk.ui.details(`mischief/${DECEIVING}`);
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await look('details');
    await desk.page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await desk.ui.row(`mischief/${DECEIVING}`).click({ button: 'right', position: { x: 200, y: 10 } });
    await desk.page.getByRole('menuitem', { name: 'Move to…' }).click();
    await desk.page.getByRole('dialog').getByRole('button', { name: 'photo' }).waitFor();
    await look('move');
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
    await desk.ui.delete(`mischief/${DECEIVING}`);
    await desk.ui.said(/^Deleted /);
    await look('said');
    await desk.page.getByRole('button', { name: 'Deleted', exact: true }).click();
    await desk.ui.row(`mischief/${DECEIVING}`).waitFor();
    await look('deleted');
    await desk.ui.folder(engine.url, `mischief/${DECEIVING}x/`);
    await desk.ui.row(`mischief/${DECEIVING}x/${DECEIVING}`).waitFor();
    await desk.ui.choose([{ name: `up ${DECEIVING}`, mimeType: '', buffer: Buffer.from('x') }]);
    await desk.ui.uploadsEnded();
    await look('work');
    for (const [name, shown] of [
      ['Activity', '\u25A1'],
      ['Peers', MARKUP],
      ['Live folders', '\u25A1'],
    ] as const) {
      await desk.ui.goTo(name);
      await desk.page.getByRole('main').getByText(shown).first().waitFor();
      await look(name.toLowerCase().replace(' ', '-'));
    }
    await desk.page.getByRole('link', { name: 'Settings' }).click();
    await desk.page.getByRole('main').getByText(MARKUP).first().waitFor();
    await look('settings');
    // And they are what they were.
    expect((await list('&prefix=mischief/')).items.map(({ path }) => path)).toEqual(
      expect.arrayContaining(files.slice(1).map(({ path }) => path)),
    );
    expect(desk.tab.complaints).toEqual([]);
  });
});

/** Text on a page, said or shown, that should not be there, and elements that came with a name. */
function mischiefOn(page: Page): Promise<string[]> {
  return page.evaluate((never) => {
    const pattern = new RegExp(never, 'u');
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node instanceof Text && pattern.test(node.data)) found.push(`text: ${node.data}`);
      if (!(node instanceof Element)) continue;
      for (const name of ['title', 'alt', 'aria-label', 'placeholder', 'aria-description']) {
        const value = node.getAttribute(name);
        if (value !== null && pattern.test(value)) found.push(`${name}: ${value}`);
      }
      if (/^(img|iframe|object|embed|script)$/i.test(node.tagName) && !/^http/.test((node as HTMLImageElement).src)) {
        found.push(node.outerHTML.slice(0, 200));
      }
      if ([...node.attributes].some(({ name }) => name.startsWith('on'))) found.push(node.outerHTML.slice(0, 200));
    }
    if (pattern.test(document.title)) found.push(document.title);
    return found;
  }, NEVER_SHOWN);
}
