import { setImmediate as turn } from 'node:timers/promises';
import { KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { pipe, streamPair } from '@libp2p/utils';
import type { Stream } from '@libp2p/interface';
import { RELAY_HIGH_WATER } from '../constants.js';
import { Pace, watchFlow } from './relay-flow.js';

describe('what passes through a relay', () => {
  const SLOW = 1; // bytes a second

  /** Two connections that meet in the middle, as in a relay. */
  async function joined(options: { pace?: Pace; maxBytes?: number } = {}) {
    const [left, nearLeft] = await streamPair();
    const [right, nearRight] = await streamPair();
    let closed = 0;
    watchFlow(nearLeft, nearRight, { pace: new Pace(Infinity), ...options, onClose: () => closed++ });
    const done = pipe(nearLeft, nearRight, nearLeft).catch(() => undefined);
    return { left, nearLeft, nearRight, right, done, closed: () => closed };
  }
  function bytesAt(stream: Stream): () => number {
    let bytes = 0;
    stream.addEventListener('message', ({ data }) => (bytes += data.byteLength));
    return () => bytes;
  }

  it('comes out as it went in, both ways', async () => {
    const { left, right, closed } = await joined();
    const [there, back] = [bytesAt(right), bytesAt(left)];
    for (let i = 0; i < 40; i++) {
      left.send(new Uint8Array(32 * KiB));
      right.send(new Uint8Array(16 * KiB));
      await turn();
    }
    await eventually(() => there() === 40 * 32 * KiB && back() === 40 * 16 * KiB);
    expect(closed()).toBe(0);
    left.abort(new Error('gone'));
    await eventually(() => closed() === 1);
  });

  it('is taken no faster than the other side takes it', async () => {
    const { left, nearLeft, nearRight } = await joined();
    // The far side takes nothing more: the relay may not send.
    nearRight.send = () => false;
    const send = new Uint8Array(64 * KiB);
    for (let sent = 0; sent <= RELAY_HIGH_WATER + 1 * MiB && left.writableNeedsDrain === false; sent += send.length) {
      left.send(send);
      await turn();
    }
    await eventually(() => nearLeft.readStatus === 'paused');
  });

  it('is taken no faster than the pace, which all share', async () => {
    const { left, nearLeft } = await joined({ pace: new Pace(SLOW) });
    left.send(new Uint8Array(100));
    await eventually(() => nearLeft.readStatus === 'paused');
  });

  it('ends after as many bytes as may pass', async () => {
    const { left, nearRight, closed } = await joined({ maxBytes: 100 * KiB });
    left.send(new Uint8Array(60 * KiB));
    await turn();
    expect(nearRight.status).toBe('open');
    left.send(new Uint8Array(60 * KiB));
    await eventually(() => closed() === 1 && nearRight.status !== 'open');
  });

  it('waits as long as the pace asks for, and no longer for having rested', () => {
    let now = 0;
    const pace = new Pace(1000, () => now);
    expect(pace.take(500)).toBe(500);
    expect(pace.take(500)).toBe(1000);
    now = 5000;
    expect(pace.take(100)).toBe(100);
  });
});
