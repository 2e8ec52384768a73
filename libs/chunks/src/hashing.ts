import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { KiB, sha256 } from '@dfs/protocol';

/** Below this the way to another thread and back costs more than the hash. */
export const HASH_ELSEWHERE_BYTES = 128 * KiB;

/** Bytes that own their whole buffer, so that it can be handed to another thread. */
export type OwnBytes = Uint8Array<ArrayBuffer>;

/** Fresh memory, not from the pool of small buffers, and not zeroed. */
export function ownBytes(size: number): OwnBytes {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
}

interface Answer {
  buffer: ArrayBuffer;
  digest: Uint8Array;
}

// Plain JavaScript in a string: a worker starts from a file or a string, and no file is at the same place and in the
// same language under jest and in a build.
const WORKER = `
  const { hash } = require('node:crypto');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ buffer, size }) => {
    const digest = new Uint8Array(hash('sha256', new Uint8Array(buffer, 0, size), 'buffer'));
    parentPort.postMessage({ buffer, digest }, [buffer]);
  });`;

/**
 * SHA-256 in a second thread, so that a chunk is hashed while the next one is cut or read. The thread starts at the
 * first large block and does not keep the process alive.
 */
class HashThread {
  #worker: Worker | undefined;
  /** In the order in which the worker answers. */
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  hash(bytes: OwnBytes): Promise<Answer> {
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.ref();
      worker.postMessage({ buffer: bytes.buffer, size: bytes.length }, [bytes.buffer]);
    });
  }

  #start(): Worker {
    const worker = new Worker(WORKER, { eval: true, name: 'dfs-hash', execArgv: [], stdin: false });
    worker.on('message', (answer: Answer) => {
      this.#waiting.shift()?.resolve(answer);
      if (this.#waiting.length === 0) worker.unref();
    });
    const failed = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on('error', failed);
    worker.on('exit', (code) => failed(new Error(`the hash thread ended with ${code}`)));
    worker.unref();
    return worker;
  }
}

const thread = availableParallelism() > 1 ? new HashThread() : undefined;

/**
 * SHA-256 of bytes that start their buffer. A large buffer travels to another thread: use the bytes that come back,
 * the ones given are empty from then on.
 */
export async function hashOwned(bytes: OwnBytes): Promise<{ bytes: OwnBytes; digest: Uint8Array }> {
  if (!thread || bytes.length < HASH_ELSEWHERE_BYTES || bytes.byteOffset !== 0) return { bytes, digest: sha256(bytes) };
  const size = bytes.length;
  const { buffer, digest } = await thread.hash(bytes);
  return { bytes: new Uint8Array(buffer, 0, size), digest };
}
