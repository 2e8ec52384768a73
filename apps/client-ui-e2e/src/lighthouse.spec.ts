import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { claimPort, isLong, removeAll, startEngine, tempDir, unless } from '@dfs/testing';
import { chromium } from 'playwright-core';
import { chromiumPath } from './browser.js';
import { ConsolePage } from './console-page.js';

/** Fetched for this test alone: with what it needs it is larger than all other tools together. */
const LIGHTHOUSE = 'lighthouse@13.5.0';
/** Shares of 1: of the profile for a desktop, the median of three runs. */
const WANTED = { performance: 0.95, accessibility: 1 };

describe('Lighthouse', () => {
  unless(isLong ? undefined : 'Lighthouse is fetched, and wants a quiet machine: DFS_LONG=1', it)(
    'finds the list of files fast, and open to everyone',
    async () => {
      const engine = await startEngine({ name: 'first' });
      const folder = await tempDir();
      const { port, release } = await claimPort();
      const context = await chromium.launchPersistentContext(folder.file('profile'), {
        executablePath: chromiumPath(),
        args: ['--no-sandbox', '--headless=new', `--remote-debugging-port=${port}`],
      });
      try {
        for (let n = 0; n < 100; n++) await engine.put(`hundred/${n}.txt`, `${n}`);
        const ui = new ConsolePage(await context.newPage());
        await ui.open(engine.link);
        const scores: Record<keyof typeof WANTED, number>[] = [];
        for (let run = 0; run < 3; run++) {
          const report = folder.file(`${run}.json`);
          const options = [
            `--port=${port}`,
            '--disable-storage-reset',
            '--preset=desktop',
            `--only-categories=${Object.keys(WANTED).join()}`,
            '--output=json',
            `--output-path=${report}`,
            '--quiet',
          ];
          const call = ['--yes', LIGHTHOUSE, `${engine.url}/files?in=hundred/`, ...options];
          await promisify(execFile)('npx', call, { env: { ...process.env, NODE_OPTIONS: '' } });
          const { categories } = JSON.parse(await readFile(report, 'utf8'));
          scores.push({ performance: categories.performance.score, accessibility: categories.accessibility.score });
        }
        console.info(`Lighthouse: ${JSON.stringify(scores)}`);
        const median = (of: keyof typeof WANTED) => scores.map((score) => score[of]).sort()[1] ?? 0;
        expect(median('performance')).toBeGreaterThanOrEqual(WANTED.performance);
        expect(median('accessibility')).toBe(WANTED.accessibility);
      } finally {
        await context.close();
        await release();
        await removeAll([engine]);
        await folder.remove();
      }
    },
    600_000,
  );
});
