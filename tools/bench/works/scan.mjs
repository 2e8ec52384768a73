/**
 * The cost of a look over very many contents for a node, in a network of many members, and how much of it is placement.
 */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/**
 * Seconds of processor time of the whole look (rows of contents, pins and holders, and what they make of them), and of that part
 * of it that goes into who should hold them (hashes, ranks of partitions, look-ups). In a process of its own, with the parts
 * of placement as they are shipped; each content has one extent, held by everybody who should hold it.
 * @param {{ contents: number, members: number }} input
 * @returns {Promise<Record<'seconds' | 'placing', import('../watch.mjs').Sample>>}
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
    { cwd: root, env: { ...process.env, NODE_OPTIONS: process.env.NODE_OPTIONS_ENGINE ?? process.env.NODE_OPTIONS } },
  );
  /** @type {{ seconds: number, placing: number }} */
  const { seconds, placing } = JSON.parse(stdout);
  return { seconds: { value: seconds }, placing: { value: placing } };
}
