import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { removeAll, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser, openTab, screenshot } from './browser.js';
import { ConsolePage } from './console-page.js';

describe('how programs use a node', () => {
  let engine: Engine;
  let browser: Browser;
  let folder: TempDir;

  beforeAll(async () => {
    folder = await tempDir();
    [browser, engine] = await Promise.all([launchBrowser(), startEngine({ name: 'first' })]);
  });
  afterAll(async () => {
    await browser?.close();
    await removeAll(engine ? [engine] : []);
    await folder?.remove();
  });

  it('samples run as they stand, and what they do is told as events, live, to copy as JSON', async () => {
    await using tab = await openTab(browser);
    const { page } = tab;
    const ui = new ConsolePage(page);
    await ui.open(engine.link);
    await ui.goTo('Settings');
    await page.getByRole('button', { name: 'JavaScript', exact: true }).click();
    await page.getByLabel('Follow events', { exact: true }).filter({ hasText: 'process.env.DFS_KEY' }).waitFor();
    const sample = async (name: string) => (await page.getByLabel(name, { exact: true }).textContent()) ?? '';
    /** As a person does who takes it over into a file. */
    const run = async (name: string) => {
      const text = await sample(name);
      expect(text).not.toContain(engine.token);
      const path = folder.file(`${name}.mjs`);
      await writeFile(path, text);
      const env = { ...process.env, NODE_OPTIONS: '', DFS_KEY: engine.token };
      return (await promisify(execFile)(process.execPath, [path], { cwd: folder.path, env })).stdout;
    };
    await writeFile(folder.file('photo.jpg'), 'not really a photo');
    expect(await run('Upload a file')).toMatch(/^201 /);
    expect(await run('List files')).toContain('photos/photo.jpg 18');

    const events = page.getByRole('list', { name: 'Events', exact: true });
    await page.getByLabel('Topic').selectOption('file');
    const event = events.locator('details').filter({ hasText: 'file.uploaded' }).first();
    await event.waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await event.locator('summary').click();
    const json = JSON.parse((await event.getByLabel('file.uploaded').textContent()) ?? '');
    expect(json).toMatchObject({ type: 'file.uploaded', data: { files: [{ path: 'photos/photo.jpg' }] } });
    await screenshot(page, 'settings-events');
    expect(await ui.accessibilityFaults()).toEqual([]);
    await page.getByRole('link', { name: 'API, to read and to try' }).waitFor();
    expect(tab.complaints).toEqual([]);
  });
});
