import { execFile } from 'node:child_process';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tempDir, type TempDir } from '../temp.js';
import { eventually } from '../wait.js';

const run = promisify(execFile);
/** From `libs/testing/{src,dist}/disk-faults` to the source. */
const SOURCE = resolve(fileURLToPath(new URL('../../src/disk-faults/faulty-calls.cc', import.meta.url)));

/** Kinds of calls that can be made to fail; `sync` is fsync and fdatasync. */
export type FaultyCall = 'open' | 'read' | 'write' | 'sync' | 'rename' | 'unlink' | 'truncate' | 'mkdir' | 'stat';

/** A fault of calls on files. */
export interface DiskFault {
  calls: readonly FaultyCall[];
  /** A pattern of fnmatch(3) for absolute paths: a star takes slashes too. */
  path: string;
  /**
   * The name of an error as libc has it (`EIO`, `EDQUOT`, …). `hang`: the call comes back once the fault is gone. `flip`: one
   * bit of what is read is wrong; `flip-cached`: the same, unless the file was opened with O_DIRECT.
   */
  fate: keyof typeof constants.errno | 'hang' | 'flip' | 'flip-cached';
  /** So many calls and no more; all when left out. */
  times?: number;
}

/**
 * A disk that fails on demand, for real processes: a preload fails chosen calls of a process, those of SQLite too, for as long
 * as a test wants. Linux only; compiles with g++.
 *
 *   await using faults = await DiskFaults.make();
 *   const node = await startEngine({ env: faults.env });
 *   await faults.set({ calls: ['read'], path: '*.pack', fate: 'EIO', times: 1 });
 */
export class DiskFaults implements AsyncDisposable {
  private constructor(private readonly dir: TempDir) {}

  static async make(): Promise<DiskFaults> {
    const dir = await tempDir('dfs-faults-');
    const shared = ['-shared', '-fPIC', '-O1', '-std=c++17', '-D_GNU_SOURCE'];
    await run('g++', [...shared, '-o', dir.file('faults.so'), SOURCE, '-ldl', '-lpthread']);
    return new DiskFaults(dir);
  }

  /** For the process that is to meet the faults. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: this.dir.file('faults.so'), DFSTEST_FAULTS: this.control };
  }

  /** From the next call on there are these faults and no others. */
  async set(...faults: readonly DiskFault[]): Promise<void> {
    const lines = faults.map(({ calls, path, fate, times = 0 }) =>
      [calls.join(','), fate in constants.errno ? constants.errno[fate as 'EIO'] : fate, times, path].join('\t'),
    );
    const next = join(this.dir.path, 'next');
    await writeFile(next, lines.map((line) => `${line}\n`).join(''));
    await rename(next, this.control);
  }

  /** The disk is well again. Counts of hits begin anew. */
  async clear(): Promise<void> {
    await this.set();
    await rm(`${this.control}.hits`, { force: true });
  }

  /** Calls that were hit since `clear`, as `call<tab>path`, one line for each call. */
  async hits(): Promise<string[]> {
    const text = await readFile(`${this.control}.hits`, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Waits until so many calls were hit since `clear`. */
  async hit(count = 1): Promise<void> {
    await eventually(async () => (await this.hits()).length >= count, {
      deadline: 60_000,
      what: `${count} faults hit`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dir.remove();
  }

  private get control(): string {
    return this.dir.file('faults');
  }
}
