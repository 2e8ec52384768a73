import { jest } from '@jest/globals';
import { cidOf } from '@dfs/protocol';
import { DfsError, GiB, KiB, MiB, silentLog } from '@dfs/runtime';
import { RequestSlots } from '../ask/request-slots.js';
import { ServingQueue } from '../serve/serving-queue.js';
import { capacityClass, StoreRoom } from '../../replicate/headroom.js';
import { WantQueue, type WantedExtent } from '../../replicate/want-queue.js';
import { BULK_REQUESTS_PER_PEER, REQUESTS_PER_PEER, ROOM_CHECK, WAITING_PER_ASKER } from '../../limits.js';

const forever = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('request slots', () => {
  it('keep some free for readers, and let them pass', async () => {
    const slots = new RequestSlots();
    const bulk = await Promise.all(
      Array.from({ length: BULK_REQUESTS_PER_PEER }, () => slots.acquire('p', 'bulk', forever)),
    );
    const order: string[] = [];
    void slots.acquire('p', 'bulk', forever).then(() => order.push('bulk'));
    await slots.acquire('p', 'reader', forever);
    await slots.acquire('q', 'bulk', forever);
    const readers = REQUESTS_PER_PEER - BULK_REQUESTS_PER_PEER - 1;
    for (let n = 0; n < readers; n++) await slots.acquire('p', 'reader', forever);
    void slots.acquire('p', 'reader', forever).then(() => order.push('reader'));
    await turn();
    expect(order).toEqual([]);
    bulk[0]!();
    bulk[0]!();
    await turn();
    expect(order).toEqual(['reader']);
    bulk[1]!();
    await turn();
    expect(order).toEqual(['reader', 'bulk']);
  });

  it('let go of a waiter that is aborted', async () => {
    const slots = new RequestSlots();
    const held = [];
    for (let n = 0; n < REQUESTS_PER_PEER; n++) held.push(await slots.acquire('p', 'reader', forever));
    const control = new AbortController();
    const waiting = slots.acquire('p', 'reader', control.signal);
    control.abort(new DfsError('aborted', 'enough'));
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    held[0]!();
    await expect(slots.acquire('p', 'reader', forever)).resolves.toBeDefined();
  });
});

describe('the serving queue', () => {
  it('answers so many of one asker at a time, keeps some waiting, refuses more', async () => {
    const queue = new ServingQueue();
    const leave = await Promise.all(Array.from({ length: REQUESTS_PER_PEER }, () => queue.enter('greedy')));
    let entered = 0;
    for (let n = 0; n < WAITING_PER_ASKER; n++) void queue.enter('greedy').then(() => entered++);
    await expect(queue.enter('greedy')).rejects.toMatchObject({ code: 'too-many-requests' });
    await expect(queue.enter('other')).resolves.toBeDefined();
    expect(entered).toBe(0);
    leave[0]!();
    leave[0]!();
    leave[1]!();
    await turn();
    expect(entered).toBe(2);
  });
});

const wantOf = (n: number, size: number, copies = 0): WantedExtent => ({
  content: cidOf(Buffer.from(`want ${n}`)),
  size,
  extent: 0,
  holders: [],
  copies,
});

describe('the queue of wants', () => {
  it('takes the fewest copies first, many small ones or one large one together', () => {
    const queue = new WantQueue();
    queue.add(wantOf(1, 1000, 2));
    queue.add(wantOf(2, 100 * MiB, 1));
    queue.add(wantOf(3, 1000, 0));
    queue.add(wantOf(3, 1000, 0));
    queue.add(wantOf(4, 1000, 0));
    expect(queue.size).toBe(4);
    expect(queue.takeGroup().map(({ copies }) => copies)).toEqual([0, 0, 2]);
    expect(queue.takeGroup().map(({ size }) => size)).toEqual([100 * MiB]);
    expect(queue.takeGroup()).toEqual([]);
  });
});

describe('room for the data of others', () => {
  const roomOf = (bytes: number, onDisk = 512 * MiB) => {
    const usage = { chunks: 0, bytes, quotaBytes: 100 * MiB, freeBytes: GiB };
    const disk = { room: onDisk };
    const changes: boolean[] = [];
    const chunks = { usage: () => usage, room: () => disk.room };
    const room = new StoreRoom({ chunks, log: silentLog, onChange: (full) => changes.push(full) });
    return { usage, disk, changes, room };
  };

  it('ends at a share of the quota', () => {
    const { room, changes } = roomOf(60 * MiB);
    expect(
      room.admit([wantOf(1, 20 * MiB), wantOf(2, 20 * MiB), wantOf(3, 5 * MiB)]).map(({ size }) => size / MiB),
    ).toEqual([20, 5]);
    expect(changes).toEqual([true]);
    expect(room.isFull()).toBe(true);
    expect(room.admit([wantOf(4, 1)])).toEqual([]);
  });

  it('is known at the start', () => {
    expect(roomOf(95 * MiB).room.isFull()).toBe(true);
    expect(roomOf(5 * MiB).room.isFull()).toBe(false);
    expect(roomOf(5 * MiB, 0).room.isFull()).toBe(true);
  });

  it('ends, too, where the free space is left alone, and is not there again before there clearly is', () => {
    jest.useFakeTimers();
    const { room, disk, changes } = roomOf(10 * MiB, 2 * MiB);
    try {
      room.start();
      expect(room.admit([wantOf(1, 1 * MiB)])).toHaveLength(1);
      // There was less than it took for room.
      room.refused();
      for (const left of [2 * MiB, 0, 100 * KiB, 4 * MiB]) {
        disk.room = left;
        jest.advanceTimersByTime(2 * ROOM_CHECK);
      }
      expect(changes).toEqual([true]);
      disk.room = 6 * MiB;
      jest.advanceTimersByTime(2 * ROOM_CHECK);
      expect(changes).toEqual([true, false]);
    } finally {
      room.stop();
      jest.useRealTimers();
    }
  });
});

describe('the capacity class', () => {
  it('is the power of two of the quota in GiB, and stays until the quota is clearly another', () => {
    expect([0.1, 1, 2, 3, 100, 1e6].map((size) => capacityClass(size * GiB))).toEqual([0, 0, 1, 2, 7, 14]);
    expect(capacityClass(100 * GiB, 6)).toBe(6);
    expect(capacityClass(200 * GiB, 6)).toBe(8);
  });
});
