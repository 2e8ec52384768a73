import { eventually } from '@dfs/testing';
import type { Page } from 'playwright-core';

/** One answer of a load. */
export interface Answer {
  /** Path and query. */
  path: string;
  /** On the wire, with its head. */
  bytes: number;
  /** `br`, `gzip`, or `-` for bytes as they are. */
  encoding: string;
}

/** All that a page took until nothing was under way any more. */
export interface FirstLoad {
  answers: readonly Answer[];
  bytes: number;
  /** Scripts that are there before the node is asked anything: nothing is drawn without them. On the wire, and as they are run. */
  initial: { bytes: number; rawBytes: number };
}

/**
 * Opens an address with nothing kept from before, and waits for `shown`, for answers to these paths, and for the end of all others.
 * @param paths that the page asks for in any case
 */
export async function firstLoad(
  page: Page,
  url: string,
  { paths, shown }: { paths: readonly string[]; shown: () => Promise<void> },
): Promise<FirstLoad> {
  // The page before it asks for nothing any more.
  await page.goto('about:blank');
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  const asked = new Map<string, Answer>();
  const answered = new Set<string>();
  wire.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const { pathname, search } = new URL(request.url);
    asked.set(requestId, { path: pathname + search, bytes: 0, encoding: '-' });
  });
  wire.on('Network.responseReceived', ({ requestId, response: { headers } }) => {
    const answer = asked.get(requestId);
    if (answer) answer.encoding = headers['Content-Encoding'] ?? headers['content-encoding'] ?? '-';
  });
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const answer = asked.get(requestId);
    if (!answer) return;
    answer.bytes = encodedDataLength;
    answered.add(answer.path.split('?')[0] ?? '');
  });
  await page.goto(url);
  await shown();
  await eventually(() => paths.every((path) => answered.has(path)), { what: `answers to ${paths.join(', ')}` });
  await page.waitForLoadState('networkidle');
  const decoded = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map(
      ({ name, decodedBodySize }) => [new URL(name).pathname, decodedBodySize] as const,
    ),
  );
  await wire.detach();
  const answers = [...asked.values()];
  const untilAsked = answers.slice(
    0,
    answers.findIndex(({ path }) => path.startsWith('/api/')),
  );
  const initial = untilAsked.filter(({ path }) => path.endsWith('.js'));
  const rawBytes = new Map(decoded);
  return {
    answers,
    bytes: sum(answers),
    initial: { bytes: sum(initial), rawBytes: initial.reduce((all, { path }) => all + (rawBytes.get(path) ?? 0), 0) },
  };
}

/** The answers, the largest first, for people. */
export function tableOf({ answers, bytes, initial }: FirstLoad): string {
  const rows = [...answers].sort((a, b) => b.bytes - a.bytes);
  const lines = rows.map((row) => `${String(row.bytes).padStart(8)}  ${row.encoding.padEnd(4)}  ${row.path}`);
  const sums = `${bytes} bytes in ${answers.length} answers; initial script ${initial.bytes}, ${initial.rawBytes} raw`;
  return [sums, ...lines].join('\n');
}

function sum(answers: readonly Answer[]): number {
  return answers.reduce((all, { bytes }) => all + bytes, 0);
}
