import { AxeBuilder } from '@axe-core/playwright';
import { eventually, sha256Hex } from '@dfs/testing';
import type { Locator, Page } from 'playwright-core';
import { atRest } from './browser.js';

/** A fault of a page is seen by so many looks. */
const LOOKS = 3;

/** A file made within the browser, for a drop. */
export interface DroppedFile {
  name: string;
  text: string;
}

/** The console as a person uses it. Everything is found by what is shown or said, not by how it is built. */
export class ConsolePage {
  constructor(readonly page: Page) {}

  /** Opens the link that the node printed, and waits until the console is live and its page, a part of its own, is there. */
  async open(link: string): Promise<void> {
    await this.page.goto(link);
    await this.live();
    await this.page.getByRole('heading', { level: 1 }).waitFor();
  }

  async live(): Promise<void> {
    await this.chip('Live').waitFor();
  }

  /** The connection state in the top line. */
  chip(text: 'Live' | 'Offline' | 'Connecting'): Locator {
    return this.page.locator('dfs-node-line').getByText(text, { exact: true });
  }

  /** The block of the copies glyph in the icon of the tab; null for the mark alone. */
  async tabBlock(): Promise<string | null> {
    const icon = await this.page.locator('link[rel=icon]').getAttribute('href');
    return /<g id="(\w+)"/.exec(decodeURIComponent(icon ?? ''))?.[1] ?? null;
  }

