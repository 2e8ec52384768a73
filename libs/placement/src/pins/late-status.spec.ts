import type { WireValue } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import type { StoredContent } from '@dfs/chunks';
import { handling, isWireMap } from '../testing/tampering.js';
import { World } from '../testing/world.js';

/** A transport that tells of each question about a pin log before it is answered, with the entry to go on after. */
function telling(transport: Transport, asked: (after: WireValue | undefined) => Promise<void>): Transport {
  return handling(transport, (handler, channel) =>
    handler(
      new Proxy(channel, {
        get: (inner, name) => {
          if (name === 'frames') return () => told(inner.frames(), asked);
          const value: unknown = Reflect.get(inner, name, inner);
          return typeof value === 'function' ? (value.bind(inner) as unknown) : value;
        },
      }),
    ),
  );
}

async function* told<F extends { header: WireValue }>(
  frames: AsyncIterable<F>,
  asked: (after: WireValue | undefined) => Promise<void>,
): AsyncIterable<F> {
  for await (const frame of frames) {
    const { header } = frame;
    if (isWireMap(header) && header['method'] === 'pins') await asked(header['after']);
    yield frame;
  }
}

describe('what is known of a pin log', () => {
  it('is kept when a status is followed up that is older than what was read of the log since', async () => {
    const asked: (WireValue | undefined)[] = [];
    let meanwhile: (() => Promise<void>) | undefined;
    const wrap = (transport: Transport): Transport =>
      telling(transport, async (after) => {
        asked.push(after);
        const work = meanwhile;
        meanwhile = undefined;
        await work?.();
      });
    await using world = await World.of(1, { replicas: 2 });
    const reader = world.nodes[0]!;
    const writer = await world.add({ wrap });
    const put = async (name: string): Promise<StoredContent> => {
      const [stored] = await writer.putMany([{ path: name, bytes: Buffer.from(name) }], { publish: false });
      return stored!;
    };
    const isHeld = async ({ contentId, size }: StoredContent): Promise<boolean> => {
      const { extents } = await reader.placement.holders(contentId, size);
      return extents.every(({ holders }) => holders.some(({ peerId }) => peerId === writer.peerId));
    };
    const first = await put('first');
    await eventually(() => isHeld(first));

    // From now on the writer says how long its log is when it is told to.
    const tell = writer.tellStatus.bind(writer);
    writer.tellStatus = () => undefined;
    const later = [await put('second')];
    meanwhile = async () => {
      later.push(await put('third'));
      tell();
      later.push(await put('fourth'));
    };
    asked.length = 0;
    tell();
    await eventually(async () => later.length === 3 && (await Promise.all(later.map(isHeld))).every(Boolean));
    const last = await put('last');
    tell();
    await eventually(() => isHeld(last));
    expect(asked[0]).toBe(1);
    expect(asked).not.toContain(0);
  });
});
