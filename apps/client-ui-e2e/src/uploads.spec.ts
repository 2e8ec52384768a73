import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, isLong, sha256Hex, unless, type Engine } from '@dfs/testing';
import type { FileInfo, FileList, TransferList, VersionList } from '@dfs/contracts';
import type { CDPSession, Page } from 'playwright-core';
import { openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { startEngineAtFixedPort } from './network.js';

const MB = 1_000_000;
/** Larger than what travels whole. */
const LARGE = 72 * MB;
const MANY = 1000;
/** Bytes a second at which an upload of that size is met in the middle, on a busy machine too. */
const SLOW = 4 * MB;
/** A drop waits so long for the drawer at most. Milliseconds. */
const DRAWN_MS = 3000;
/** A drop of so many files shows the drawer within so long, in milliseconds, in the median of so many. */
const DROP = { files: 5000, drawnMs: 300, times: 3 };

describe('uploads that finish', () => {
  let engine: Engine;
  let wire: CDPSession;
  let disk: string;
  const start = async () => {
    disk = await mkdtemp(join(tmpdir(), 'dfs-chosen-'));
    engine = await startEngineAtFixedPort('keeper');
    return [engine];
  };
  // No more than a person who is not root may read.
  const desk = Desk.with(start, { browser: { unprivileged: true } });
  afterAll(() => rm(disk, { recursive: true, force: true }));
  beforeEach(async () => {
    desk.page.on('dialog', (dialog) => void dialog.accept());
    wire = await desk.page.context().newCDPSession(desk.page);
    await wire.send('Network.enable');
  });

  const list = (prefix: string) => engine.json<FileList>(`/files?limit=1000&prefix=${encodeURIComponent(prefix)}`);
  const slow = (bytesPerSecond: number) =>
    wire.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1 },
      uploadThroughput: bytesPerSecond,
    });
  /** A file of these bytes, on disk. */
  const large = async (name: string): Promise<string> => {
    const path = join(disk, name);
    const file = await open(path, 'w');
    for (let at = 0; at < LARGE; at += MB) await file.write(Buffer.alloc(MB, at / MB));
    await file.close();
    return path;
  };
  /** Bytes of each request that carried some, where they began. */
  const partsOf = (page: Page): { from: number }[] => {
    const parts: { from: number }[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') parts.push({ from: Number(request.headers()['upload-offset']) });
    });
    return parts;
  };
  /** Of the disk, over the window. */
  const drop = async (path: string): Promise<void> => {
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await wire.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
    }
  };
  const storedOf = async (): Promise<number> => {
    const text = (await desk.ui.work().locator('dfs-progress-bar p').textContent()) ?? '';
    return Number(/stored ([\d.]+) MB/.exec(text)?.[1] ?? 0) * MB;
  };
  /** The part of the console that has the drawer is there, as it is by the time that files are held over the window. */
  const partIsLoaded = async (one: ConsolePage): Promise<void> => {
    await one.page.getByRole('button', { name: /^Work/ }).click();
    await one.work().waitFor();
    await one.closeUploads();
    await one.work().waitFor({ state: 'detached' });
  };
  /** Copies that the network wants from now on. */
  const copies = (replicas: number) =>
    engine.json('/settings', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ replicas }),
    });
  const versions = async (path: string): Promise<number> => {
    const { items } = await list(path);
    return (await engine.json<VersionList>(`/files/${(items[0] as FileInfo).id}/versions`)).items.length;
  };

  it('go on by themselves when the node was killed, and end once', async () => {
    const path = await large('killed.bin');
    await slow(SLOW);
    await desk.ui.choose([path]);
    await eventually(async () => (await storedOf()) > 0, { what: 'a part is stored' });
    await engine.kill();
    await desk.ui.work().getByRole('heading', { name: 'Waiting for the node' }).waitFor();
    await screenshot(desk.page, 'uploads-node-away');
    await engine.start();
    await slow(-1);
    expect(await desk.ui.uploadsEnded()).toBe('1 file uploaded');
    const answer = await engine.fetch('/files/content?path=killed.bin');
    expect(await sha256Hex(Buffer.from(await answer.arrayBuffer()))).toBe(await sha256Hex(path));
    expect(await versions('killed.bin')).toBe(1);
  });

  it('go on after a reload once the file is chosen again: no byte that has arrived is sent again', async () => {
    const path = await large('reloaded.bin');
    await slow(SLOW);
    await desk.ui.choose([path]);
    await eventually(async () => (await storedOf()) >= 0.3 * LARGE, { what: 'a third is stored' });
    await desk.page.reload();
    await desk.ui.live();
    await desk.ui
      .work()
      .getByText(/Choose it again to go on: .* MB stored/)
      .waitFor();
    await screenshot(desk.page, 'uploads-choose-again');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    const kept = await storedOf();
    expect(kept).toBeGreaterThanOrEqual(0.3 * LARGE);
    await slow(-1);
    const parts = partsOf(desk.page);
    const chooser = desk.page.waitForEvent('filechooser');
    await desk.ui.work().getByRole('button', { name: 'Choose again: reloaded.bin' }).click();
    await (await chooser).setFiles([path]);
    expect(await desk.ui.uploadsEnded()).toBe('1 file uploaded');
    expect(Math.min(...parts.map(({ from }) => from))).toBeGreaterThanOrEqual(kept - MB);
    const answer = await engine.fetch('/files/content?path=reloaded.bin');
    expect(await sha256Hex(Buffer.from(await answer.arrayBuffer()))).toBe(await sha256Hex(path));
  });

  it('ask once what becomes of names that exist; the list is right after a time without a network', async () => {
    await engine.put('taken/a.txt', 'the first');
    await engine.put('taken/b.txt', 'the first');
    await desk.ui.folder(engine.url, 'taken/');
    await desk.ui.row('taken/b.txt').waitFor();
    const again = ['a.txt', 'b.txt', 'c.txt'].map((name) => ({
      name,
      mimeType: '',
      buffer: Buffer.from('the second'),
    }));
    await desk.ui.choose(again);
    await desk.page.getByRole('heading', { name: '2 names exist already' }).waitFor();
    await screenshot(desk.page, 'uploads-taken');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await desk.page.getByRole('button', { name: 'Keep both' }).click();
    expect(await desk.ui.uploadsEnded()).toBe('3 files uploaded');
    await desk.ui.row('taken/a (2).txt').waitFor();
    await desk.ui.choose(again.slice(0, 1));
    await desk.page.getByRole('button', { name: 'Replace' }).click();
    await eventually(async () => (await versions('taken/a.txt')) === 2);
    // Offline in mid-work: what others do meanwhile is there afterwards, and so is what was chosen.
    await desk.page.context().setOffline(true);
    await desk.ui.choose([{ name: 'offline.txt', mimeType: '', buffer: Buffer.from('chosen without a network') }]);
    await engine.put('taken/meanwhile.txt', 'x');
    await desk.page.context().setOffline(false);
    await desk.ui.row('taken/meanwhile.txt').waitFor();
    await desk.ui.row('taken/offline.txt').waitFor();
  });

  it('are paused, gone on with, cancelled and begun again, one or all; how far they are is told in three parts', async () => {
    const paths = [await large('first.bin'), await large('second.bin')];
    const work = desk.ui.work();
    const row = (name: string) => work.getByRole('listitem').filter({ hasText: name });
    const button = (name: string) => work.getByRole('button', { name, exact: true });
    const parts = work.locator('dfs-progress-bar p');
    await desk.ui.folder(engine.url, '');
    await slow(SLOW);
    await desk.ui.choose(paths);
    for (const name of ['first.bin', 'second.bin'])
      await row(name)
        .getByText(/MB stored/)
        .waitFor();
    await button('Pause first.bin').click();
    await row('first.bin')
      .getByText(/Paused · [\d.]+ MB of 72 MB stored/)
      .waitFor();
    await button('Pause second.bin').waitFor();
    await button('Pause all').click();
    await work.getByRole('heading', { name: '2 uploads paused' }).waitFor();
    await screenshot(desk.page, 'uploads-paused');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    const sent = partsOf(desk.page);
    await button('Go on: first.bin').click();
    await button('Pause first.bin').waitFor();
    await button('Pause all').click();
    await button('Go on with all').click();
    await button('Cancel second.bin').click();
    await row('second.bin').getByText('Cancelled', { exact: true }).waitFor();
    await slow(-1);
    await work.getByRole('heading', { name: '1 file uploaded' }).waitFor();
    expect(Math.min(...sent.map(({ from }) => from))).toBeGreaterThan(0);
    // One node of three that there should be.
    await parts.getByText('Sent 72 MB · stored 72 MB · safe 0 B of 72 MB').waitFor();
    await button('Upload after all: second.bin').click();
    await work.getByRole('heading', { name: '2 files uploaded' }).waitFor();
    await parts.getByText('Sent 144 MB · stored 144 MB · safe 0 B of 144 MB').waitFor();
    await copies(1);
    await parts.getByText('Sent 144 MB · stored 144 MB · safe 144 MB of 144 MB').waitFor();
    await copies(3);
    await slow(SLOW);
    await desk.ui.choose([await large('third.bin'), await large('fourth.bin')]);
    await button('Pause third.bin').waitFor();
    await button('Cancel all').click();
    await work.getByRole('heading', { name: '2 uploads cancelled' }).waitFor();
    await slow(-1);
    const running = async () =>
      (await engine.json<TransferList>('/transfers')).items.filter(({ state }) => state === 'running');
    await eventually(async () => (await running()).length === 0, { what: 'nothing of them is left on the node' });
    expect((await list('third')).total + (await list('fourth')).total).toBe(0);
  });

  it('whose names exist can be skipped, all of them at once, and sent after all', async () => {
    for (const name of ['a.txt', 'b.txt']) await engine.put(`kept/${name}`, 'the first');
    await desk.ui.folder(engine.url, 'kept/');
    await desk.ui.row('kept/b.txt').waitFor();
    await desk.ui.choose(
      ['a.txt', 'b.txt', 'new.txt'].map((name) => ({ name, mimeType: '', buffer: Buffer.from('the second') })),
    );
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Skip' }).click();
    await desk.ui.row('kept/new.txt').waitFor();
    const row = desk.ui.work().getByRole('listitem').filter({ hasText: 'a.txt' });
    await row.getByText('Skipped: the file that is there stays').waitFor();
    for (const name of ['a.txt', 'b.txt']) expect(await versions(`kept/${name}`)).toBe(1);
    await desk.ui.work().getByRole('button', { name: 'Upload after all: a.txt' }).click();
    await desk.page.getByRole('heading', { name: 'A file of this name exists' }).waitFor();
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click();
    await eventually(async () => (await versions('kept/a.txt')) === 2, { what: 'the second version of a.txt' });
    expect(await versions('kept/b.txt')).toBe(1);
  });

  unless(isLong ? undefined : 'a time is measured on a quiet machine: DFS_LONG=1', it)(
    'show the drawer soon after a drop of 5,000 files',
    async () => {
      const folder = join(disk, 'many');
      await mkdir(folder);
      for (let n = 0; n < DROP.files; n++) await writeFile(join(folder, `${n}.txt`), `${n}`);
      const took: number[] = [];
      for (let time = 0; time < DROP.times; time++) {
        await using fresh = await openTab(desk.browser);
        const { page } = fresh;
        page.on('dialog', (dialog) => void dialog.accept());
        const one = new ConsolePage(page);
        await one.open(engine.link);
        await partIsLoaded(one);
        const drawn = page.evaluate(
          () =>
            new Promise<number>((done) => {
              const look = () => {
                const heading = document.querySelector<HTMLElement>('dfs-work-panel h2');
                if (heading === null || heading.offsetHeight === 0) return void requestAnimationFrame(look);
                // The task after this frame: by then it is on the screen.
                setTimeout(() => done(performance.measure('drawer', 'dropped').duration));
              };
              const begin = () => {
                performance.mark('dropped');
                requestAnimationFrame(look);
              };
              addEventListener('drop', begin, { capture: true, once: true });
            }),
        );
        const input = await page.context().newCDPSession(page);
        const data = { items: [], files: [folder], dragOperationsMask: 1 };
        const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
          input.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
        for (const type of ['dragEnter', 'dragOver', 'drop'] as const) await drag(type);
        took.push(await drawn);
      }
      console.info(`The drawer after a drop of ${DROP.files} files: ${took.map(Math.round).join(', ')} ms`);
      expect(took.sort((a, b) => a - b)[1]).toBeLessThanOrEqual(DROP.drawnMs);
    },
  );

  it('take all of a drop but what cannot be read, name that truly, and try it alone again', async () => {
    const folder = join(disk, 'drop');
    await mkdir(join(folder, 'none'), { recursive: true });
    await mkdir(join(folder, 'shut'));
    const text = (n: number) => `${n}`;
    await Promise.all(Array.from({ length: MANY }, (_, n) => writeFile(join(folder, `${n}.txt`), text(n))));
    await writeFile(join(folder, 'shut', 'inside.txt'), 'behind a door');
    await writeFile(join(folder, 'unreadable.txt'), 'a secret');
    await writeFile(join(folder, 'empty.txt'), '');
    await writeFile(join(folder, 'growing.log'), 'x'.repeat(MB));
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
    await chmod(join(folder, 'unreadable.txt'), 0o000);
    await chmod(join(folder, 'shut'), 0o000);
    // It grows between the moment it is dropped and the one it is sent.
    await desk.page.route('**/api/v1/files/lookup', async (route) => {
      await appendFile(join(folder, 'growing.log'), 'more');
      await route.continue();
    });
    await partIsLoaded(desk.ui);
    // The drawer at the moment at which the first entry of the drop is looked into.
    const shown = desk.page.evaluate(
      (drawnMs) =>
        new Promise<string>((done) => {
          // The drop waits for the drawer, however long that takes to be drawn.
          const begin = globalThis.setTimeout as (...args: [handler: () => void, ms?: number]) => number;
          const patient = (handler: () => void, ms = 0) => (ms === drawnMs ? 0 : begin(handler, ms));
          Object.assign(globalThis, { setTimeout: patient });
          const items = DataTransferItem.prototype;
          const { webkitGetAsEntry } = items;
          items.webkitGetAsEntry = function () {
            const entry = webkitGetAsEntry.call(this) as FileSystemDirectoryEntry;
            const createReader = entry.createReader.bind(entry);
            entry.createReader = () => {
              const heading = document.querySelector<HTMLElement>('dfs-work-panel h2');
              done(heading !== null && heading.offsetHeight > 0 ? heading.innerText : 'no drawer');
              return createReader();
            };
            items.webkitGetAsEntry = webkitGetAsEntry;
            return entry;
          };
        }),
      DRAWN_MS,
    );
    await drop(folder);
    expect(await shown).toMatch(/^Looking through what was dropped/);
    const ended = await desk.ui.uploadsEnded();
    expect(ended).toMatch(/^3 uploads failed; /);
    await screenshot(desk.page, 'uploads-failed');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    const failure = (name: string) =>
      desk.ui.work().locator('.failed', { hasText: name }).locator('.line').textContent();
    expect(await failure('growing.log')).toContain('still writing');
    expect(await failure('unreadable.txt')).toContain('permissions do not allow');
    expect(await failure('shut')).toContain('permissions do not allow');
    // A browser gives a pipe as a file without bytes.
    const { total } = await list('drop/');
    expect(total).toBe(MANY + 2);
    await desk.page.unroute('**/api/v1/files/lookup');
    await chmod(join(folder, 'unreadable.txt'), 0o600);
    await chmod(join(folder, 'shut'), 0o700);
    const lookUps: string[][] = [];
    desk.page.on('request', (request) => {
      if (request.url().endsWith('/files/lookup')) lookUps.push((request.postDataJSON() as { paths: string[] }).paths);
    });
    await desk.ui.work().getByRole('button', { name: 'Retry all' }).click();
    await eventually(async () => (await list('drop/')).total === MANY + 5, { what: 'the three are there' });
    // Those that have arrived are looked up too, as often as one likes: how safe they are. Each of the three is looked up before.
    const three = ['drop/growing.log', 'drop/shut/inside.txt', 'drop/unreadable.txt'];
    const asked = three.map((one) => lookUps.find((all) => all.includes(one)) ?? ['none']);
    expect(asked.flat().filter((path) => !three.includes(path))).toEqual([]);
    await desk.ui.folder(engine.url, 'drop/');
    await desk.ui.row('drop/none/').waitFor();
    // And it is said that it may have been one.
    const pipe = desk.ui.work().getByRole('listitem').filter({ hasText: 'pipe' });
    await drop(join(folder, 'pipe'));
    await desk.page.getByRole('button', { name: 'Skip' }).click();
    await desk.ui.work().getByRole('button', { name: 'Upload after all: pipe' }).click();
    await desk.page.getByRole('button', { name: 'Replace' }).click();
    await pipe.getByText('empty file; a pipe or a device comes as one').waitFor();
  });
});
