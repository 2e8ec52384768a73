import { second } from '@dfs/runtime';
import { statfs } from 'node:fs/promises';
import { noSpace, quotaExceeded } from '../damage/errors.js';
import type { PastBytes, Purpose, RoomMaker } from './room.js';
import { MAX_RESERVE_BYTES, PEER_SHARE, RESERVE_SHARE } from '../limits.js';

/** Share of the reserve that stays when packs are rewritten, which makes room. */
const REWRITE_RESERVE_SHARE = 0.5;
/** How long a reading of the free space is trusted. */
const FREE_SPACE_TTL = 1 * second;

/** Bytes, or a share of the file system the chunks are on. */
export type Quota = number | { percent: number };

/** Total and free bytes of the file system that holds `dir`. */
export type FileSystemSize = (dir: string) => Promise<{ totalBytes: number; freeBytes: number }>;

/** By statfs(2); free are the bytes that an ordinary user may write. */
export const fileSystemSize: FileSystemSize = async (dir) => {
  const { bsize, blocks, bavail } = await statfs(dir);
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
};

/** Bytes that may be written where `dir` is before the reserve of the file system is reached. */
export async function roomAt(dir: string): Promise<number> {
  const { totalBytes, freeBytes } = await fileSystemSize(dir);
  return Math.max(0, freeBytes - reserveOf(totalBytes));
}

function reserveOf(totalBytes: number): number {
  return Math.min(MAX_RESERVE_BYTES, totalBytes * RESERVE_SHARE);
}

/** The room there is when a store is opened. */
export interface AdmissionOptions {
  dir: string;
  quota: Quota;
  /** Free bytes that are left alone. */
  reserveBytes?: number;
  /** Bytes of the packs that are there. */
  keptBytes: number;
  fileSystem?: FileSystemSize;
}

/**
 * Decides whether bytes may come in. Room promised to one batch counts for all the others at once, so that batches
 * that run side by side cannot exceed the quota together.
 */
export class Admission {
  /** Bytes of committed packs. */
  #kept: number;
  /** Promised, and not yet in a committed pack. */
  #promised = 0;
  /** Promised, and not yet written: these are still in what the file system calls free. */
  #unwritten = 0;
  #room = 0;
  #totalBytes = 0;
  #freeBytes = 0;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  #roomMaker: RoomMaker | undefined;

  private constructor(
    private readonly options: AdmissionOptions,
    private quota: Quota,
    private readonly fileSystem: FileSystemSize,
  ) {
    this.#kept = options.keptBytes;
  }

  static async open(options: AdmissionOptions): Promise<Admission> {
    const admission = new Admission(options, options.quota, options.fileSystem ?? fileSystemSize);
    await admission.#read();
    return admission;
  }

  get keptBytes(): number {
    return this.#kept;
  }
  get freeBytes(): number {
    return this.#freeBytes;
  }
  /** Bytes that may come in before the reserve is reached, whatever the quota says. */
  get roomBytes(): number {
    return Math.max(0, this.#room - this.#reserveBytes());
  }
  get quotaBytes(): number {
    if (typeof this.quota === 'number') return this.quota;
    return Math.floor((this.#totalBytes * this.quota.percent) / 100);
  }

  setQuota(quota: Quota): void {
    this.quota = quota;
  }

  /** Asked when bytes of this node's own users find no room. */
  setRoomMaker(maker: RoomMaker): void {
    this.#roomMaker = maker;
  }

  /**
   * Promises room for `bytes`, all or nothing. They are given back by `release`, or kept by `keep`.
   * @throws DfsError `quota-exceeded` | `no-space`
   */
  async admit(bytes: number, purpose: Purpose): Promise<void> {
    const past = await this.#makeRoom(bytes, purpose);
    // In one turn with the promise: of two that ask at the same time, the second would find the room of the first.
    this.#check(bytes, purpose, past);
    this.#promise(bytes, this.#reserveBytes());
  }

  /** Whether there is room for `bytes` now, or can be made; promises none. @throws DfsError as `admit` */
  async require(bytes: number, purpose: Purpose): Promise<void> {
    this.#check(bytes, purpose, await this.#makeRoom(bytes, purpose));
  }

  /**
   * The same for bytes that replace more of ours, which the quota need not have room for. Part of the reserve is for them: a
   * full disk could not be emptied otherwise.
   */
  async admitRewrite(bytes: number): Promise<void> {
    await this.refresh();
    this.#promise(bytes, this.#reserveBytes() * REWRITE_RESERVE_SHARE);
  }

  /** Admitted bytes are in the file system now. */
  written(bytes: number): void {
    this.#unwritten -= bytes;
  }

  /** Admitted bytes, written or not, are gone again. */
  release(bytes: number, unwritten: number): void {
    this.#promised -= bytes;
    this.#unwritten -= unwritten;
    this.#readAt = -Infinity;
  }

  /** Admitted bytes are committed, in packs of `kept` bytes. */
  keep(admitted: number, kept: number): void {
    this.#promised -= admitted;
    this.#kept += kept;
  }

  /** A committed pack is gone. */
  removed(bytes: number): void {
    this.#kept -= bytes;
    this.#readAt = -Infinity;
  }

  /** Reads the free space again if the last reading is old. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#readAt > FREE_SPACE_TTL) await this.#read();
  }

  /** Has past content give way where own users' bytes find no room; answers what of it is left. */
  async #makeRoom(bytes: number, purpose: Purpose): Promise<PastBytes | undefined> {
    await this.refresh();
    const short = this.#shortBytes(bytes, purpose);
    if (short <= 0 || purpose !== 'local' || !this.#roomMaker) return undefined;
    const past = await this.#roomMaker(short);
    await this.refresh();
    return past;
  }

  #check(bytes: number, purpose: Purpose, past: PastBytes | undefined): void {
    if (this.#quotaLeft(purpose) < bytes) throw quotaExceeded(purpose, past);
    if (this.#room - bytes < this.#reserveBytes()) throw noSpace();
  }

  #quotaLeft(purpose: Purpose): number {
    return this.quotaBytes * (purpose === 'peer' ? PEER_SHARE : 1) - this.#kept - this.#promised;
  }

  #shortBytes(bytes: number, purpose: Purpose): number {
    return bytes - Math.min(this.#quotaLeft(purpose), this.#room - this.#reserveBytes());
  }

  #promise(bytes: number, reserve: number): void {
    if (this.#room - bytes < reserve) throw noSpace();
    this.#promised += bytes;
    this.#unwritten += bytes;
    this.#room -= bytes;
  }

  #reserveBytes(): number {
    return this.options.reserveBytes ?? reserveOf(this.#totalBytes);
  }

  #read(): Promise<void> {
    this.#reading ??= this.fileSystem(this.options.dir)
      .then(({ totalBytes, freeBytes }) => {
        this.#totalBytes = totalBytes;
        this.#freeBytes = freeBytes;
        this.#room = freeBytes - this.#unwritten;
        this.#readAt = performance.now();
      })
      .finally(() => (this.#reading = undefined));
    return this.#reading;
  }
}
