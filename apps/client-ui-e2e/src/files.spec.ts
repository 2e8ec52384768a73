import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { eventually, realFiles, sha256Hex, startNetwork, type Engine } from '@dfs/testing';
import type { FileList } from '@dfs/contracts';
import type { Page } from 'playwright-core';
import { screenshot } from './browser.js';
import { Desk } from './desk.suite.js';

/** A PNG of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('files in the browser', () => {
  const desk = Desk.with(() => startNetwork(2), { tab: { acceptDownloads: true } });
  const node = (index: number) => desk.node(index);
  const list = (engine: Engine, query = '') => engine.json<FileList>(`/files?limit=1000${query}`);

  it('signs in by the link, and the token leaves the address', async () => {
    await desk.page.waitForURL(`${node(0).url}/files`);
    expect(await desk.page.evaluate(() => document.cookie)).toBe('');
    await desk.page.reload();
    await desk.ui.live();
    await desk.page.getByText('No files yet').waitFor();
    await screenshot(desk.page, 'files-empty');
    expect(desk.tab.complaints).toEqual([]);
  });

  it('takes real files by the chooser, shows their progress, and gives them back equal', async () => {
    const sources = await realFiles({ min: 2_000_000, max: 40_000_000, count: 3 });
    await desk.ui.choose(sources.map((file) => file.path));
    expect(await desk.ui.uploadsEnded()).toBe('3 files uploaded');
    await desk.ui.closeUploads();
    for (const { path } of sources) {
      const name = basename(path);
      await desk.ui.row(name).waitFor();
      const { hash, name: savedAs } = await desk.ui.download(name);
      expect(savedAs).toBe(name);
      expect(hash).toBe(await sha256Hex(path));
    }
    await desk.ui
      .row(basename(sources[0]?.path ?? ''))
      .getByText('2 of 3 in reach')
      .waitFor();
    expect(desk.tab.complaints).toEqual([]);
  });

  it('takes dropped files, among them names that mean mischief, and shows them as they are', async () => {
    const mischief = ['<img src=x onerror=alert(1)>.txt', 'Übung 🎂 (1).txt', 'תמונה.txt', `${'long '.repeat(40)}.txt`];
    desk.page.on('dialog', () => desk.tab.complaints.push('a dialog opened'));
    await desk.ui.drop(mischief.map((name) => ({ name, text: `the bytes of ${name}` })));
    expect(await desk.ui.uploadsEnded()).toBe(`${mischief.length} files uploaded`);
    await desk.ui.closeUploads();
    for (const name of mischief) await desk.ui.row(name).waitFor();
    expect(await desk.page.locator('img').count()).toBe(0);
    await desk.ui.fits();
    const { hash } = await desk.ui.download('Übung 🎂 (1).txt');
    expect(hash).toBe(await sha256Hex(Buffer.from('the bytes of Übung 🎂 (1).txt')));
    const isThere = async () => {
      const paths = (await list(node(1))).items.map((file) => file.path);
      return mischief.every((name) => paths.includes(name.normalize('NFC')));
    };
    await eventually(isThere, { what: 'all of them on the other node' });
    expect(desk.tab.complaints).toEqual([]);
  });

  it('sends many small files together', async () => {
    const files = Array.from({ length: 120 }, (_, i) => ({ name: `many-${i}.txt`, text: `file ${i}` }));
    const requests: string[] = [];
    desk.page.on('request', (request) => {
      if (request.method() === 'POST' || request.method() === 'PUT') requests.push(new URL(request.url()).pathname);
    });
    await desk.ui.drop(files);
    expect(await desk.ui.uploadsEnded()).toBe('120 files uploaded');
    // Later look-ups ask how safe the files are.
    expect(requests.slice(0, 2)).toEqual(['/api/v1/files/lookup', '/api/v1/files']);
    expect(requests.slice(2).filter((path) => path !== '/api/v1/files/lookup')).toEqual([]);
    const { total } = await list(node(0), '&prefix=many-');
    expect(total).toBe(120);
  });

  it('names a file that is gone before it is read, and takes all others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dfs-chosen-'));
    try {
      const paths = Array.from({ length: 40 }, (_, i) => join(folder, `gone-${i}.txt`));
      const large = join(folder, 'gone-large.bin');
      for (const path of paths) await writeFile(path, basename(path));
      await writeFile(large, Buffer.alloc(2_000_000, 7));
      await desk.ui.holdChosen();
      await desk.ui.choose([...paths, large]);
      for (const path of [paths[7] ?? '', large]) await unlink(path);
      await desk.ui.releaseChosen();
      expect(await desk.ui.uploadsEnded()).toMatch(/^2 uploads failed; .*This file cannot be read/);
      expect((await list(node(0), '&prefix=gone-')).total).toBe(39);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes what is pasted: an image by the keys on a row, files of other programs; rows that were copied last go before', async () => {
    const { page, ui } = desk;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await node(0).put('pasted/first.txt', 'x');
    await ui.folder(node(0).url, 'pasted/');
    await copyImage(page);
    await ui.row('pasted/first.txt').focus();
    await page.keyboard.press('Control+v');
    await ui.row('pasted/image.png').waitFor();
    const bytes = await (await node(0).fetch('/files/content?path=pasted/image.png')).arrayBuffer();
    expect(Buffer.from(bytes).subarray(1, 4).toString()).toBe('PNG');
    // A file manager puts several on the clipboard.
    await page.locator('main').evaluate((main) => {
      const clipboardData = new DataTransfer();
      for (const name of ['one.txt', 'two.txt']) clipboardData.items.add(new File([name], name));
      main.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    });
    for (const name of ['one.txt', 'two.txt']) await ui.row(`pasted/${name}`).waitFor();
    // A row that is copied takes the place of the image.
    await ui.row('pasted/first.txt').focus();
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    await ui.row('pasted/first (copy).txt').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('pasted/first.txt');
    // And an image that of the row: it is asked about, since there is one of that name.
    await copyImage(page);
    await ui.row('pasted/first.txt').focus();
    await page.keyboard.press('Control+v');
    await page.getByRole('dialog').getByRole('button', { name: 'Keep both' }).click();
    await ui.row('pasted/image (2).png').waitFor();
    await screenshot(page, 'files-pasted');
    // In a field it is text.
    await page.getByRole('searchbox', { name: 'Search names' }).focus();
    await page.keyboard.press('Control+v');
    await ui.shows([
      'pasted/first (copy).txt',
      'pasted/first.txt',
      'pasted/image (2).png',
      'pasted/image.png',
      'pasted/one.txt',
      'pasted/two.txt',
    ]);
    expect(desk.tab.complaints).toEqual([]);
  });

  it('shows what another node does, without a reload', async () => {
    await node(1).put('from/a first one.txt', 'so that there is a folder');
    await desk.ui.folder(node(0).url, 'from/');
    await desk.ui.row('from/a first one.txt').waitFor();
    await node(1).put('from/the other.txt', 'written there');
    await desk.ui.row('from/the other.txt').waitFor();
    await node(1).put('from/the other.txt', 'written there, and then changed');
    await desk.ui.row('from/the other.txt').getByText('31 B', { exact: true }).waitFor();
    const { items } = await list(node(1), '&path=from/the other.txt');
    await node(1).fetch(`/files/${items[0]?.id}`, { method: 'DELETE' });
    await desk.ui.row('from/the other.txt').waitFor({ state: 'detached' });
  });

  it('deletes everywhere', async () => {
    await node(0).put('a to be deleted.txt', 'short-lived');
    await eventually(async () => (await list(node(1), '&q=to be deleted')).total === 1);
    await desk.ui.row('a to be deleted.txt').waitFor();
    await desk.ui.delete('a to be deleted.txt');
    await desk.ui.said('Deleted “a to be deleted.txt”.');
    await eventually(async () => (await list(node(1), '&q=to be deleted')).total === 0);
  });

  it('selects several and deletes them together', async () => {
    for (const i of [1, 2, 3]) await node(0).put(`several/${i}.txt`, `${i}`);
    await desk.ui.folder(node(0).url, 'several/');
    for (const i of [1, 2, 3]) await desk.ui.row(`several/${i}.txt`).getByRole('checkbox').check();
    await desk.page.getByRole('toolbar').getByText('3 selected').waitFor();
    await desk.page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
    for (const i of [1, 2, 3]) await desk.ui.row(`several/${i}.txt`).waitFor({ state: 'detached' });
    await eventually(async () => (await list(node(0), '&prefix=several/')).total === 0, { what: 'all are deleted' });
  });

  it('finds by name, walks folders, sorts; the address keeps where one is', async () => {
    await node(0).put('walk/deep/needle.txt', 'a');
    await node(0).put('walk/hay.txt', 'bb');
    await node(0).put('walk/more hay.txt', 'b');
    await desk.ui.row('walk/').click();
    await desk.page.getByRole('heading', { level: 1, name: 'walk' }).waitFor();
    await desk.ui.row('walk/deep/').waitFor();
    await desk.page.getByRole('button', { name: 'Size' }).click();
    await desk.page.waitForURL(/sort=-size/);
    await desk.ui.shows(['walk/deep/', 'walk/hay.txt', 'walk/more hay.txt']);
    await desk.page.reload();
    await desk.page.getByRole('heading', { level: 1, name: 'walk' }).waitFor();
    await desk.ui.row('walk/hay.txt').waitFor();
    await desk.page.goBack();
    await desk.page.waitForURL((url) => !url.search.includes('sort'));
    await desk.page.getByRole('heading', { level: 1, name: 'walk' }).waitFor();
    await desk.page.goBack();
    await desk.page.getByRole('heading', { level: 1, name: 'Files' }).waitFor();
    await desk.ui.search('NEEDLE');
    await desk.ui.shows(['walk/deep/needle.txt']);
    await desk.ui.search('no such thing');
    await desk.page.getByText('Nothing found').waitFor();
  });

  it('shows some files alone, by kind or by their copies, in folders of any depth; the address keeps which', async () => {
    for (const name of ['a.png', 'deep/b.png']) await node(0).put(`kinds/${name}`, new Uint8Array(PIXEL));
    await node(0).put('kinds/c.txt', 'a text');
    await desk.ui.folder(node(0).url, 'kinds/');
    await desk.ui.shows(['kinds/deep/', 'kinds/a.png', 'kinds/c.txt']);
    const choice = desk.page.getByRole('combobox', { name: 'Only some files' });
    await choice.selectOption({ label: 'Images' });
    await desk.ui.shows(['kinds/a.png', 'kinds/deep/b.png']);
    await desk.page.waitForURL(/type=image/);
    await desk.page.reload();
    await desk.ui.shows(['kinds/a.png', 'kinds/deep/b.png']);
    // Two nodes of three that there should be.
    await choice.selectOption({ label: 'Fewer copies than wanted' });
    await desk.ui.shows(['kinds/a.png', 'kinds/c.txt', 'kinds/deep/b.png']);
    await choice.selectOption({ label: 'Enough copies' });
    await desk.page.getByText('Nothing found').waitFor();
    await choice.selectOption({ label: 'All of them' });
    await desk.ui.shows(['kinds/deep/', 'kinds/a.png', 'kinds/c.txt']);
  });

  it('tells who holds a file, and its identity', async () => {
    const source = (await realFiles({ min: 3_000_000, max: 9_000_000, count: 1 }))[0];
    const info = await node(0).put('a held.bin', await readFile(source?.path ?? ''));
    const details = await desk.ui.details('a held.bin');
    await details.getByText(info.contentId).waitFor();
    await details.getByText('node-a', { exact: true }).first().waitFor();
    await details.getByText('node-b', { exact: true }).waitFor();
    await details.getByText('this node', { exact: true }).first().waitFor();
    // With few nodes the network keeps everything on each: there is nothing to free.
    await details.getByRole('button', { name: 'Keep on this node' }).click();
    await details.getByText('This node keeps a copy whatever the network does').waitFor();
    await details.getByRole('button', { name: 'Keep it here no longer' }).click();
    await details.getByText('The network keeps this file on this node').waitFor();
    await details.getByRole('button', { name: 'Free the room here' }).waitFor();
    await details.getByText('This node has a copy for the network').waitFor();
    await details.getByText('The network keeps this file on this node').waitFor();
    await screenshot(desk.page, 'file-details');
    await desk.page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
  });

  it('can be used by the keyboard alone', async () => {
    await node(0).put('by keyboard.txt', 'x');
    await desk.ui.row('by keyboard.txt').waitFor();
    await desk.ui.search('by keyboard');
    await desk.ui.shows(['by keyboard.txt']);
    await desk.ui.row('by keyboard.txt').focus();
    await desk.page.keyboard.press('Space');
    await desk.page.getByText('1 selected').waitFor();
    await desk.page.keyboard.press('Enter');
    await desk.page.getByLabel('Details of the file').waitFor();
    await desk.ui.row('by keyboard.txt').focus();
    await desk.page.keyboard.press('Delete');
    await desk.ui.row('by keyboard.txt').waitFor({ state: 'detached' });
  });

  it('says plainly when an upload is refused, and tries again when told', async () => {
    await desk.page.route('**/api/v1/files/content*', (route) =>
      route.fulfill({
        status: 507,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'quota-exceeded', status: 507, detail: 'All 10 MB of this node are used.' }),
      }),
    );
    await desk.ui.choose([{ name: 'refused.bin', mimeType: '', buffer: Buffer.alloc(700_000, 1) }]);
    expect(await desk.ui.uploadsEnded()).toMatch(/^1 upload failed; .*All 10 MB of this node are used\.$/);
    await desk.page.unroute('**/api/v1/files/content*');
    await desk.page.getByRole('button', { name: 'Try again: refused.bin' }).click();
    await desk.ui.search('refused');
    await desk.ui.row('refused.bin').waitFor();
  });
});

/** As a program does that makes pictures of the screen. */
function copyImage(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const canvas = new OffscreenCanvas(320, 200);
    const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
    context.fillStyle = '#3641c8';
    context.fillRect(40, 40, 240, 120);
    const image = await canvas.convertToBlob({ type: 'image/png' });
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
  });
}
