import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { eventually, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import { AwsClient } from 'aws4fetch';
import { screenshot } from './browser.js';
import { Desk } from './desk.suite.js';

describe('how programs use a node', () => {
  let engine: Engine;
  let folder: TempDir;
  const start = async () => {
    folder = await tempDir();
    engine = await startEngine({ name: 'first' });
    return [engine];
  };
  const desk = Desk.with(start);
  afterAll(() => folder?.remove());

  it('samples run as they stand, and what they do is told as events, live, to copy as JSON', async () => {
    const { tab, page, ui } = desk;
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

  it('a key that is made here opens the drive and the bucket at the addresses that are shown', async () => {
    const { tab, page, ui } = desk;
    await engine.put('on the drive.txt', 'as on a disk');
    await ui.goTo('Settings');
    await page.getByRole('button', { name: 'Go to the keys' }).click();
    const name = page.getByLabel('Name of the program');
    await eventually(() => name.evaluate((element) => element === document.activeElement));
    await page.keyboard.type('drive');
    await page.getByRole('button', { name: 'Make a key' }).click();
    const key =
      (await page
        .getByText(/^dfsk_/)
        .first()
        .textContent()) ?? '';
    const drive = page.locator('dfs-front-guide', { hasText: 'WebDAV' });
    const address = (await drive.getByLabel('As a drive (WebDAV)', { exact: true }).first().textContent()) ?? '';
    await drive.getByText('Windows sends no password over plain HTTP').waitFor();
    for (const [system, text] of [
      ['macOS', `mount_webdav -i '${address}'`],
      ['Linux', `mount -t davfs`],
      ['rclone', `url='${address}'`],
    ] as const) {
      await drive.getByRole('button', { name: system, exact: true }).click();
      await drive.getByText(text).waitFor();
    }
    await screenshot(page, 'settings-drive');
    expect(await ui.accessibilityFaults()).toEqual([]);
    const answer = await fetch(address, {
      method: 'PROPFIND',
      headers: { depth: '1', authorization: `Basic ${Buffer.from(`anybody:${key}`).toString('base64')}` },
    });
    expect(answer.status).toBe(207);
    expect(await answer.text()).toContain('on%20the%20drive.txt');

    // The parts of the same key, at the other address.
    await page.getByText('Its two parts, for S3').click();
    const part = async (named: string) => {
      const shown = page.getByRole('heading', { name: named, exact: true }).locator('xpath=following-sibling::div[1]');
      return (await shown.locator('code').textContent()) ?? '';
    };
    const [accessKeyId, secretAccessKey] = [await part('Access key ID'), await part('Secret access key')];
    const bucket = page.locator('dfs-front-guide', { hasText: 'S3' });
    const endpoint = (await bucket.getByLabel('As a bucket (S3)', { exact: true }).first().textContent()) ?? '';
    await bucket.getByText(`aws --endpoint-url '${endpoint}'`).waitFor();
    const signed = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1' });
    const list = await signed.fetch(`${endpoint}/dfs?list-type=2`);
    expect(list.status).toBe(200);
    expect(await list.text()).toContain('<Key>on the drive.txt</Key>');
    await screenshot(page, 'settings-bucket');
    expect(await ui.accessibilityFaults()).toEqual([]);
    expect(tab.complaints).toEqual([]);
  });

  it.each([
    { width: 2560, height: 1300 },
    { width: 1920, height: 1080 },
  ])('the settings fill all columns of a wide screen: $width', async (viewport) => {
    const { tab, page, ui } = desk;
    await tab.look({ viewport });
    await ui.goTo('Settings');
    await page
      .getByText('No program has a key.')
      .or(page.getByRole('button', { name: 'Revoke' }))
      .first()
      .waitFor();
    const columns = () =>
      page.locator('dfs-settings-page .cards > *, dfs-event-inspector').evaluateAll((cards) => {
        const ends = new Map<number, number>();
        for (const { x, bottom } of cards.map((card) => card.getBoundingClientRect()))
          ends.set(Math.round(x), Math.max(ends.get(Math.round(x)) ?? 0, bottom));
        return [...ends.values()];
      });
    await eventually(async () => (await columns()).length === 4, { what: 'four columns' });
    await screenshot(page, `settings-${viewport.width}`, { fullPage: true });
    const ends = await columns();
    expect(Math.min(...ends)).toBeGreaterThan(0.7 * Math.max(...ends));
    expect(await ui.accessibilityFaults()).toEqual([]);
    await ui.fits();
  });
});
