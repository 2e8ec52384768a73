import {
  DURABLE_EVENTS,
  VOLATILE_EVENTS,
  type AnyEvent,
  type EventMap,
  type EventType,
  type TransferInfo,
} from '@dfs/contracts';
import { file } from '../../testing/fake-node.js';
import { describeEvent } from './describe-event.js';

const transfer: TransferInfo = {
  id: 't',
  kind: 'replication',
  state: 'failed',
  path: 'a/b.bin',
  contentId: 'c',
  bytes: 2_000_000,
  verifiedBytes: 1,
  rate: 0,
  sources: [],
  startedAt: '2026-11-22T12:00:00.000Z',
  finishedAt: null,
  error: { code: 'peer-unreachable', detail: 'garage-pi went away.' },
};
const peer = { peerId: 'p', name: 'garage-pi', role: 'member', state: 'connected' } as const;
const files = { files: [file('a/one.txt'), file('two.txt')] };
const data: EventMap = {
  'file.uploaded': files,
  'file.updated': files,
  'file.deleted': files,
  'file.restored': files,
  'file.conflict': files,
  'file.purged': files,
  'file.replication': { files: [] },
  'file.states': { asOf: '2026-11-22T12:00:00.000Z' },
  'peer.added': { peer },
  'peer.connected': { peer },
  'peer.disconnected': { peer },
  'peer.removed': { peer },
  'folder.state': {
    folder: { id: 'f', name: 'Photos', state: 'paused', reason: 'marker-missing', detail: 'The marker is gone.' },
  },
  'folder.held': { folder: { id: 'f', name: 'Photos' }, hold: 'h', count: 12, paths: ['a', 'b'] },
  'folder.issue': {
    folder: { id: 'f', name: 'Photos' },
    issues: [{ kind: 'hidden', path: 'a/b', detail: 'It is a link.', since: '2026-11-22T12:00:00.000Z' }],
    count: 1,
  },
  'sync.started': { peerId: 'p' },
  'sync.finished': { peerId: 'p', received: 3000, sent: 1 },
  'transfer.progress': { transfers: [] },
  'transfer.finished': { transfer },
  'transfer.failed': { transfer },
  'node.warning': { code: 'low-space', detail: 'The disk is nearly full.', active: true },
  'node.status': {
    uptimeSeconds: 1,
    storage: { chunks: 0, bytes: 0, quotaBytes: 0, freeBytes: 0 },
    fileTotals: { count: 0, bytes: 0 },
    network: { id: '', name: '', members: 1, role: 'owner' },
    connectedPeers: 0,
  },
};
const event = <T extends EventType>(type: T, payload: EventMap[T] = data[type]) =>
  ({ stream: 's', seq: 1, type, time: '2026-11-22T12:00:00.000Z', data: payload }) as unknown as AnyEvent;
const nameOf = (id: string) => `name of ${id}`;

describe('describeEvent', () => {
  it.each(DURABLE_EVENTS.filter((type) => type !== 'sync.started'))('has a line for %s', (type) => {
    const line = describeEvent(event(type), nameOf);
    expect(line?.text).toMatch(/\w/);
    expect(line?.text).not.toContain('undefined');
  });

  it.each(['sync.started', ...VOLATILE_EVENTS] as const)('has none for %s', (type) => {
    expect(describeEvent(event(type), nameOf)).toBeNull();
  });

  it('says who did what', () => {
    expect(describeEvent(event('file.uploaded'), nameOf)).toMatchObject({
      text: '2 files added on name of peer-self',
      about: ['one.txt', 'two.txt'],
    });
    const many = { files: Array.from({ length: 1000 }, (_, i) => file(`${i}`, { author: `${i % 2}` })) };
    expect(describeEvent(event('file.deleted', many), nameOf)).toMatchObject({
      text: '1,000 files deleted',
      about: ['0', '1', '2', 'and 997 more'],
    });
    expect(describeEvent(event('transfer.failed'), nameOf)).toMatchObject({
      text: 'Copy failed (2 MB): garage-pi went away.',
      tone: 'bad',
    });
  });

  it('does not speak of a sync that moved little, and tells of a warning that is over', () => {
    expect(describeEvent(event('sync.finished', { peerId: 'p', received: 1, sent: 40 }), nameOf)).toBeNull();
    const over = { code: 'low-space', detail: 'The disk is nearly full.', active: false } as const;
    expect(describeEvent(event('node.warning', over), nameOf)?.text).toBe('Resolved: The disk is nearly full.');
  });
});
