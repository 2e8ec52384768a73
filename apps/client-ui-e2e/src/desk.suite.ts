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

/** Where the cases of a suite work: nodes, a browser and a tab for all of them; each case finds the tab as if it were new. */
export class Desk {
  #nodes: Engine[] = [];
  #browser: Browser | undefined;
  #tab: Tab | undefined;
  #ui: ConsolePage | undefined;

  get browser(): Browser {
    return there(this.#browser);
  }

  /** The tab in which the case works. */
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

  get nodes(): readonly Engine[] {
    return this.#nodes;
  }

  node(index: number): Engine {
    return there(this.#nodes[index]);
  }

  /** To be called within `describe`: sets up the desk before the first case, and clears the tab before each. */
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
      if (desk.#tab?.page.isClosed() === false) await desk.#tab.clear();
      else desk.#tab = await openTab(desk.browser, options.tab);
      desk.#ui = new ConsolePage(desk.tab.page);
      if (options.opensNothing !== true) await desk.ui.open(desk.node(0).link);
    });
    return desk;
  }
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the desk is not set up');
  return part;
}
