import { setTimeout as delay } from 'node:timers/promises';
import { isLong, netnsUnavailable, NetnsLan, removeAll, startNetwork, unless, type Engine } from '@dfs/testing';

const MEMBERS = 20;
const DAY = 86_400;
/** Seconds until what comes with joining is over, and for how long it is measured then. */
const [SETTLE, MEASURE] = [120, 300];
const MB = 1_000_000;

const why = isLong ? await netnsUnavailable() : 'it takes minutes: DFS_LONG=1';

/** Bytes that pass a node's link, the headers of Ethernet, IP and TCP included. */
unless(why, describe)(`${MEMBERS} members that have nothing to do`, () => {
  let lan: NetnsLan;
  let nodes: Engine[] = [];
  afterAll(async () => {
    await removeAll(nodes);
    await lan[Symbol.asyncDispose]();
  });

  it('send at most 20 MB a day each, and receive no more', async () => {
    lan = await NetnsLan.create(MEMBERS);
    nodes = await startNetwork(MEMBERS, { host: (index) => lan.host(index) });
    await nodes[0]?.put('something.txt', 'that they all know of');
    await delay(SETTLE * 1000);
    const all = () => Promise.all(nodes.map((_, index) => lan.traffic(index)));
    const before = await all();
    await delay(MEASURE * 1000);
    const after = await all();
    const daily = (index: number, way: 'sent' | 'received'): number =>
      (((after[index]?.[way] ?? 0) - (before[index]?.[way] ?? 0)) * DAY) / MEASURE / MB;
    const sent = nodes.map((_, index) => daily(index, 'sent'));
    const received = nodes.map((_, index) => daily(index, 'received'));
    const most = (list: readonly number[]): string => Math.max(...list).toFixed(1);
    console.info(`MB a day: ${most(sent)} sent and ${most(received)} received by whoever has most`);
    for (const each of [...sent, ...received]) expect(each).toBeLessThanOrEqual(20);
  }, 1_800_000);
});
