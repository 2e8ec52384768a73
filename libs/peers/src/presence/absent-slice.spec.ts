import { encode, statusMessage, StatusLine, signerFromRaw } from '@dfs/protocol';
import { LONG_AWAY_ROUND, MAX_MISSING_ASKED } from '../constants.js';
import { absentSlice } from './absent-slice.js';

const members = Array.from({ length: 100 }, (_, at) => signerFromRaw(Buffer.alloc(32, at + 1)).peerId);
const nobody = (): boolean => false;

/** Members that it asks about in so many heartbeats. */
function asked(beats: number, inGrace: (peerId: string) => boolean, absent = members): Set<string> {
  const all = new Set<string>();
  for (let beat = 0; beat < beats; beat++) for (const peerId of absentSlice(absent, inGrace, beat)) all.add(peerId);
  return all;
}

describe('the members that others are asked about', () => {
  it('are all that are absent, where they fit', () => {
    expect(absentSlice(members.slice(0, MAX_MISSING_ASKED), nobody, 7)).toEqual(members.slice(0, MAX_MISSING_ASKED));
    expect(absentSlice([], nobody, 7)).toEqual([]);
  });

  it('are all asked about in a few heartbeats while they may still be here', () => {
    expect(asked(4, () => true).size).toBe(members.length);
  });

  it('are those within grace at every heartbeat, and of the others all in time', () => {
    const recent = new Set(members.slice(40, 50));
    for (let beat = 0; beat < 10; beat++) {
      const slice = absentSlice(members, (peerId) => recent.has(peerId), beat);
      expect(slice).toHaveLength(MAX_MISSING_ASKED);
      expect(slice).toEqual(expect.arrayContaining([...recent]));
    }
    expect(asked(5 * LONG_AWAY_ROUND, (peerId) => recent.has(peerId)).size).toBe(members.length);
  });

  it('cost an idle heartbeat nothing, however many are away for long', () => {
    const bytesOf = (absent: readonly string[]): number => {
      const line = new StatusLine();
      let bytes = 0;
      for (let beat = 0; beat < LONG_AWAY_ROUND; beat++) {
        const form = { method: 'status', boot: 1, revision: 1, beat, synced: true, membership: new Uint8Array(32) };
        const status = { ...statusMessage.parse(form, 'status'), missing: absentSlice(absent, nobody, beat) };
        const sent = encode(line.tell(status)).length;
        if (beat > 0) bytes += sent;
      }
      return bytes;
    };
    expect(bytesOf(members)).toBe(bytesOf([]));
  });
});
