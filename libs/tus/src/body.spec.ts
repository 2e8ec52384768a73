import { DfsError } from '@dfs/runtime';
import { Body } from './body.js';

const piece = (size: number): Uint8Array => new Uint8Array(size);
async function* pieces(sizes: readonly number[], end?: Error): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield piece(size);
  if (end) throw end;
}
const noLimit = { bytes: Infinity, ms: Infinity };
async function lengths(from: AsyncIterable<Uint8Array>): Promise<number[]> {
  const found: number[] = [];
  for await (const { length } of from) found.push(length);
  return found;
}

describe('the bytes of a request', () => {
  const { signal } = new AbortController();

  it('are given in segments, none of them lost between two', async () => {
    const body = new Body(pieces([10, 10, 10, 5]), 100, signal);
    expect(await lengths(body.segment({ bytes: 15, ms: Infinity }))).toEqual([10, 10]);
    expect(body.isOver).toBe(false);
    expect(await lengths(body.segment(noLimit))).toEqual([10, 5]);
    expect([body.isOver, body.bytes, body.fault]).toEqual([true, 35, undefined]);
  });

  it('that break off are given as far as they came, with the reason', async () => {
    const gone = new DfsError('incomplete-body', 'gone');
    const body = new Body(pieces([10, 10], gone), 100, signal);
    expect(await lengths(body.segment(noLimit))).toEqual([10, 10]);
    expect([body.isOver, body.bytes, body.fault]).toEqual([true, 20, gone]);
  });

  it('end when they are ended, though the source hangs', async () => {
    const end = new AbortController();
    const reason = new DfsError('shutting-down', 'down');
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield piece(10);
      setImmediate(() => end.abort(reason));
      await new Promise(() => undefined);
    }
    const body = new Body(hanging(), 100, end.signal);
    expect(await lengths(body.segment(noLimit))).toEqual([10]);
    expect(body.fault).toBe(reason);
    expect(await lengths(new Body(pieces([1]), 100, end.signal).segment(noLimit))).toEqual([]);
  });

  it('are no more than were announced', async () => {
    const body = new Body(pieces([10, 10]), 15, signal);
    expect(await lengths(body.segment(noLimit))).toEqual([10]);
    expect(body.fault).toMatchObject({ code: 'payload-too-large' });
  });
});