  async goTo(name: 'Files' | 'Live folders' | 'Peers' | 'Activity' | 'Settings'): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
    await this.isFilled();
    if (name === 'Settings') await this.page.getByLabel('Copies of each file').waitFor();
  }

  /** Waits until no placeholder stands where answers of the node will. */
  private async isFilled(): Promise<void> {
    await eventually(async () => (await this.page.locator('main').locator('.bone, .bones').count()) === 0, {
      what: 'no placeholder',
    });
  }

  // Files

  /** The row of a file, by its whole path. */
  row(path: string): Locator {
    return this.page.locator(`[role=row][data-path="${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"]`);
  }

  /** Until the rows in view are these. */
  async shows(paths: readonly string[]): Promise<void> {
    await eventually(async () => (await this.paths()).join('\n') === paths.join('\n'), { what: paths.join(', ') });
  }

  /** Paths of the rows in view. */
  async paths(): Promise<string[]> {
    const rows = this.page.locator('[role=row][data-path]');
    return rows.evaluateAll((elements) => elements.map((element) => element.getAttribute('data-path') ?? ''));
  }

  /** Chooses files from disk, as by the button Upload. */
  async choose(files: string[] | { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
    await this.page.getByRole('button', { name: 'Upload', exact: true }).click();
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('menuitem', { name: 'Files' }).click();
    await (await chooser).setFiles(files);
  }

  /** The console does not hear of files that are chosen from now on, until `releaseChosen`. */
  async holdChosen(): Promise<void> {
    await this.page.evaluate(() => {
      const held = new AbortController();
      Object.assign(globalThis, { heldChoice: held });
      const hold = (event: Event) => event.stopImmediatePropagation();
      document.addEventListener('change', hold, { capture: true, signal: held.signal });
    });
  }

  /** The console hears of what was chosen meanwhile. */
  async releaseChosen(): Promise<void> {
    await this.page.evaluate(() => {
      (globalThis as unknown as { heldChoice: AbortController }).heldChoice.abort();
      document.querySelector('input[type=file]')?.dispatchEvent(new Event('change', { bubbles: true }));
    });
  }

  /** Drags files over the window and drops them. */
  async drop(files: DroppedFile[]): Promise<void> {
    const transfer = await this.page.evaluateHandle((made) => {
      const data = new DataTransfer();
      for (const { name, text } of made) data.items.add(new File([text], name, { type: 'text/plain' }));
      return data;
    }, files);
    const main = this.page.locator('main');
    await main.dispatchEvent('dragenter', { dataTransfer: transfer });
    await this.page.getByText('Drop to upload').waitFor();
    await main.dispatchEvent('dragover', { dataTransfer: transfer });
    await main.dispatchEvent('drop', { dataTransfer: transfer });
  }

  /** The drawer of work. */
  work(): Locator {
    return this.page.getByRole('region', { name: 'Work' });
  }

  /** Waits until the drawer of work says that nothing is under way any more; answers what it says, and why what failed did. */
  async uploadsEnded(): Promise<string> {
    const panel = this.work();
    const headline = panel.getByRole('heading', { level: 2 }).filter({ hasText: /uploaded|failed|cancelled|skipped/ });
    await headline.waitFor();
    const failures = await panel.locator('.failed .line').allTextContents();
    return [await headline.textContent(), ...failures].map((text) => text?.trim()).join('; ');
  }

  async closeUploads(): Promise<void> {
    await this.page.getByRole('button', { name: 'Close the work' }).click();
  }

  /** Chooses from the menu of a row. */
  async act(path: string, item: string | RegExp): Promise<void> {
    const row = this.row(path);
    await row.hover();
    await row.getByRole('button', { name: /^More for/ }).click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }

  /** Downloads by the row's menu; answers the SHA-256 of what was saved, and the name it was saved under. */
  async download(path: string): Promise<{ hash: string; name: string }> {
    const started = this.page.waitForEvent('download');
    await this.act(path, 'Download');
    const download = await started;
    return { hash: await sha256Hex(await download.path()), name: download.suggestedFilename() };
  }

  /** Deletes by the key. */
  async delete(path: string): Promise<void> {
    await this.row(path).focus();
    await this.page.keyboard.press('Delete');
    await this.row(path).waitFor({ state: 'detached' });
  }

  /** Answers a dialog that asks for a name. */
  async name(name: string, action: string): Promise<void> {
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: action, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** From now on messages stay until one of them is acted on, as if they were pointed at: the buttons of theirs are there, however late. */
  async keepMessages(): Promise<void> {
    await this.page.evaluate(() => {
      const hold = () =>
        document.querySelector('dfs-toasts [role=status]')?.dispatchEvent(new MouseEvent('mouseenter'));
      const isMessage = (node: Node) => node instanceof Element && node.matches('.toast, dfs-toasts');
      const look = (changes: MutationRecord[]) => {
        if (changes.some(({ addedNodes }) => [...addedNodes].some(isMessage))) hold();
      };
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    });
  }

  /** Undoes the last act by the button of its message, which `keepMessages` has kept. @param then done before */
  async undo(then: () => Promise<unknown> = async () => undefined): Promise<void> {
    const button = this.page.getByRole('button', { name: 'Undo' }).last();
    await button.hover();
    await then();
    await button.click();
  }

  /** Until a message has said so since the page was loaded, also one that is gone by now; answers all that it said. Each message counts once. */
  async said(text: string | RegExp): Promise<string> {
    const takeIt = (wanted: string | RegExp) => {
      const { messages } = globalThis as unknown as { messages: string[] };
      const at = messages.findIndex((one) => (typeof wanted === 'string' ? one.includes(wanted) : wanted.test(one)));
      return at === -1 ? undefined : messages.splice(at, 1)[0];
    };
    return eventually(() => this.page.evaluate(takeIt, text), { what: `a message: ${text}`, poll: 50 });
  }

  /** Opens a folder by its address (`a/b/`, or empty for the top). */
  async folder(url: string, prefix: string): Promise<void> {
    await this.page.goto(`${url}/files${prefix === '' ? '' : `?in=${encodeURIComponent(prefix)}`}`);
    await this.live();
    await this.page.getByRole('heading', { level: 1 }).waitFor();
  }

  async search(text: string): Promise<void> {
    await this.page.getByRole('searchbox', { name: 'Search names' }).fill(text);
  }

  /** Opens the details of a file. */
  async details(path: string): Promise<Locator> {
    await this.row(path).locator('[role=gridcell]').nth(2).click();
    const details = this.page.getByLabel('Details of the file');
    await details.waitFor();
    return details;
  }

  // Peers

  card(name: string): Locator {
    return this.page.getByRole('article', { name });
  }

  /** Makes an invite and answers its ticket. */
  async invite(role: 'Member' | 'Storage' | 'Owner' = 'Member'): Promise<string> {
    await this.page.getByRole('button', { name: 'Invite a node' }).first().click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByRole('radio', { name: new RegExp(`^${role}`) }).check();
    await dialog.getByRole('button', { name: 'Make a ticket' }).click();
    const ticket = await dialog.getByLabel('Ticket').inputValue();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await dialog.waitFor({ state: 'detached' });
    return ticket;
  }

  /** Fills in the join dialog; it closes when the node has joined. */
  async join(ticket: string): Promise<void> {
    await this.page.getByRole('button', { name: 'Join a network' }).first().click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Ticket').fill(ticket);
    await dialog.getByRole('button', { name: 'Join', exact: true }).click();
  }

  /** Findings of an accessibility check on the shown page, one line each. */
  async accessibilityFaults(): Promise<string[]> {
    let faults = await this.faultsNow();
    // A part that comes in during a look has the colours of neither state: a fault is there whenever one looks.
    for (let look = 1; look < LOOKS && faults.length > 0; look++) {
      const later = new Set(await this.faultsNow());
      faults = faults.filter((fault) => later.has(fault));
    }
    return faults;
  }

  private async faultsNow(): Promise<string[]> {
    await atRest(this.page);
    // All in the page itself, which has no frames of others, and with selectors of the faults alone: those of all that is well take longer.
    const axe = new AxeBuilder({ page: this.page }).setLegacyMode().options({ resultTypes: ['violations'] });
    const { violations } = await axe.analyze();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
  }

  /** Until the page is no wider than the window. */
  async fits(): Promise<void> {
    await eventually(async () => (await this.overflow()) <= 0, { what: 'the page fits the window' });
  }

  /** How far the page is wider than the window, in CSS pixels, once nothing slides any more. */
  private async overflow(): Promise<number> {
    await atRest(this.page);
    return this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }
}
