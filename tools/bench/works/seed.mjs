/** A node with very many files: put in by HTTP as anybody would, and held by two others as they would have told. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { postFiles, putBytes } from './client.mjs';

/** @typedef {import('@dfs/testing').Engine} Engine */

/** Files of one request. */
const BATCH = 1_000;
/** The share of very many files that comes one by one, after those that came by forms. */
export const ONE_BY_ONE = 0.1;
/** Requests under way, where each brings one. */
const AT_ONCE = 4;
/** Like photos of 500 folders. */
const FOLDERS = 500;
/** Bytes of each: it is the number of files that counts. */
const FILE_BYTES = 64;

/**
 * The path of the nth of so many files.
 * @param {number} nth
 */
export function seededPath(nth) {
  return `seeded/${String(nth % FOLDERS).padStart(3, '0')}/IMG_${String(nth).padStart(7, '0')}.jpg`;
}

/**
 * Puts so many files into a node.
 * @param {Engine} node
 * @param {number} files
 * @param {number} [first] The number of the first of them.
 */
export async function seedFiles(node, files, first = 0) {
  for (let from = first; from < first + files; from += BATCH) {
    const count = Math.min(BATCH, first + files - from);
    await postFiles(
      node,
      Array.from({ length: count }, (_, n) => seeded(from + n)),
    );
  }
}

/**
 * The same, each by a request of its own.
 * @param {Engine} node
 * @param {number} files
 * @param {number} [first] The number of the first of them.
 */
export async function seedOneByOne(node, files, first = 0) {
  let next = first;
  const one = async () => {
    while (next < first + files) {
      const { path, bytes } = seeded(next++);
      await putBytes(node, path, bytes);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** @param {number} nth */
function seeded(nth) {
  return { path: seededPath(nth), bytes: Buffer.from(`${nth} `.padEnd(FILE_BYTES + (nth % 997), '.')) };
}

/**
 * The knowledge of a node once all its members had pulled all it has: for a node that does not run, in place of as many
 * running members and all their work. They must have joined it once.
 * @param {string} dataDir
 */
export function seedHoldings(dataDir) {
  const db = new DatabaseSync(join(dataDir, 'dfs.sqlite'));
  try {
    db.exec(`INSERT OR IGNORE INTO placement_holding (content, extent, member)
      SELECT content, extent, ordinal FROM placement_pin, placement_member WHERE held = 1`);
  } finally {
    db.close();
  }
}
