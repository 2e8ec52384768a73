import { fileURLToPath } from 'node:url';
import {
  connected,
  eventually,
  removeAll,
  sharpUnavailable,
  startEngine,
  startNetwork,
  unless,
  type Engine,
} from '@dfs/testing';
import type { FileInfo, FileList } from '@dfs/contracts';
import type { Browser, Locator, Page } from 'playwright-core';
import { launchBrowser, openTab, screenshot, type Tab } from './browser.js';
import { ConsolePage } from './console-page.js';
import { film, lines, noise, pdf, sound } from './samples.js';

const noPictures = await sharpUnavailable(fileURLToPath(import.meta.url));
const MiB = 1024 * 1024;
/** The reader may keep so much: none of the files, each of which is larger. */
const KEPT = 16 * MiB;
const LARGER = KEPT + MiB;
/** Seconds. */
const FILM = 20;
const SOUND = 100;

describe('a look into files whose bytes are on other nodes', () => {
  let holders: Engine[] = [];
  let reader: Engine;
  let browser: Browser;
  let tab: Tab;
  let ui: ConsolePage;
  const holder = (index: number) => holders[index] as Engine;

  beforeAll(async () => {
    [browser, holders] = await Promise.all([launchBrowser(), startNetwork(2, { env: { DFS_REPLICAS: '2' } })]);
    {
      await using made = await openTab(browser);
      const files: Record<string, Buffer> = {
        'film.webm': await film(made.page, FILM, LARGER),
        'sound.wav': sound(SOUND),
        'paper.pdf': pdf('Two apple trees', LARGER),
        'notes.txt': Buffer.from(lines('this is line', LARGER)),
      };
      const put = Object.entries(files).map(([path, bytes]) => holder(0).put(path, new Uint8Array(bytes)));
      for (const { id } of await Promise.all(put)) {
        await eventually(async () => (await holder(0).file(id)).replication.copies === 2, { deadline: 120_000 });
      }
      const [bytes] = await noise(made.page, 1, 1200, 800);
      const picture = await holder(0).put('picture.webp', new Uint8Array(bytes ?? []));
      // Whichever nodes the network gives it to.
      await holder(0).json(`/files/${picture.id}/keep`, { method: 'POST' });
      await holder(0).put('no picture.png', 'not what its name says');
    }
    const env = { DFS_REPLICAS: '2', DFS_QUOTA: String(KEPT) };
    reader = await startEngine({ name: 'reader', env, join: await holder(0).invite() });
    await connected([reader, ...holders], 120_000);
    const all = async () => (await reader.json<FileList>('/files?limit=10')).total === 6;
    await eventually(all, { what: 'the reader knows the files', deadline: 120_000 });
    tab = await openTab(browser);
    ui = new ConsolePage(tab.page);
    await ui.open(reader.link);
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll([...holders, ...(reader ? [reader] : [])]);
  });

  /** The details of a file that is elsewhere. */
  const look = async (path: string): Promise<Locator> => {
    const { items } = await reader.json<FileList>(`/files?path=${encodeURIComponent(path)}`);
    expect((items[0] as FileInfo).local).not.toBe('whole');
    const details = await ui.details(path);
    await details.getByRole('heading', { name: path }).waitFor();
    // The part of the file before goes away meanwhile.
    await eventually(async () => {
      await details.getByRole('heading', { name: 'Preview' }).scrollIntoViewIfNeeded();
      return true;
    });
    return details;
  };
  /** Answers with a range, by where it begins, to what the page asks of contents. */
  const rangesOf = (page: Page): number[] => {
    const ranges: number[] = [];
    page.on('response', (response) => {
      const [, from] = /^bytes (\d+)-/.exec(response.headers()['content-range'] ?? '') ?? [];
      if (response.status() === 206 && from !== undefined) ranges.push(Number(from));
    });
    return ranges;
  };
  interface Playing {
    at: number;
    ended: boolean;
    error: string | null;
    length: number;
  }
  const playing = (media: Locator): Promise<Playing> =>
    media.evaluate((element) => {
      const { currentTime: at, ended, error, duration: length } = element as HTMLMediaElement;
      return { at, ended, error: error === null ? null : `${error.code} ${error.message}`, length };
    });
  const passes = (media: Locator, second: number) =>
    eventually(
      async () => {
        const now = await playing(media);
        if (now.error !== null) throw new Error(now.error);
        return now.at > second;
      },
      { what: `playing beyond ${second} s`, deadline: 120_000 },
    );
  const play = (media: Locator, { from, rate }: { from: number; rate: number }) =>
    media.evaluate(
      async (element, { at, speed }) => {
        const player = element as HTMLMediaElement;
        player.muted = true;
        player.playbackRate = speed;
        player.currentTime = at;
        await player.play();
      },
      { at: from, speed: rate },
    );

  it('shows the beginning of a text', async () => {
    const details = await look('notes.txt');
    await details.getByLabel('Beginning of the file').getByText('this is line 00000000').waitFor();
    await details.getByText(/^The first 3\d(\.\d)? kB of/).waitFor();
    // In the whole window, and on to the file beside it, whose details are open afterwards.
    await details.getByRole('button', { name: 'Look at it in the whole window' }).click();
    const whole = tab.page.getByRole('dialog', { name: 'notes.txt' });
    await whole.getByLabel('Beginning of the file').getByText('this is line 00000000').waitFor();
    await screenshot(tab.page, 'preview-whole');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await tab.page.keyboard.press('ArrowLeft');
    const beside = tab.page.getByRole('dialog', { name: 'no picture.png' });
    await beside.getByText('not what its name says').waitFor();
    await beside.getByRole('button', { name: 'Close' }).click();
    await details.getByRole('heading', { name: 'no picture.png' }).waitFor();
  });

  it('shows a document', async () => {
    const answered = tab.page.waitForResponse((response) => response.url().includes('inline=1'));
    const details = await look('paper.pdf');
    const answer = await answered;
    expect([answer.status(), answer.headers()['content-type']]).toEqual([200, 'application/pdf']);
    await details.locator('iframe').waitFor();
    await screenshot(tab.page, 'preview-pdf');
  });

  it('plays a sound, and goes anywhere in it without reading what is between', async () => {
    const ranges = rangesOf(tab.page);
    const details = await look('sound.wav');
    const audio = details.locator('audio');
    await eventually(async () => Math.round((await playing(audio)).length) === SOUND, { deadline: 120_000 });
    await play(audio, { from: SOUND - 10, rate: 1 });
    await passes(audio, SOUND - 10);
    await eventually(() => Math.max(...ranges) > LARGER / 2, { what: 'a range in the second half was asked for' });
    await audio.evaluate((element) => (element as HTMLMediaElement).pause());
  });

  unless(noPictures, it)('shows small pictures of images, and of what is none its kind', async () => {
    const { items } = await reader.json<FileList>('/files?limit=10');
    const thumbnail = (path: string, query: string) =>
      reader.fetch(`/files/${items.find((file) => file.path === path)?.id}/thumbnail${query}`);
    const made = await thumbnail('picture.webp', '?remote=1');
    expect([made.status, made.headers.get('content-type')]).toEqual([200, 'image/webp']);
    const bytes = Buffer.from(await made.arrayBuffer());
    const again = await thumbnail('picture.webp', '');
    expect(Buffer.from(await again.arrayBuffer()).equals(bytes)).toBe(true);
    const known = { headers: { 'if-none-match': again.headers.get('etag') ?? '' } };
    expect((await reader.fetch(new URL(again.url).pathname.replace('/api/v1', ''), known)).status).toBe(304);
    expect((await thumbnail('no picture.png', '?remote=1')).status).toBe(204);
    expect((await thumbnail('film.webm', '?remote=1')).status).toBe(204);
    await tab.page.getByRole('button', { name: 'Grid' }).click();
    const holding = await openTab(browser);
    try {
      // On a node that has it, the card shows it.
      const other = new ConsolePage(holding.page);
      await other.open(holder(0).link);
      await holding.page.getByRole('button', { name: 'Grid' }).click();
      const card = (path: string) => holding.page.locator(`.card[data-path="${path}"]`);
      const shown = card('picture.webp').locator('img');
      await shown.waitFor();
      await eventually(async () => (await shown.evaluate((img: HTMLImageElement) => img.naturalWidth)) === 256);
      await eventually(async () => (await card('no picture.png').locator('img').count()) === 0);
      await screenshot(holding.page, 'grid-thumbnails');
      expect(holding.complaints).toEqual([]);
    } finally {
      await holding[Symbol.asyncDispose]();
    }
    await tab.page.getByRole('button', { name: 'Table' }).click();
  });

  it('goes on with a film when a holder dies that it is read from', async () => {
    const details = await look('film.webm');
    const video = details.locator('video');
    await eventually(async () => Math.round((await playing(video)).length) === FILM, { deadline: 120_000 });
    await play(video, { from: 0, rate: 1 });
    await passes(video, 0.2);
    await screenshot(tab.page, 'preview-video');
    await holder(0).kill();
    // To its end, of which the browser has nothing yet.
    await play(video, { from: FILM - 3, rate: 2 });
    await passes(video, FILM - 1);
    await eventually(async () => (await playing(video)).ended, { deadline: 120_000 });
    await eventually(async () => (await details.getByText(/1 of 2|One copy/).count()) > 0, { deadline: 120_000 });
    expect(tab.complaints).toEqual([]);
  });
});
