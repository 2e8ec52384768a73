import { eventually, sha256Hex, startEngine, type Engine } from '@dfs/testing';
import type { EventPage } from '@dfs/contracts';
import type { Locator, Page } from 'playwright-core';
import { openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { startEngineAtFixedPort } from './network.js';
import { watchFlicker } from './senses.js';

describe('the connection to the node', () => {
  let engine: Engine;
  const desk = Desk.with(async () => [(engine = await startEngineAtFixedPort('lonely'))], { opensNothing: true });

  /** How many changes the node has told of since: each file counts. */
  const changesAfter = async (seq: number): Promise<number> => {
    const { items } = await engine.json<EventPage>(`/events?after=${seq}&limit=1000`);
    return items.reduce((sum, { data }) => sum + ('files' in data ? data.files.length : 1), 0);
  };

  it('without a session asks for the token, refuses a wrong one, takes a pasted link', async () => {
    await desk.page.goto(engine.url);
    await desk.page.getByRole('heading', { name: 'Sign in to this node' }).waitFor();
    await screenshot(desk.page, 'sign-in');
    const field = desk.page.getByLabel('Token or link');
    await field.fill('not the token');
    await desk.page.getByRole('button', { name: 'Sign in' }).click();
    await desk.page.getByText('The node did not accept this token.').waitFor();
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await field.fill(engine.link);
    await desk.page.getByRole('button', { name: 'Sign in' }).click();
    await desk.ui.live();
    await desk.page.reload();
    await desk.ui.live();
  });

  it('tells the uptime as it passes, between what the node says', async () => {
    await desk.ui.open(engine.link);
    const uptime = desk.page.locator('dfs-node-line .uptime');
    await uptime.getByText(/\d (s|min)$/).waitFor();
    const before = await uptime.textContent();
    await eventually(async () => (await uptime.textContent()) !== before, { what: 'a tick', deadline: 120_000 });
  });

  it('says that the node is gone, and comes back by itself with what was missed; nothing that stood there is made anew', async () => {
    await engine.put('before.txt', 'x');
    await using tab = await openTab(desk.browser);
    const { page } = tab;
    const ui = new ConsolePage(page);
    // The page hears nothing of the node until all of it has happened.
    let isHeld = false;
    await page.routeWebSocket(/socket\.io/, (socket) => void (isHeld ? socket.close() : socket.connectToServer()));
    await ui.open(engine.link);
    await ui.row('before.txt').waitFor();
    const flicker = await watchFlicker(page);
    const row = await ui.row('before.txt').elementHandle();
    const { lastSeq } = await engine.json<EventPage>('/events?after=0&limit=1');
    isHeld = true;
    await engine.kill();
    await ui.chip('Offline').waitFor();
    await page.getByText('Not connected to this node.').waitFor();
    await eventually(() => page.getByText(/Trying again in \d+ s/).isVisible());
    await screenshot(page, 'offline');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await engine.start();
    for (const n of [1, 2, 3]) await engine.put(`while the console was away ${n}.txt`, 'x');
    const told = ui.said(/^Caught up, \d+ changes\.$/);
    isHeld = false;
    await page.evaluate(() => dispatchEvent(new Event('online')));
    const missed = Number(/\d+/.exec(await told)?.[0]);
    expect(missed).toBeGreaterThanOrEqual(3);
    expect(missed).toBeLessThanOrEqual(await changesAfter(lastSeq));
    await ui.live();
    await ui.row('while the console was away 3.txt').waitFor();
    expect(await flicker()).toEqual([]);
    expect(await row?.evaluate((element) => element.isConnected && element.getAttribute('data-path'))).toBe(
      'before.txt',
    );
    await page.getByText('Not connected to this node.').waitFor({ state: 'detached' });
  });

  it('that breaks while parts are loaded leaves no place empty: it is said there, and they come by trying again', async () => {
    // The console itself, its details, a dialog, its drawer; some of them also where nobody has asked for them yet.
    const cut = new Set(['dfs-root', 'dfs-file-details', 'dfs-name-dialog', 'dfs-work-panel']);
    await desk.page.route('**/*.js', async (route) => {
      const answer = await route.fetch();
      const text = await answer.text();
      const has = (part: string) => new RegExp(`selectors:\\[\\[[\`"']${part}[\`"']`).test(text);
      await ([...cut].some(has) ? route.abort('connectionreset') : route.fulfill({ response: answer }));
    });
    const unloaded = /This part of the console could not be loaded/;
    const again = (place: Locator | Page) => place.getByRole('button', { name: 'Try again' });
    await engine.put('folder/before.txt', 'x');
    await desk.page.goto(engine.link);
    await desk.page.getByRole('heading', { level: 1, name: 'The console could not be loaded' }).waitFor();
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    cut.delete('dfs-root');
    await again(desk.page).click();
    await desk.ui.live();
    await desk.ui.folder(engine.url, 'folder/');
    await desk.ui.row('folder/before.txt').focus();
    await desk.page.keyboard.press('F2');
    await desk.page.getByRole('dialog').getByText(unloaded).waitFor();
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await desk.page.getByRole('button', { name: 'Close' }).click();
    await desk.page.getByRole('button', { name: /^Work/ }).click();
    await desk.ui.work().getByText(unloaded).waitFor();
    await desk.page.keyboard.press('Enter');
    await desk.ui.row('folder/before.txt').focus();
    await desk.page.keyboard.press('Enter');
    const details = desk.page.getByLabel('Details of the file');
    await desk.page.getByRole('main').getByText(unloaded).waitFor();
    await screenshot(desk.page, 'unloaded');
    cut.clear();
    await again(desk.page.getByRole('main')).click();
    await details.getByRole('list', { name: 'Holders' }).waitFor();
    await desk.page.getByRole('button', { name: /^Work/ }).click();
    await desk.ui.work().getByRole('heading', { level: 2 }).waitFor();
  });

  it('that breaks while a page is being loaded leaves no empty page', async () => {
    let isSignedIn = false;
    let cut = 0;
    desk.page.on('response', (answer) => (isSignedIn ||= answer.url().endsWith('/session')));
    // The first part that is asked for once the frame is there.
    await desk.page.route('**/*.js', (route) => {
      if (!isSignedIn || cut > 0) return route.continue();
      cut++;
      return route.abort('connectionreset');
    });
    await desk.ui.open(engine.link);
    expect(cut).toBe(1);
  });

  it('tries at once when told', async () => {
    await desk.ui.open(engine.link);
    await engine.kill();
    await desk.page.getByRole('button', { name: 'Try now' }).waitFor();
    await engine.start();
    await eventually(
      async () => {
        if (await desk.ui.chip('Live').isVisible()) return true;
        await desk.page.getByRole('button', { name: 'Try now' }).click({ timeout: 500 });
        return undefined;
      },
      { poll: 200 },
    );
  });

  it('at a path of its own loads, signs in, listens, uploads and keeps its addresses there', async () => {
    const below = await startEngine({ name: 'below', env: { DFS_BASE_PATH: '/its/own' } });
    try {
      const asked: string[] = [];
      desk.page.on('request', (request) => asked.push(request.url()));
      desk.page.on('websocket', (socket) => asked.push(socket.url().replace(/^ws/, 'http')));
      // A deep link, without a session.
      await desk.page.goto(`${below.url}/peers`);
      await desk.page.getByLabel('Token or link').fill(below.token);
      await desk.page.getByRole('button', { name: 'Sign in' }).click();
      await desk.ui.live();
      await desk.ui.goTo('Peers');
      await desk.ui.goTo('Files');
      await desk.ui.choose([{ name: 'there.bin', mimeType: '', buffer: Buffer.alloc(300_000, 7) }]);
      expect(await desk.ui.uploadsEnded()).toBe('1 file uploaded');
      await desk.ui.closeUploads();
      const { hash } = await desk.ui.download('there.bin');
      expect(hash).toBe(await sha256Hex(Buffer.alloc(300_000, 7)));
      await below.put('tree/from elsewhere.txt', 'x');
      await desk.page.goto(`${below.url}/files?in=tree/`);
      await desk.ui.live();
      await desk.ui.row('tree/from elsewhere.txt').waitFor();
      await desk.ui.delete('tree/from elsewhere.txt');
      await desk.ui.row('tree/from elsewhere.txt').waitFor({ state: 'detached' });
      expect(new URL(desk.page.url()).pathname).toBe('/its/own/files');
      const elsewhere = asked.filter((url) => url.startsWith('http') && !url.startsWith(`${below.url}/`));
      expect(elsewhere).toEqual([]);
      const cookies = await desk.page.context().cookies(`${below.url}/`);
      expect(cookies.map(({ path }) => path)).toEqual(['/its/own/']);
      // The answer to who is signed in, before anybody was.
      expect(desk.tab.complaints.filter((text) => !text.includes('status of 401'))).toEqual([]);
    } finally {
      await below.remove();
    }
  });

  it('continues an upload that the node’s restart has cut off', async () => {
    await desk.ui.open(engine.link);
    let cut = false;
    await desk.page.route('**/api/v1/files/content*', async (route) => {
      if (cut) return route.continue();
      cut = true;
      return route.abort('connectionreset');
    });
    await desk.ui.choose([{ name: 'cut off.bin', mimeType: '', buffer: Buffer.alloc(900_000, 7) }]);
    expect(await desk.ui.uploadsEnded()).toBe('1 file uploaded');
    await desk.ui.row('cut off.bin').waitFor();
  });
});
