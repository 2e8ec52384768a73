import { DURABLE_EVENTS, type AnyEvent } from '@dfs/contracts';
import { file, peer } from '../../testing/fake-node.js';
import { EventLog, KEPT, TOPICS } from './event-log.js';

let seq = 0;
const uploaded = (...paths: string[]): AnyEvent => ({
  ...{ stream: 's', seq: ++seq, type: 'file.uploaded', time: '2026-11-22T12:00:00.000Z' },
  data: { files: paths.map((path) => file(path)) },
});
const connected = (name: string): AnyEvent => ({
  ...{ stream: 's', seq: ++seq, type: 'peer.connected', time: '2026-11-22T12:00:00.000Z' },
  data: { peer: peer(name) },
});
const seqs = (log: EventLog) => log.shown().map(({ event }) => event.seq);

describe('EventLog', () => {
  it('knows the topics of all events', () => {
    expect(TOPICS).toEqual(expect.arrayContaining(['file', 'peer', 'folder', 'sync', 'transfer', 'node']));
    expect(DURABLE_EVENTS.every((type) => TOPICS.some((topic) => type.startsWith(`${topic}.`)))).toBe(true);
  });

  it('shows the newest first, by topic and by text', () => {
    const log = new EventLog();
    seq = 0;
    for (const event of [uploaded('Photos/a.jpg'), connected('berta'), uploaded('b.txt')]) log.take(event);
    expect(seqs(log)).toEqual([3, 2, 1]);
    log.topic.set('file');
    expect(seqs(log)).toEqual([3, 1]);
    log.text.set(' photos/ ');
    expect(seqs(log)).toEqual([1]);
    log.topic.set('');
    log.text.set('BERTA');
    expect(seqs(log)).toEqual([2]);
    log.clear();
    expect(seqs(log)).toEqual([]);
  });

  it('holds still while one reads, counts what came since, and goes on with it', () => {
    const log = new EventLog();
    seq = 0;
    log.take(connected('a'));
    log.pause();
    log.take(connected('b'));
    log.take(connected('c'));
    expect([log.paused(), log.missed(), seqs(log)]).toEqual([true, 2, [1]]);
    log.resume();
    expect([log.paused(), log.missed(), seqs(log)]).toEqual([false, 0, [3, 2, 1]]);
  });

  it('keeps few, and few files within them', () => {
    const log = new EventLog();
    for (let n = 0; n < KEPT.events + 50; n++) log.take(connected(`${n}`));
    expect(log.shown()).toHaveLength(KEPT.events);
    const many = Array.from({ length: 1000 }, (_, n) => `${n}`);
    for (let n = 0; n < 12; n++) log.take(uploaded(...many));
    expect(log.shown()).toHaveLength(KEPT.parts / 1000);
  });
});
