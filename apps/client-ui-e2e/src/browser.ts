import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const SCREENSHOTS = resolve(ROOT, 'artifacts/screenshots');
const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A headless Chromium: the one that `CHROMIUM_PATH` names, or one of the usual places. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = [process.env['CHROMIUM_PATH'], ...USUAL].find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('no Chromium here: install one, or set CHROMIUM_PATH');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--headless=new'] });
}

/** A page of its own, with everything the browser complained of. */
export interface Tab extends AsyncDisposable {
  page: Page;
  /** Errors and warnings of the browser's console, and exceptions of the page. */
  complaints: string[];
}

/** A tab without any session of another. */
export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** Kept for people to look at. */
export async function screenshot(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ ...options, path: resolve(SCREENSHOTS, `${name}.png`) });
}
