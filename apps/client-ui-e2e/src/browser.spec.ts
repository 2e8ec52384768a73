import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, netnsUnavailable, NetnsLan, unless } from '@dfs/testing';
import { launchBrowser, openTab } from './browser.js';

/** More requests than a browser has connections to one host: some of them wait for one. */
const REQUESTS = 20;
const CONNECTIONS = 6;

unless(await netnsUnavailable(), describe)('a browser of the tests', () => {
  it('goes on with what it waits for while other tests make networks on this machine', async () => {
    const held: ServerResponse[] = [];
    let isHeld = true;
    const server = createServer(({ url }, response) => {
      if (url === '/') response.setHeader('Content-Type', 'text/html').end('<link rel="icon" href="data:,">');
      else if (isHeld) held.push(response);
      else response.end('answered');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const browser = await launchBrowser();
    try {
      const { page, complaints } = await openTab(browser);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const answers = page.evaluate(
        (count) =>
          Promise.all(
            Array.from({ length: count }, (_, n) =>
              fetch(`/${n}`).then(
                (answer) => answer.text(),
                (error: unknown) => String(error),
              ),
            ),
          ),
        REQUESTS,
      );
      await eventually(() => held.length === CONNECTIONS, { what: 'all connections are taken' });
      await (await NetnsLan.create(1))[Symbol.asyncDispose]();
      isHeld = false;
      for (const response of held) response.end('answered');
      expect(await answers).toEqual(Array.from({ length: REQUESTS }, () => 'answered'));
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
