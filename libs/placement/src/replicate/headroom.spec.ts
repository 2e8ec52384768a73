import { cidOf } from '@dfs/protocol';
import { GiB, KiB, MiB, silentLog, VirtualTime } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { ROOM_CHECK } from './headroom.js';
import { capacityClass, Headroom } from './headroom.js';
import type { WantedExtent } from './want-queue.js';

const wantOf = (n: number, size: number, copies = 0): WantedExtent => ({
  content: cidOf(Buffer.from(`want ${n}`)),
  size,
  extent: 0,
  holders: [],
  copies,
});

describe('room for the data of others', () => {
  const roomOf = (bytes: number, onDisk = 512 * MiB) => {
    const usage = { chunks: 0, bytes, quotaBytes: 100 * MiB, freeBytes: GiB };
    const disk = { room: onDisk };
    const changes: boolean[] = [];
    const chunks = { usage: () => usage, room: () => disk.room };
    const time = new VirtualTime();
    const onChange = (full: boolean): void => void changes.push(full);
    const room = new Headroom({ chunks, log: silentLog, timers: time, onChange });
    return { usage, disk, changes, room, time };
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

  it('ends, too, where the free space is left alone, and is not there again before there clearly is', async () => {
    const { room, disk, changes, time } = roomOf(10 * MiB, 2 * MiB);
    /** Two looks: each begins once the one before has ended. */
    const look = async (): Promise<void> => {
      const { runs } = room.work();
      for (let n = 1; n <= 2; n++) {
        time.advance(ROOM_CHECK);
        await eventually(() => room.work().runs >= runs + n && room.work().state === 'waiting');
      }
    };
    try {
      room.start();
      expect(room.admit([wantOf(1, 1 * MiB)])).toHaveLength(1);
      // There was less than it took for room.
      room.refused();
      for (const left of [2 * MiB, 0, 100 * KiB, 4 * MiB]) {
        disk.room = left;
        await look();
      }
      expect(changes).toEqual([true]);
      disk.room = 6 * MiB;
      await look();
      expect(changes).toEqual([true, false]);
    } finally {
      await room.stop();
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
