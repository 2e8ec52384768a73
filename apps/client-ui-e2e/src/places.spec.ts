import { open } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { eventually, removeAll, sha256Hex, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { StrippingProxy } from './proxy.js';

const MB = 1_000_000;
/** Larger than what travels whole. */
const LARGE = 70 * MB;
const PATH = '/its/place';
/** A name for this machine, for a browser that is told so; to browsers no name is secure over plain HTTP but `localhost`. */
const NAME = 'dfs.test';

/** An address of this machine that others reach it by, where it has one; networks of other specs come and go. */
const lan = Object.entries(networkInterfaces())
  .flatMap(([name, all]) => (name.startsWith('dfs') ? [] : (all ?? [])))
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('the console, wherever it is opened', () => {
  const nodes: Engine[] = [];
  let browser: Browser;
  let disk: TempDir;
  let large: string;

  beforeAll(async () => {
    [browser, disk] = await Promise.all([
      launchBrowser({ args: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] }),
      tempDir(),
    ]);
    large = disk.file('large.bin');
    const file = await open(large, 'w');
    for (let at = 0; at < LARGE; at += MB) await file.write(Buffer.alloc(MB, at / MB));
    await file.close();
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(nodes);
    await disk?.remove();
  });

  /** Signs in at an address without a session, and does what needs most of the way between: answers the requests that there were. */
  const walk = async (page: Page, url: string, engine: Engine): Promise<{ asked: string[]; parts: number }> => {
    const asked: string[] = [];
    let parts = 0;
    page.on('request', (request) => {
      asked.push(request.url());
      if (request.method() === 'PATCH') parts++;
    });
    page.on('websocket', (socket) => asked.push(socket.url().replace(/^ws/, 'http')));
    const ui = new ConsolePage(page);
    await page.goto(`${url}/peers`);
    await page.getByLabel('Token or link').fill(engine.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await ui.live();
    await ui.goTo('Peers');
    await ui.goTo('Files');
    await ui.choose([large]);
    expect(await ui.uploadsEnded()).toBe('1 file uploaded');
    await ui.closeUploads();
    const { hash } = await ui.download('large.bin');
    expect(hash).toBe(await sha256Hex(large));
    // Told by an event.
    await engine.put('tree/from elsewhere.txt', 'in a tree');
    await ui.row('tree/').waitFor();
    // A zip has an address of its own.
    const started = page.waitForEvent('download');
    await ui.act('tree/', 'Download');
    expect((await started).suggestedFilename()).toBe('tree.zip');
    expect(await (await started).failure()).toBeNull();
    await ui.folder(url, 'tree/');
    const details = await ui.details('tree/from elsewhere.txt');
    await details.getByLabel('Beginning of the file').getByText('in a tree').waitFor();
    await page.keyboard.press('Escape');
    await ui.row('tree/from elsewhere.txt').focus();
    await page.keyboard.press('Control+c');
    await page.keyboard.press('Control+v');
    await ui.row('tree/from elsewhere (copy).txt').waitFor();
    await ui.delete('tree/from elsewhere.txt');
    return { asked, parts };
  };

  it('is a path of its own behind a proxy that takes it off: pages, events, uploads in parts, and downloads', async () => {
    await using proxy = await StrippingProxy.start(PATH);
    const engine = await startEngine({
      name: 'behind',
      env: { DFS_BASE_PATH: PATH, DFS_TRUSTED_PROXY: '127.0.0.1', DFS_ALLOWED_HOSTS: proxy.host },
    });
    nodes.push(engine);
    proxy.leadTo(new URL(engine.url).host);
    await using tab = await openTab(browser, { acceptDownloads: true });
    const { asked, parts } = await walk(tab.page, proxy.url, engine);
    expect(parts).toBeGreaterThan(0);
    expect(asked.filter((url) => url.startsWith('http') && !url.startsWith(`${proxy.url}/`))).toEqual([]);
    expect(asked.filter((url) => url.includes('socket.io') && url.includes('transport=websocket'))).not.toEqual([]);
    expect(proxy.strays).toEqual([]);
    // Programs are told the address of the proxy.
    const ui = new ConsolePage(tab.page);
    await ui.goTo('Settings');
    await tab.page.getByText(`${proxy.url}/dav/`).first().waitFor();
    await screenshot(tab.page, 'places-proxy');
    // The answer to who is signed in, before anybody was.
    expect(tab.complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
  });

  it('is an address of the local network, by plain HTTP: no secure context, and all works', async () => {
    const at: Record<string, string> = lan ? { DFS_HTTP_HOST: lan } : { DFS_ALLOWED_HOSTS: NAME };
    const engine = await startEngine({ name: 'in the lan', env: at });
    nodes.push(engine);
    const url = lan ? engine.url : engine.url.replace('127.0.0.1', NAME);
    await using tab = await openTab(browser, { acceptDownloads: true });
    const { page } = tab;
    const { parts } = await walk(page, url, engine);
    expect(await page.evaluate(() => [isSecureContext, 'clipboard' in navigator, 'subtle' in crypto])).toEqual([
      false,
      false,
      false,
    ]);
    expect(parts).toBeGreaterThan(0);
    // A button that copies puts its text on the clipboard.
    const ui = new ConsolePage(page);
    const details = await ui.details('tree/from elsewhere (copy).txt');
    await details.getByRole('button', { name: /^Copy/ }).first().click();
    await details.getByText('Copied').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    const search = page.getByRole('searchbox', { name: 'Search names' });
    await search.focus();
    await page.keyboard.press('Control+v');
    await eventually(async () => (await search.inputValue()) !== '', { what: 'it is pasted' });
    await ui.goTo('Settings');
    await page.getByText(`${url}/dav/`).first().waitFor();
    await screenshot(page, 'places-lan');
    expect(tab.complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
  });
});
