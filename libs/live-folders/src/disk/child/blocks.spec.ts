import type { CopiedBlock } from '../root-disk.js';
import { IncomingBlocks, OutgoingBlocks } from './blocks.js';

const GROUPS = 1000;
const group = (offset: number): CopiedBlock[] => [{ file: 'f', offset, size: 1, digest: new Uint8Array(32) }];

describe('blocks that are told to the process of a disk', () => {
  it('are few that wait there, however many there are', async () => {
    let asked = 0;
    async function* groups() {
      for (; asked < GROUPS; asked++) yield await Promise.resolve(group(asked));
    }
    const outgoing = new OutgoingBlocks(groups());
    const incoming = new IncomingBlocks(await outgoing.first(), () => outgoing.taken(1));
    const told = outgoing.rest((blocks) => incoming.take(blocks));
    const offsets: number[] = [];
    let most = 0;
    for await (const blocks of incoming) {
      // A reader that is slow: all that may come has come.
      await new Promise(setImmediate);
      most = Math.max(most, asked - offsets.length);
      offsets.push(...blocks.map(({ offset }) => offset));
    }
    await told;
    expect(offsets).toEqual(Array.from({ length: GROUPS }, (_, at) => at));
    expect(most).toBeLessThan(GROUPS / 10);
  });

  it('end with their reader, and with a failure of their own', async () => {
    let isReturned = false;
    async function* groups(fails: boolean) {
      try {
        for (let at = 0; ; at++) {
          yield await Promise.resolve(group(at));
          if (fails) throw new Error('the holder has gone');
        }
      } finally {
        isReturned = true;
      }
    }
    const unread = new OutgoingBlocks(groups(false));
    await unread.first();
    const rest = unread.rest(() => undefined);
    unread.stop();
    await rest;
    expect(isReturned).toBe(true);
    const broken = new OutgoingBlocks(groups(true));
    const incoming = new IncomingBlocks(await broken.first(), () => broken.taken(1));
    await broken.rest((blocks) => incoming.take(blocks));
    expect(broken.failure).toMatchObject({ message: 'the holder has gone' });
    const read = async (): Promise<void> => {
      for await (const _ of incoming);
    };
    await expect(read()).rejects.toMatchObject({ code: 'source' });
  });
});
