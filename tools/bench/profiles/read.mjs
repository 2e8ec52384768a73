/** The profiles that engines have written into a folder, and where the sources of their functions lie. */
import { readdir, readFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./parts.mjs').Profile} Profile */
/** @typedef {import('./parts.mjs').Frame} Frame */
/** @typedef {{ pid: number, profile: Profile }} Read The main thread of a process. */

/** `CPU.<day>.<time>.<process>.<thread>.<number>.cpuprofile` */
const NAME = /^CPU\.\d+\.\d+\.(\d+)\.(\d+)\.\d+\.cpuprofile$/;
/** The thread in which the JavaScript of a node runs. */
const MAIN_THREAD = 0;

/**
 * Profiles of main threads, by process.
 * @param {string} folder
 * @returns {Promise<Read[]>}
 */
export async function mainThreads(folder) {
  const found = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const [, pid, thread] = NAME.exec(name) ?? [];
    if (pid === undefined || Number(thread) !== MAIN_THREAD) continue;
    /** @type {Profile} */
    const profile = JSON.parse(await readFile(join(folder, name), 'utf8'));
    if (!Array.isArray(profile.nodes) || !Array.isArray(profile.samples)) throw new Error(`${name} is no profile`);
    found.push({ pid: Number(pid), profile });
  }
  return found;
}

/** Functions of bundles by the source maps beside them; all others by their own files. */
export class Sources {
  /** @type {Map<string, SourceMap | undefined>} */
  #maps = new Map();

  /**
   * The file of a function's source.
   * @param {Frame} frame
   */
  of({ url, lineNumber, columnNumber }) {
    const entry = this.#mapOf(url)?.findEntry(lineNumber, columnNumber);
    return entry && 'originalSource' in entry ? String(entry.originalSource) : url;
  }

  /** @param {string} url */
  #mapOf(url) {
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(url));
    return this.#maps.get(url);
  }
}

/** @param {string} url */
function readMap(url) {
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const file = `${path}.map`;
  if (!path.startsWith('/') || !existsSync(file)) return undefined;
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
