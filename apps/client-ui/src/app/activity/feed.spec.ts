import type { AnyEvent } from '@dfs/contracts';
import { file, peer } from '../../testing/fake-node.js';
import { digest } from './feed.js';

const START = Date.parse('2026-11-22T12:00:00Z');
let seq = 1000;
const at = (secondsAgo: number) => new Date(START - secondsAgo * 1000).toISOString();
const uploaded = (path: string, secondsAgo: number, author = 'a'): AnyEvent => ({
  stream: 's',
  seq: seq--,
  type: 'file.uploaded',
  time: at(secondsAgo),
  data: { files: [file(path, { author })] },
});
const connected = (secondsAgo: number): AnyEvent => ({
  stream: 's',
  seq: seq--,
  type: 'peer.connected',
  time: at(secondsAgo),
  data: { peer: peer('b') },
});
const shape = (events: readonly AnyEvent[]) =>
  events.map((event) =>
    'files' in event.data && Array.isArray(event.data.files)
      ? event.data.files.map((item) => item.path).join()
      : event.type,
  );

describe('digest', () => {
  it('tells uploads that follow each other as one, under the newest', () => {
    const events = [uploaded('c', 1), uploaded('b', 2), uploaded('a', 3)];
    expect(shape(digest(events))).toEqual(['c,b,a']);
    expect(digest(events)[0]?.seq).toBe(events[0]?.seq);
  });

  it('keeps apart what is by others, long before, or of another kind', () => {
    const deleted: AnyEvent = {
      stream: 's',
      seq: seq--,
      type: 'file.deleted',
      time: at(2),
      data: { files: [file('x')] },
    };
    expect(shape(digest([uploaded('b', 1), uploaded('a', 2, 'other')]))).toEqual(['b', 'a']);
    expect(shape(digest([uploaded('b', 1), uploaded('a', 90)]))).toEqual(['b', 'a']);
    expect(shape(digest([uploaded('b', 1), deleted, uploaded('a', 3)]))).toEqual(['b', 'x', 'a']);
    expect(shape(digest([uploaded('b', 1), connected(2), uploaded('a', 3)]))).toEqual(['b', 'peer.connected', 'a']);
    expect(digest([])).toEqual([]);
  });
});
