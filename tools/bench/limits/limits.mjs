/**
 * The limits of the machine itself, measured in the same run as everything else: hashing, copying, sockets, small files.
 * Speeds in MiB a second, rates a second, times in milliseconds.
 */
import { execFile, fork } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { once } from 'node:events';
import { selfSigned } from './certificate.mjs';
import { quantile, timed } from '../measure.mjs';

const KiB = 1024;
const MiB = 1024 * KiB;
const farEnd = fileURLToPath(new URL('far-end.mjs', import.meta.url));
/** Small files being written at the same time. */
const IN_FLIGHT = 16;
const SMALL_FILE = 4 * KiB;
const WRITE = 256 * KiB;
const ROUND_TRIPS = 1_000;
/** More than a processor's cache holds. */
const buffer = randomFillSync(Buffer.allocUnsafe(64 * MiB));

/** @typedef {import('../watch.mjs').Sample} Sample */

/**
 * The limits of processor and memory: hashing and sockets in MiB a second, memory touched for the first time (also what every
 * byte of the page cache costs), and the median of 4 KiB there and back over TLS in milliseconds.
 * @param {{ bytes: number }} input how much is hashed and sent
 * @returns {Promise<Record<'sha256' | 'tcp' | 'tls' | 'freshMemory' | 'roundTrip', Sample>>}
 */
export async function machineLimits({ bytes }) {
  const pem = selfSigned();
  return {
    sha256: await speed(bytes, () => hashInMemory(bytes)),
    tcp: await speed(bytes, () => through({ protocol: 'tcp', pem, expect: bytes }, repeat(bytes))),
    tls: await speed(bytes, () => through({ protocol: 'tls', pem, expect: bytes }, repeat(bytes))),
    freshMemory: { value: await touchMemory() },
    roundTrip: { value: await roundTrip(pem) },
  };
}

/**
 * The limits of a file system: file to file, and file to TLS to file, both with fsync, in MiB a second; and files of 4 KiB a
 * second, each with fsync.
 * @param {{ file: string, bytes: number, smallFiles: number, dir: string }} input
 *   `file` holds `bytes` random bytes; `dir` is on the file system that is measured.
 * @returns {Promise<Record<'copy' | 'tlsToFile' | 'smallFiles', Sample>>}
 */
export async function mediumLimits({ file, bytes, smallFiles, dir }) {
  const pem = selfSigned();
  const target = join(dir, 'limit');
  const source = () => createReadStream(file, { highWaterMark: MiB });
  const limits = {
    copy: await speed(bytes, () => copy(source(), target)),
    tlsToFile: await speed(bytes, () => through({ protocol: 'tls', pem, expect: bytes, file: target }, source())),
    smallFiles: { value: await writeSmallFiles(join(dir, 'small'), smallFiles) },
  };
  await rm(target, { force: true });
  return limits;
}

/**
 * @param {number} bytes
 * @param {() => Promise<unknown> | unknown} work
 * @returns {Promise<Sample>}
 */
async function speed(bytes, work) {
  return { value: bytes / MiB / (await timed(work)) };
}

/** By another process, which has none yet. */
async function touchMemory() {
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', `(${touch})()`]);
  return Number(stdout);
}

function touch() {
  const bytes = 512 * 1024 * 1024;
  const fresh = Buffer.allocUnsafeSlow(bytes);
  const began = performance.now();
  for (let at = 0; at < bytes; at += 4096) fresh[at] = 1;
  console.log(bytes / 1024 / 1.024 / (performance.now() - began));
}

/** @param {number} bytes */
function hashInMemory(bytes) {
  const hash = createHash('sha256');
  for (let offset = 0; offset < bytes; offset += MiB) {
    const from = offset % buffer.length;
    hash.update(buffer.subarray(from, from + MiB));
  }
  hash.digest();
}

/**
 * @param {AsyncIterable<Uint8Array>} source
 * @param {string} target
 */
async function copy(source, target) {
  const file = await open(target, 'w');
  for await (const bytes of source) await file.write(bytes);
  await file.sync();
  await file.close();
}

/** @param {number} bytes */
async function* repeat(bytes) {
  for (let sent = 0; sent < bytes; sent += WRITE) yield buffer.subarray(0, WRITE);
}

/**
 * Sends everything to another process; settles when that has taken (and written) it all.
 * @param {import('./far-end.mjs').FarEndTask} task
 * @param {AsyncIterable<Uint8Array>} source
 */
async function through(task, source) {
  const { child, socket } = await farSocket(task);
  const done = Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(lost()))]);
  for await (const bytes of source) if (!socket.write(bytes)) await once(socket, 'drain');
  await done;
  socket.destroy();
  child.disconnect();
}

function lost() {
  return new Error('The other process of a bare connection ended early.');
}

/** @param {import('./far-end.mjs').FarEndTask['pem']} pem */
async function roundTrip(pem) {
  const { child, socket } = await farSocket({ protocol: 'tls', pem, expect: 0 });
  const message = randomFillSync(Buffer.alloc(SMALL_FILE));
  const times = [];
  // One listener for all that comes: two parts of an answer may come at once, before anybody could listen again.
  let missing = 0;
  let whole = () => {};
  socket.on('data', (part) => {
    missing -= part.length;
    if (missing === 0) whole();
  });
  for (let count = 0; count < ROUND_TRIPS; count++) {
    const began = performance.now();
    missing = message.length;
    const back = new Promise((resolve) => (whole = () => resolve(undefined)));
    socket.write(message);
    await back;
    times.push(performance.now() - began);
  }
  socket.destroy();
  child.disconnect();
  return quantile(times, 0.5);
}

/** @param {import('./far-end.mjs').FarEndTask} task */
async function farSocket(task) {
  const child = fork(farEnd);
  child.send(task);
  const [port] = await once(child, 'message');
  const address = { host: '127.0.0.1', port };
  const socket = task.protocol === 'tls' ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  await once(socket, task.protocol === 'tls' ? 'secureConnect' : 'connect');
  socket.setNoDelay(true);
  return { child, socket };
}

/**
 * @param {string} dir
 * @param {number} count
 */
async function writeSmallFiles(dir, count) {
  await mkdir(dir, { recursive: true });
  const bytes = randomFillSync(Buffer.alloc(SMALL_FILE));
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const file = await open(join(dir, String(next++)), 'w');
      await file.write(bytes);
      await file.sync();
      await file.close();
    }
  };
  const seconds = await timed(() => Promise.all(Array.from({ length: IN_FLIGHT }, writer)));
  await rm(dir, { recursive: true });
  return count / seconds;
}
