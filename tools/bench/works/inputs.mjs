/** The random data that is stored and sent. */
import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** @typedef {{ file: string, bytes: number, sha256: string }} LargeInput A file on the medium, its size and its digest in hex. */
/** @typedef {{ tree: string, count: number }} SmallInput A directory of directories of small files, and how many these are. */

const KiB = 1024;
const MiB = 1024 * KiB;
/** Bytes of a small file. */
export const SMALL = 4 * KiB;
const WRITE = 16 * MiB;
/** Files of one directory. */
const PER_DIRECTORY = 100;

/**
 * @param {string} dir
 * @param {number} bytes
 * @returns {Promise<LargeInput>}
 */
export async function writeLarge(dir, bytes) {
  const file = join(dir, `input-${bytes}`);
  const hash = createHash('sha256');
  const target = await open(file, 'w');
  const buffer = Buffer.allocUnsafe(WRITE);
  for (let written = 0; written < bytes; written += buffer.length) {
    const part = randomFillSync(buffer).subarray(0, Math.min(buffer.length, bytes - written));
    hash.update(part);
    await target.write(part);
  }
  await target.close();
  return { file, bytes, sha256: hash.digest('hex') };
}

/**
 * @param {string} dir
 * @param {number} count
 * @returns {Promise<SmallInput>}
 */
export async function writeSmall(dir, count) {
  const tree = join(dir, `small-${count}`);
  const bytes = randomBytes(SMALL);
  for (let from = 0; from < count; from += PER_DIRECTORY) {
    const directory = join(tree, String(from / PER_DIRECTORY).padStart(4, '0'));
    await mkdir(directory, { recursive: true });
    const numbers = Array.from({ length: Math.min(PER_DIRECTORY, count - from) }, (_, n) => from + n);
    const files = numbers.map((number) => {
      bytes.writeUInt32BE(number);
      // A name that no editor gives to its temporary files: "4913" is one of Vim's, which live folders leave alone.
      return writeFile(join(directory, `file-${number}`), Buffer.from(bytes));
    });
    await Promise.all(files);
  }
  return { tree, count };
}
