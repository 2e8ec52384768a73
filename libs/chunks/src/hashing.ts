import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { KiB } from '@dfs/runtime';
import { sha256 } from '@dfs/protocol';

/** Below this the way to another thread and back costs more than the hash. */
export const HASH_ELSEWHERE_BYTES = 128 * KiB;

// Plain JavaScript in a string: a worker starts from a file or a string, and no file is at the same place and in the
// same language under jest and in a build.
const WORKER = `
  const { hash } = require('node:crypto');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (bytes) => parentPort.postMessage(hash('sha256', bytes, 'hex')));`;

/**
 * SHA-256 in a second thread, of shared memory, so that nothing is copied. The thread starts at the first large chunk
 * and does not keep the process alive.
 */
class HashThread {
  #worker: Worker | undefined;
  /** In the order in which the worker answers. */
  #waiting: { resolve: (digest: Uint8Array) => void; reject: (error: Error) => void }[] = [];

  hash(bytes: Uint8Array): Promise<Uint8Array> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      worker.ref();
      worker.postMessage(bytes);
      this.#waiting.push({ resolve, reject });
    });
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { eval: true, name: 'dfs-hash', execArgv: [] });
    worker.on('message', (digest: string) => {
      // One that has been given up, whose answers nobody waits for.
      if (this.#worker !== worker) return;
      this.#waiting.shift()?.resolve(Buffer.from(digest, 'hex'));
      if (this.#waiting.length === 0) worker.unref();
    });
    const failed = (error: Error): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on('error', failed);
    worker.on('exit', (code) => failed(new Error(`the hash thread ended with ${code}`)));
    worker.unref();
    return worker;
  }
}

// One core has nothing to gain.
const thread = availableParallelism() > 1 ? new HashThread() : undefined;

/** SHA-256; of large shared memory in another thread. The bytes must stay as they are until it is done. */
export async function hashShared(bytes: Uint8Array): Promise<Uint8Array> {
  const elsewhere = thread && bytes.length >= HASH_ELSEWHERE_BYTES && bytes.buffer instanceof SharedArrayBuffer;
  return elsewhere ? thread.hash(bytes) : sha256(bytes);
}
