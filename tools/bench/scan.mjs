/**
 * The cost of a look over very many contents for a node, in a network of many members, and how much of it is placement.
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * @typedef {object} Scan
 * @property {number} contents How many, of one extent each and each held by whoever should hold it.
 * @property {number} members
 * @property {number} seconds Of the whole look: rows of contents, pins and holders, and what they make of them.
 * @property {number} placing Seconds of it that go into who should hold them: hashes, ranks of partitions, look-ups.
 */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * In a process of its own, with the parts of placement as they are shipped.
 * @param {{ contents: number, members: number }} input
 * @returns {Promise<Scan>}
 */
export async function scanCost({ contents, members }) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--conditions=@dfs/source',
      `--import=${join(root, 'libs/chunks/src/testing/source-loader.mjs')}`,
      join(root, 'libs/placement/src/testing/scan-cost.ts'),
      String(contents),
      String(members),
    ],
    { cwd: root },
  );
  return JSON.parse(stdout);
}
