import { DfsError, KiB, MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { handling } from '../testing/tampering.js';
import { World } from '../testing/world.js';

const random = seededRandom(5);

describe('a holder that says that it is asked too much', () => {
  it('is asked again, and left when it says nothing else', async () => {
    let refuses: () => boolean = () => false;
    let refused = 0;
    await using world = new World({ replicas: 1 });
    const holder = await world.add({
      wrap: (transport) =>
        handling(transport, (handler, channel) => {
          if (!refuses()) return handler(channel);
          refused++;
          throw new DfsError('too-many-requests', 'This node is answering as many requests as it does at a time.');
        }),
    });
    const reader = await world.add({ quotaBytes: 64 * KiB });
    const bytes = random.bytes(2 * MiB);
    const { contentId, size } = await holder.put('file', bytes);
    await eventually(async () => (await reader.placement.holders(contentId, size)).extents[0]!.holders.length === 1);

    refuses = () => refused < 5;
    expect(Buffer.compare(await reader.read(contentId, size), bytes)).toBe(0);
    expect(refused).toBe(5);

    // As one would whose requests are never done: nobody waits for that for ever, and it takes no place in a queue.
    refuses = () => true;
    await expect(reader.read(contentId, size)).rejects.toMatchObject({ code: 'content-unavailable' });
    expect(refused).toBeGreaterThan(10);
  });

  it('is asked again after it did not answer in time, where nobody else is left', async () => {
    let silent = 0;
    let refused = 0;
    await using world = new World({ replicas: 1 });
    const holder = await world.add({
      wrap: (transport) =>
        handling(transport, (handler, channel) => {
          if (silent === 0) return handler(channel);
          silent--;
          refused++;
          throw new DfsError('timeout', 'The peer did not send the requested blocks in time.');
        }),
    });
    const reader = await world.add({ quotaBytes: 64 * KiB });
    const bytes = random.bytes(2 * MiB);
    const { contentId, size } = await holder.put('file', bytes);
    await eventually(async () => (await reader.placement.holders(contentId, size)).extents[0]!.holders.length === 1);

    silent = 1;
    expect(Buffer.compare(await reader.read(contentId, size), bytes)).toBe(0);
    expect(refused).toBe(1);
    silent = Infinity;
    await expect(reader.read(contentId, size)).rejects.toMatchObject({ code: 'content-unavailable' });
    expect(refused).toBeLessThan(20);
  });
});
