/** The parts of a node's resident memory, by the map of its process and by its own metrics. */
import { readFile } from 'node:fs/promises';

/** @typedef {import('../watch.mjs').Watched} Watched */

const KiB = 1024;
const MiB = 1024 * KiB;
/** Spaces of V8's heap that hold less are not named. */
const LEAST = MiB;

/**
 * Mebibytes of each part, as a few words: `V8 139 (old 61 of 86, …), pool of the C library 72, …`. V8 counts memory it has not touched;
 * the pool has the caches of SQLite, the bytes of buffers, and free places between them.
 * @param {Required<Watched>} node
 */
export async function heldMemory({ pid, url, token }) {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const { total, spaces, external } = heapOf(await answer.text());
  const { pool, files, all } = mapOf(await readFile(`/proc/${pid}/smaps`, 'utf8'));
  const named = spaces
    .filter((space) => space.total >= LEAST)
    .map(({ name, used, total }) => `${name} ${mib(used)} of ${mib(total)}`);
  return [
    `V8 ${mib(total)} MiB (${named.join(', ')}; ${mib(external)} outside of its heap)`,
    `pool of the C library ${mib(pool)}`,
    `program files ${mib(files)}`,
    `the rest ${mib(Math.max(0, all - total - pool - files))}`,
  ].join(', ');
}

/** @param {string} metrics As Prometheus reads them. */
function heapOf(metrics) {
  const value = (/** @type {string} */ name) =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? NaN);
  const used = bySpace(metrics, 'nodejs_heap_space_size_used_bytes');
  const spaces = [...bySpace(metrics, 'nodejs_heap_space_size_total_bytes')]
    .map(([name, total]) => ({ name, total, used: used.get(name) ?? 0 }))
    .toSorted((a, b) => b.total - a.total);
  return { total: value('nodejs_heap_size_total_bytes'), external: value('nodejs_external_memory_bytes'), spaces };
}

/**
 * @param {string} metrics
 * @param {string} name
 */
function bySpace(metrics, name) {
  const lines = metrics.matchAll(new RegExp(`^${name}\\{[^}]*space="([^"]+)"[^}]*\\} (\\S+)$`, 'gm'));
  return new Map([...lines].map(([, space, value]) => [String(space), Number(value)]));
}

/** @param {string} smaps Of `/proc`: each range with its file, if it has one, and below it what of it is resident. */
function mapOf(smaps) {
  const sums = { pool: 0, files: 0, all: 0 };
  let kind = '';
  for (const line of smaps.split('\n')) {
    const [, inode, name] = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ (\d+)\s*(.*)$/.exec(line) ?? [];
    if (inode !== undefined) kind = name === '[heap]' ? 'pool' : inode === '0' ? '' : 'files';
    const kib = /^Rss:\s+(\d+) kB$/.exec(line)?.[1];
    if (kib === undefined) continue;
    sums.all += Number(kib) * KiB;
    if (kind === 'pool' || kind === 'files') sums[kind] += Number(kib) * KiB;
  }
  return sums;
}

/** @param {number} bytes */
function mib(bytes) {
  return Math.round(bytes / MiB);
}
