import { jest } from '@jest/globals';
import { TestBed } from '@angular/core/testing';
import type { TestRequest } from '@angular/common/http/testing';
import { routes, type EventMap, type TransferInfo } from '@dfs/contracts';
import { FakeNode, node, peer, summary } from '../../testing/fake-node.js';
import { FoldersState } from '../folders/folders-state.js';
import { PeersState } from '../peers/peers-state.js';
import { JobsState } from '../work/jobs-state.js';
import { NodeState } from './node-state.js';
import { SummaryState } from './summary-state.js';

/** After that nothing that events cause is still to come. Milliseconds. */
const SETTLED_MS = 4000;

const STATES = [
  { url: routes.peers, state: PeersState, answer: { items: [peer('self', { state: 'self' }), peer('b')] } },
  { url: routes.summary, state: SummaryState, answer: summary({ safe: 1 }) },
  { url: routes.liveFolders, state: FoldersState, answer: { items: [] } },
];

const HELD: EventMap['folder.held'] = {
  folder: { id: 'id', name: 'folder' },
  hold: 'many-deletions',
  count: 1,
  paths: ['a'],
};

/** An event causes a read if an answer may lack it, and no other. */
describe('reads of the console', () => {
  let fake: FakeNode;
  /** All calls so far, by their path. */
  let calls: Map<string, TestRequest[]>;

  const pass = async () => {
    // As often as something may be caused by what came before.
    for (let n = 0; n < 4; n++) await jest.advanceTimersByTimeAsync(SETTLED_MS / 4);
    for (const call of fake.http.match(() => true)) {
      const { url } = call.request;
      calls.set(url, [...(calls.get(url) ?? []), call]);
    }
  };
  const count = (url: string) => calls.get(url)?.length ?? 0;
  const answer = async (url: string, body: unknown) => {
    const waiting = calls.get(url)?.at(-1);
    expect(waiting?.cancelled).toBe(false);
    waiting?.flush(body as object);
    await pass();
  };
  const status = (connectedPeers: number) => {
    const { storage, files: fileTotals, network } = node();
    const told = { ...network, members: connectedPeers + 1 };
    fake.tell('node.status', { uptimeSeconds: 1, storage, fileTotals, network: told, connectedPeers }, false);
  };
  const happens = () => {
    fake.tell('peer.connected', { peer: peer('b') });
    fake.tell('folder.held', HELD);
  };

  beforeEach(() => {
    jest.useFakeTimers();
    calls = new Map();
    fake = new FakeNode();
    TestBed.configureTestingModule({ providers: fake.providers });
  });
  afterEach(() => {
    fake.events.stop();
    jest.useRealTimers();
  });

  it.each(STATES)('$url is asked once the stream is there, and once for all before that', async ({ url, state }) => {
    await fake.connect();
    TestBed.inject<unknown>(state);
    happens();
    await pass();
    expect(count(url)).toBe(0);
    fake.goLive();
    await pass();
    expect(count(url)).toBe(1);
  });

  it.each(STATES)('$url is asked anew for what its answer may lack', async ({ url, state, answer: body }) => {
    TestBed.inject<unknown>(state);
    await fake.signIn();
    await pass();
    happens();
    await pass();
    expect(count(url)).toBe(2);
    expect(calls.get(url)?.[0]?.cancelled).toBe(true);
    await answer(url, body);
    expect(count(url)).toBe(2);
  });

  it.each(STATES)('$url is asked once after a break, and not when it begins', async ({ url, state, answer: body }) => {
    TestBed.inject<unknown>(state);
    await fake.signIn();
    await pass();
    await answer(url, body);
    fake.vanish();
    await jest.advanceTimersByTimeAsync(1);
    expect(fake.events.state()).toBe('offline');
    await pass();
    expect(count(url)).toBe(1);
    fake.comeBack(() => undefined);
    await pass();
    expect(count(url)).toBe(2);
  });

  it('a count of peers that is told before the list is compared with it', async () => {
    TestBed.inject(PeersState);
    await fake.signIn();
    await pass();
    status(1);
    status(1);
    await pass();
    expect(count(routes.peers)).toBe(1);
    await answer(routes.peers, { items: [peer('self', { state: 'self' }), peer('b')] });
    expect(count(routes.peers)).toBe(1);
  });

  it('another count than that of the list causes a read once that is there', async () => {
    TestBed.inject(PeersState);
    await fake.signIn();
    await pass();
    status(1);
    status(2);
    await pass();
    expect(count(routes.peers)).toBe(1);
    await answer(routes.peers, { items: [peer('self', { state: 'self' }), peer('b')] });
    expect(count(routes.peers)).toBe(2);
  });

  it('the node is not asked when the stream is there for the first time, but each time after a break', async () => {
    TestBed.inject(NodeState);
    await fake.connect();
    fake.vanish();
    await pass();
    expect(count(routes.node)).toBe(0);
    fake.comeBack(() => undefined);
    await pass();
    expect(count(routes.node)).toBe(1);
    await answer(routes.node, node());
    expect(TestBed.inject(NodeState).info()).toBeDefined();
  });

  it('work that ends while its list is read has ended, whichever is told first', async () => {
    const work = (id: string, state: TransferInfo['state']): TransferInfo => ({
      ...{ id, kind: 'act', state, path: null, contentId: null, bytes: 1, verifiedBytes: 0, rate: 0, sources: [] },
      startedAt: '2026-11-22T12:00:00.000Z',
      finishedAt: state === 'running' ? null : '2026-11-22T12:00:01.000Z',
    });
    const jobs = TestBed.inject(JobsState);
    await fake.signIn();
    await pass();
    fake.tell('transfer.progress', { transfers: [work('in the answer', 'running')] }, false);
    fake.tell('transfer.finished', { transfer: work('by an event', 'finished') });
    fake.tell('transfer.progress', { transfers: [work('begins', 'running')] }, false);
    await answer(routes.transfers, { items: [work('in the answer', 'finished'), work('by an event', 'running')] });
    expect(jobs.running().map(({ id }) => id)).toEqual(['begins']);
    expect(
      jobs
        .ended()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['by an event', 'in the answer']);
    expect(count(routes.transfers)).toBe(1);
  });
});
