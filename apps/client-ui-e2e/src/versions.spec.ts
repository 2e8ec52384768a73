import type { FileInfo, VersionList } from '@dfs/contracts';
import { eventually, startNetwork, type Engine } from '@dfs/testing';
import type { Locator } from 'playwright-core';
import { openTab, screenshot, type Look } from './browser.js';
import { ConsolePage } from './console-page.js';
import { Desk } from './desk.suite.js';

const LOOKS: readonly { name: string; look: Look }[] = [
  { name: 'light', look: { colorScheme: 'light' } },
  { name: 'dark', look: { colorScheme: 'dark' } },
  { name: 'narrow', look: { viewport: { width: 360, height: 740 } } },
  { name: 'wide', look: { viewport: { width: 2560, height: 1300 } } },
  { name: 'forced', look: { forcedColors: 'active' } },
];
const LINES = 60;
/** Lines of the text that the second version has anew. */
const CHANGED = [12, 13, 47];

describe('versions of a file, side by side', () => {
  const desk = Desk.with(withVersions, { opensNothing: true });
  const node = () => desk.node(0);

  /** Opens the comparison of the earlier version with the current one. */
  const compare = async (path: string, ui = desk.ui, picture?: string): Promise<Locator> => {
    await ui.row(path).locator('[role=gridcell]').nth(2).click();
    const button = ui.page.getByRole('button', { name: /^(Compare the version|Version vergleichen)/ }).first();
    await button.waitFor();
    await button.scrollIntoViewIfNeeded();
    if (picture !== undefined) await screenshot(ui.page, picture);
    await button.click();
    const dialog = ui.page.getByRole('dialog', { name: /^(Versions of|Versionen von)/ });
    await dialog.getByRole('region', { name: 'Version B' }).waitFor();
    return dialog;
  };

  it.each(LOOKS)('tells what differs, line by line, and is clean to axe: $name', async ({ name, look }) => {
    const { tab, ui } = desk;
    await tab.look(look);
    await ui.open(node().link);
    const dialog = await compare('notes.md', ui, `versions-list-${name}`);
    await dialog.getByText(`Different: ${CHANGED.length + 1} lines`).waitFor();
    const [a, b] = (['A', 'B'] as const).map((side) => dialog.getByRole('region', { name: `Version ${side}` }));
    await a?.getByText('node-b', { exact: true }).waitFor();
    await b?.getByText('this node', { exact: true }).waitFor();
    await b?.getByText('all of it').waitFor();
    await dialog.locator('ins', { hasText: 'This line was written anew: 12' }).waitFor();
    await screenshot(tab.page, `versions-${name}`);
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
    await dialog
      .getByRole('button', { name: /^Show \d+ equal lines/ })
      .first()
      .click();
    await dialog.getByRole('cell', { name: 'Line 3 of the notes' }).first().waitFor();
    await tab.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(tab.complaints).toEqual([]);
  });

  it('shows images beside each other, and says of what a browser cannot show that it cannot', async () => {
    await desk.ui.open(node().link);
    const dialog = await compare('picture.svg');
    const images = dialog.getByRole('img', { name: 'Preview of picture.svg' });
    await eventually(async () => (await images.count()) === 2);
    const sizes = () => images.evaluateAll((all: HTMLImageElement[]) => all.map((image) => image.naturalWidth));
    await eventually(async () => (await sizes()).join() === '640,480', { what: 'both pictures' });
    await screenshot(desk.page, 'versions-pictures');
    expect(await desk.ui.accessibilityFaults()).toEqual([]);
    await dialog.getByRole('button', { name: 'Close' }).click();
    const other = await compare('program.bin');
    await other.getByText('The browser cannot show files of this kind.').waitFor();
    await screenshot(desk.page, 'versions-other');
    expect(desk.tab.complaints).toEqual([]);
  });

  it('compares any two by the keyboard, and restores either of them', async () => {
    await desk.ui.open(node().link);
    const dialog = await compare('three.txt');
    await dialog.getByText('Different: 1 line').waitFor();
    const choice = dialog.getByRole('region', { name: 'Version A' }).getByRole('combobox');
    await choice.focus();
    await desk.page.keyboard.press('ArrowDown');
    await dialog.getByText('Both versions have the same content.').waitFor();
    await desk.page.keyboard.press('ArrowUp');
    await dialog.locator('del', { hasText: 'two' }).waitFor();
    await dialog.getByRole('button', { name: /^Restore version A/ }).click();
    await dialog.waitFor({ state: 'detached' });
    await desk.ui.said('The earlier version is the current one again.');
    const text = async () => (await node().fetch('/files/content?path=three.txt')).text();
    expect(await text()).toBe('two');
  });

  it('speaks German, and fits a phone', async () => {
    await using tab = await openTab(desk.browser, { locale: 'de-AT', viewport: { width: 390, height: 844 } });
    const ui = new ConsolePage(tab.page);
    await ui.open(node().link);
    const dialog = await compare('notes.md', ui);
    await dialog.getByText(`Unterschiedlich: ${CHANGED.length + 1} Zeilen`).waitFor();
    await screenshot(tab.page, 'versions-german');
    await dialog.locator('ins').first().scrollIntoViewIfNeeded();
    await screenshot(tab.page, 'versions-german-lines');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
    expect(tab.complaints).toEqual([]);
  });

  async function withVersions(): Promise<Engine[]> {
    const nodes = await startNetwork(2, { env: { DFS_REPLICAS: '2' } });
    const [a, b] = nodes as [Engine, Engine];
    const first = await b.put('notes.md', notes([]));
    await knows(a, first);
    await a.put('notes.md', `${notes(CHANGED)}And one more at the end\n`);
    for (const [width, colour] of [
      [640, '#3641c8'],
      [480, '#1f8a4e'],
    ] as const)
      await a.put('picture.svg', picture(width, colour));
    for (const byte of [1, 2]) await a.put('program.bin', new Uint8Array(40_000).fill(byte));
    for (const text of ['one', 'two', 'one']) await a.put('three.txt', text);
    return nodes;
  }
});

/** Until the node shows that version of a file. */
async function knows(engine: Engine, { id, version }: FileInfo): Promise<void> {
  await eventually(
    async () => {
      const answer = await engine.fetch(`/files/${id}/versions`);
      return answer.ok && ((await answer.json()) as VersionList).items[0]?.version === version;
    },
    { what: 'the file is known', deadline: 120_000 },
  );
}

function notes(changed: readonly number[]): string {
  const lines = Array.from({ length: LINES }, (_, n) =>
    changed.includes(n + 1) ? `This line was written anew: ${n + 1}` : `Line ${n + 1} of the notes`,
  );
  return `${lines.join('\n')}\n`;
}

/** As bytes: a text would be said to be one. */
function picture(width: number, colour: string): Uint8Array<ArrayBuffer> {
  const size = `width="${width}" height="400"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect ${size} fill="${colour}"/></svg>`;
  return new TextEncoder().encode(svg);
}
