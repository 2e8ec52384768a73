import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchBrowser, openTab, screenshot, type Look, type Tab } from './browser.js';
import { ConsolePage } from './console-page.js';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const BUILT = join(ROOT, 'apps/client-ui/dist/gallery/browser');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const LOOKS: readonly { name: string; look: Look }[] = [
  { name: 'light', look: { colorScheme: 'light' } },
  { name: 'dark', look: { colorScheme: 'dark' } },
  { name: 'wide', look: { viewport: { width: 2560, height: 1300 } } },
  { name: 'narrow-dark', look: { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } },
  { name: 'forced', look: { forcedColors: 'active' } },
];

describe('the parts of the console', () => {
  let browser: Browser;
  let server: Server;
  let tab: Tab;

  beforeAll(async () => {
    const bundle = ['tools/lib/angular.mjs', 'apps/client-ui', 'bundle', 'gallery'];
    await promisify(execFile)(process.execPath, bundle, { cwd: ROOT, env: { ...process.env, NODE_OPTIONS: '' } });
    server = createServer((request, response) => {
      const path = request.url === '/' ? '/index.html' : (request.url ?? '');
      readFile(join(BUILT, new URL(path, 'http://x').pathname)).then(
        (bytes) => response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    browser = await launchBrowser();
    tab = await openTab(browser);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each(LOOKS)('are clean to axe in every state, fit, and are kept as a picture: $name', async ({ name, look }) => {
    await tab.clear();
    await tab.look(look);
    const ui = new ConsolePage(tab.page);
    await tab.page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.page.getByRole('heading', { name: 'Empty places' }).waitFor();
    await tab.page.evaluate(() => document.fonts.ready.then(() => undefined));
    await screenshot(tab.page, `gallery-${name}`, { fullPage: true });
    // Parts and colours are the same at every width; where they are forced they are the system's own.
    if (name === 'light' || name === 'dark') expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
    expect(tab.complaints).toEqual([]);
  });
});
