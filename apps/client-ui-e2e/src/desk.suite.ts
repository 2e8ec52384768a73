import { removeAll, type Engine } from '@dfs/testing';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser, openTab, type BrowserOptions, type Tab } from './browser.js';
import { ConsolePage } from './console-page.js';

/** How a desk is set up. */
export interface DeskOptions {
  browser?: BrowserOptions;
  tab?: BrowserContextOptions;
  /** Each case opens the console by itself, or something else. */
  opensNothing?: boolean;
}

/** Where the cases of a suite work: nodes and a browser for all of them, and a tab for each. */
export class Desk {
  #nodes: Engine[] = [];
  #browser: Browser | undefined;
  #tab: Tab | undefined;
  #ui: ConsolePage | undefined;

  get browser(): Browser {
    return there(this.#browser);
  }

  /** The tab of the case. */
  get tab(): Tab {
    return there(this.#tab);
  }

  get page(): Page {
    return this.tab.page;
  }

  /** The console of the first node in that tab. */
  get ui(): ConsolePage {
    return there(this.#ui);
  }

  node(index: number): Engine {
    return there(this.#nodes[index]);
  }

  /** To be called within `describe`: sets up the desk before the first case, and a tab before each. */
  static with(start: () => Promise<Engine[]>, options: DeskOptions = {}): Desk {
    const desk = new Desk();
    beforeAll(async () => {
      const opening = launchBrowser(options.browser).then((browser) => (desk.#browser = browser));
      const starting = start().then((nodes) => (desk.#nodes = nodes));
      await Promise.all([opening, starting]);
    });
    afterAll(async () => {
      await desk.#browser?.close();
      await removeAll(desk.#nodes);
    });
    beforeEach(async () => {
      desk.#tab = await openTab(desk.browser, options.tab);
      desk.#ui = new ConsolePage(desk.tab.page);
      if (options.opensNothing !== true) await desk.ui.open(desk.node(0).link);
    });
    afterEach(async () => desk.#tab?.[Symbol.asyncDispose]());
    return desk;
  }
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the desk is not set up');
  return part;
}
