import { eventually, startEngine, type Engine } from '@dfs/testing';
import { EVENTS_NAMESPACE, type AnyEvent, type EventHandshake } from '@dfs/contracts';
import type { CDPSession, Page, WebSocketRoute } from 'playwright-core';
import { openTab } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';
import { formOf } from './forms.js';

const PAGES = ['Peers', 'Activity', 'Settings', 'Live folders', 'Files'] as const;
/** Rounds through the pages: after the first ones, all that keeps a number of things keeps as many as it ever will. */
const ROUNDS = { before: 2, after: 3 };
/** Time that passes for the page in a round: five minutes in all. It hears of the node as often as it has to. Milliseconds. */
const BEATS = 10;
const BEAT_MS = 10_000;
/** Events between two pages, and files of each: some 11 MiB in all. */
const TOLD = 150;
const FILES = 10;
/** Growth that compiled code and the like may cause, in bytes, elements and listeners. A page of the console has more elements. */
const SPARE = { JSHeapUsedSize: 3 * 1024 * 1024, Nodes: 150, JSEventListeners: 30 };
type Held = Record<keyof typeof SPARE, number>;

describe('a tab that stays open', () => {
  let engine: Engine;
  const start = async () => {
    engine = await startEngine({ name: 'busy' });
    await engine.json('/files', { method: 'POST', body: filesOf('', 100) });
    return [engine];
  };
  const desk = Desk.with(start, { opensNothing: true });

  it('takes no more memory after five minutes of events, and of going from page to page', async () => {
    await using tab = await openTab(desk.browser);
    const { page } = tab;
    const ui = new ConsolePage(page);
    await page.clock.install();
    const stream = await busyStream(page);
    await ui.open(engine.link);
    await engine.json('/files', { method: 'POST', body: filesOf('busy/', FILES) });
    await eventually(() => stream.heard() !== undefined, { what: 'an event of the node' });
    const wire = await page.context().newCDPSession(page);
    await wire.send('Performance.enable');

    const goAbout = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        for (const name of PAGES) {
          stream.beat();
          stream.tell(TOLD);
          await ui.goTo(name);
        }
        const details = await ui.details('file 0.txt');
        await details.getByRole('list', { name: 'Holders' }).waitFor();
        await page.keyboard.press('Escape');
        await details.waitFor({ state: 'detached' });
        for (let beat = 0; beat < BEATS; beat++) {
          stream.beat();
          await page.clock.runFor(BEAT_MS);
        }
      }
    };
    await goAbout(ROUNDS.before);
    const before = await held(wire);
    await goAbout(ROUNDS.after);
    let now = before;
    const isFlat = async () => {
      now = await held(wire);
      return Object.entries(SPARE).every(
        ([name, spare]) => now[name as keyof Held] - before[name as keyof Held] <= spare,
      );
    };
    // Requests under way end, and are let go of.
    await eventually(isFlat, { what: 'memory as before', poll: 1000 }).catch((error: unknown) => {
      throw new Error(`held before: ${JSON.stringify(before)}; after: ${JSON.stringify(now)}`, { cause: error });
    });
    expect(tab.complaints).toEqual([]);
    // It has heard them all: it asks for those after the last.
    const told = stream.cut();
    expect(told).toBeGreaterThan(TOLD * PAGES.length * ROUNDS.after);
    await eventually(() => stream.askedAfter() === told, { what: `the page asks for events after ${told}` });
  });
});

/** The body of a request that puts so many files. */
function filesOf(folder: string, count: number): FormData {
  const files = Array.from({ length: count }, (_, n) => ({ path: `${folder}file ${n}.txt`, content: `${n}` }));
  return formOf(files);
}

/** The stream of events between node and page: told on as they come, and as many more as a test wants. */
async function busyStream(page: Page) {
  /** Packets of Engine.IO, and the heads of those of Socket.IO that open the stream and that have an event. */
  const [ping, pong, opens, head] = ['2', '3', `40${EVENTS_NAMESPACE},`, `42${EVENTS_NAMESPACE},`];
  let socket: WebSocketRoute | undefined;
  let pings = 0;
  let seq = 0;
  let askedAfter: number | undefined;
  let heard: AnyEvent | undefined;
  await page.routeWebSocket(/socket\.io/, (opened) => {
    const server = opened.connectToServer();
    socket = opened;
    opened.onMessage((message) => {
      if (message === pong && pings > 0) return void pings--;
      if (typeof message === 'string' && message.startsWith(opens)) {
        askedAfter = (JSON.parse(message.slice(opens.length)) as EventHandshake).after;
      }
      server.send(message);
    });
    server.onMessage((message) => {
      if (typeof message === 'string' && message.startsWith(head)) {
        const [, event] = JSON.parse(message.slice(head.length)) as [string, AnyEvent];
        if (event.seq !== null) seq = Math.max(seq, event.seq);
        if (event.type === 'file.uploaded') heard = event;
      }
      opened.send(message);
    });
  });
  return {
    /** The newest file that the node has told of. */
    heard: () => heard,
    /** The number of the event after which the page has asked for all. */
    askedAfter: () => askedAfter,
    /** Breaks the connection. @returns the number of the last event that was told */
    cut(): number {
      void socket?.close();
      return seq;
    },
    /** Tells of it so many times more, each time as a newer event. */
    tell(times: number): void {
      for (let n = 0; n < times; n++) {
        socket?.send(`${head}${JSON.stringify(['event', { ...heard, seq: ++seq }])}`);
      }
    },
    /** The node is there: the page, whose time runs faster, hears it as often as it should. */
    beat(): void {
      pings++;
      socket?.send(ping);
    },
  };
}

/** As the page stands, without what nothing refers to any more. */
async function held(wire: CDPSession): Promise<Held> {
  for (let times = 0; times < 2; times++) await wire.send('HeapProfiler.collectGarbage');
  const { metrics } = await wire.send('Performance.getMetrics');
  const value = (name: string) => metrics.find((one) => one.name === name)?.value ?? NaN;
  return {
    JSHeapUsedSize: value('JSHeapUsedSize'),
    Nodes: value('Nodes'),
    JSEventListeners: value('JSEventListeners'),
  };
}
