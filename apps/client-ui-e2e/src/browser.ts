import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { stillNetwork } from './still-network.js';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const SCREENSHOTS = resolve(ROOT, 'artifacts/screenshots');
/** Milliseconds after which what a page should show is taken to be missing. */
const PATIENCE = 120_000;
/** Milliseconds in which a browser starts, however many programs want the processor. */
const START_MS = 180_000;
const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** How a browser is started. */
export interface BrowserOptions {
  /** Permissions of files hold for it, also where the suite is run by root. */
  unprivileged?: boolean;
  /** More of its own options. */
  args?: readonly string[];
}

/** The Chromium of this machine. */
export function chromiumPath(): string {
  const found = [process.env['CHROMIUM_PATH'], ...USUAL].find((path) => path && existsSync(path));
  if (!found) throw new Error('no Chromium here: install one, or set CHROMIUM_PATH');
  return found;
}

/** A headless Chromium: the one that `CHROMIUM_PATH` names, or one of the usual places. */
export async function launchBrowser({ unprivileged = false, args = [] }: BrowserOptions = {}): Promise<Browser> {
  const found = chromiumPath();
  const executablePath = unprivileged && process.getuid?.() === 0 ? await withoutPowers(found) : found;
  const env = { ...process.env, ...(await stillNetwork()) };
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--headless=new', ...args], env, timeout: START_MS });
}

/** A program that starts this one without the powers by which root reads everything. */
async function withoutPowers(program: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'dfs-chromium-')), 'chromium');
  const drop = 'exec setpriv --bounding-set=-dac_override,-dac_read_search';
  await writeFile(path, `#!/bin/sh\n${drop} '${program}' "$@"\n`, { mode: 0o755 });
  return path;
}

/** Properties of a page that can change while it is open. */
export type Look = Pick<BrowserContextOptions, 'viewport' | 'colorScheme' | 'forcedColors' | 'reducedMotion'>;

const VIEWPORT = { width: 1280, height: 800 };
/** A page for whose icon no browser asks: the answer would come when the next case is on. */
const EMPTY = '<link rel="icon" href="data:,">';
/** Events that cases listen to. */
const HEARD = ['console', 'dialog', 'pageerror', 'request', 'response', 'websocket'] as const;

/** A page with a session of its own, and everything the browser complained of. */
export interface Tab extends AsyncDisposable {
  page: Page;
  /** Errors and warnings of the browser's console, and exceptions of the page. */
  complaints: string[];
  /** Shows the page as another browser would. */
  look(look: Look): Promise<void>;
  /**
   * As if nothing had been done in it: no page, no session, nothing kept by the node that it was at, no routes and listeners. The scripts
   * of the console stay compiled, which is why: to open it in a new tab takes three times as long. Routes of web sockets and scripts for
   * each page stay too: a case with such opens a tab of its own.
   */
  clear(): Promise<void>;
}

/** A tab without any session of another. */
export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: VIEWPORT, ...options });
  // For a machine that is busy with other things.
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(rememberMessages);
  const page = await context.newPage();
  const complaints: string[] = [];
  const listen = (): void => {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.text()} ${message.location().url}`.trim());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
  };
  const look = async ({ viewport, ...media }: Look): Promise<void> => {
    await page.setViewportSize(viewport ?? VIEWPORT);
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', reducedMotion: 'no-preference', ...media });
  };
  const clear = async (): Promise<void> => {
    for (const event of HEARD) page.removeAllListeners(event);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.setOffline(false);
    await Promise.all(context.pages().flatMap((one) => (one === page ? [] : [one.close()])));
    // An empty page takes its place, and what was kept is dropped there, where nothing keeps anything any more.
    const { origin, protocol } = new URL(page.url());
    if (protocol.startsWith('http')) {
      await page.route('**', (route) => route.fulfill({ contentType: 'text/html', body: EMPTY }));
      await page.goto(`${origin}/empty`);
      await page.evaluate(() => localStorage.clear());
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }
    await context.clearCookies();
    await look(options);
    complaints.length = 0;
    listen();
  };
  listen();
  return { page, complaints, look, clear, [Symbol.asyncDispose]: () => context.close() };
}

/** Runs in a page before anything else: `messages` has what messages said since, also those that are gone. */
function rememberMessages(): void {
  const messages: string[] = [];
  Object.assign(globalThis, { messages });
  const look = (changes: MutationRecord[]) => {
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node instanceof Element);
    for (const element of added) {
      for (const one of element.matches('.toast') ? [element] : element.querySelectorAll('dfs-toasts .toast')) {
        messages.push(one.querySelector('p')?.textContent ?? '');
      }
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}

/** One more window of the same browser and session. Of two tabs of one window, the hidden one is drawn only once a second. */
export async function otherWindow(page: Page): Promise<Page> {
  const opened = page.context().waitForEvent('page');
  await page.evaluate(() => void window.open('about:blank', '', 'popup,noopener,width=1280,height=800'));
  return opened;
}

/** Waits until no part slides in any more, and no text has the colours of neither state. An animation that repeats itself is no way to another state. */
export function atRest(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const moving = () =>
      document
        .getAnimations()
        .filter(({ effect, playState }) => playState === 'running' && effect?.getComputedTiming().iterations === 1);
    for (let now = moving(); now.length > 0; now = moving()) {
      await Promise.allSettled(now.map(({ finished }) => finished));
    }
  });
}

/** Kept for people to look at. */
export async function screenshot(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await atRest(page);
  await page.screenshot({ ...options, path: resolve(SCREENSHOTS, `${name}.png`) });
}
