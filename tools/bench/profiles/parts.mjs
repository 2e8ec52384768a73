/** CPU profiles of threads, folded into shares of named parts. */

/**
 * @typedef {object} Profile As V8 writes it with `--cpu-prof`.
 * @property {{ id: number, callFrame: Frame, children?: number[] }[]} nodes
 * @property {number} startTime Of the clock that never goes back, in microseconds.
 * @property {number[]} samples The node of each.
 * @property {number[]} timeDeltas Microseconds since the one before.
 */
/** @typedef {{ functionName: string, url: string, lineNumber: number, columnNumber: number }} Frame */
/** @typedef {{ from: number, until: number }} Window In microseconds of that clock. */
/** @typedef {(frame: Frame) => string} SourceOf Where the source of a function lies. */
/** @typedef {{ busy: number, parts: Map<string, number> }} Folded Seconds in which the thread had something to do, and those of each part. */

/** Time in which a thread had nothing to do. */
const IDLE = '(idle)';
/** All that no pattern names. */
export const OTHER = 'other';
/**
 * Parts by `source function`, of which the first that matches counts. Native code has no source. A function that none matches
 * works for the one that called it.
 * @type {readonly (readonly [part: string, pattern: RegExp])[]}
 */
const PARTS = [
  ['collections', /^ \(garbage collector\)$/],
  ['native code between calls', /^ \(program\)$/],
  ['signatures', /internal\/crypto\/(sig|keys)|@noble\/(curves|ed25519)/],
  ['hashing', /internal\/crypto\/hash|@noble\/hashes|multiformats\/\S*(sha|hash|digest)/],
  ['JSON', /^ (parse|stringify)$|JSON\b/],
  [
    'libp2p',
    /node_modules\/(@?libp2p|@chainsafe|@multiformats|multiformats|uint8\w+|it-\w+|p-\w+|main-event|abort\S*|datastore-core|interface-\w+|protons\S*)\//,
  ],
  ['SQLite', /libs\/database\/|node_modules\/(sqlite3|typeorm)\//],
  ['codec of records', /msgpack|libs\/protocol\/src\/codec/],
  ['ids and paths', /libs\/protocol\//],
  ['chunks', /libs\/chunks\//],
  ['catalogue', /libs\/catalogue\//],
  ['placement', /libs\/(placement|purge)\//],
  ['transfer', /libs\/transfer\//],
  ['transport', /libs\/(transport|peers|dht)\//],
  ['events', /libs\/events\/|socket\.io|engine\.io|node_modules\/ws\//],
  ['live folders', /libs\/live-folders\//],
  ['files and their states', /libs\/(files|node|tus|s3|webdav)\//],
  [
    'HTTP',
    /node:_http|node:internal\/http|node_modules\/(@nestjs|express|router|send|body-parser|busboy|@fastify\/busboy|finalhandler|qs|rxjs|on-finished|class-\w+)\/|apps\/dfs-engine\//,
  ],
  [
    'sockets and TLS',
    /node:(net|_tls|tls|internal\/tls|internal\/stream_base)|^ (writev|writeBuffer|writeUtf8String|writeLatin1String|readStart|readStop|shutdown)$/,
  ],
  ['files of the system', /node:(fs|internal\/fs)/],
  ['start', /node:(vm|internal\/(modules|bootstrap))/],
];

/**
 * Shares of parts in the samples of one thread.
 * @param {Profile} profile
 * @param {SourceOf} sourceOf
 * @param {Window} [window] All of it where there is none.
 * @returns {Folded}
 */
export function fold({ nodes, startTime, samples, timeDeltas }, sourceOf, window) {
  const partOf = partsOf(nodes, sourceOf);
  /** @type {Map<string, number>} */
  const parts = new Map();
  let busy = 0;
  let now = startTime;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    now += delta;
    const part = partOf.get(id);
    if (part === undefined || (window && (now < window.from || now > window.until))) continue;
    busy += delta / 1e6;
    parts.set(part, (parts.get(part) ?? 0) + delta / 1e6);
  }
  return { busy, parts };
}

/**
 * The greatest shares of a thread, as a few words: `SQLite 31 %, collections 20 %, other 49 %`.
 * @param {Folded} folded
 * @param {number} most So many are named.
 */
export function shares({ busy, parts }, most = 7) {
  const named = [...parts].filter(([part]) => part !== OTHER).toSorted((a, b) => b[1] - a[1]);
  const told = named.slice(0, most).filter(([, seconds]) => percent(seconds, busy) > 1);
  const rest = busy - told.reduce((sum, [, seconds]) => sum + seconds, 0);
  const all = percent(rest, busy) > 0 ? [...told, /** @type {const} */ ([OTHER, rest])] : told;
  return all.map(([part, seconds]) => `${part} ${percent(seconds, busy)} %`).join(', ');
}

/**
 * The part of each node; none for the one that stands for nothing to do.
 * @param {Profile['nodes']} nodes
 * @param {SourceOf} sourceOf
 */
function partsOf(nodes, sourceOf) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children }) => children ?? []));
  /** @type {Map<number, string>} */
  const partOf = new Map();
  // The deepest stack of a program is deeper than that of this one may be.
  const open = nodes.filter(({ id }) => !called.has(id)).map((node) => ({ node, caller: OTHER }));
  for (let next; (next = open.pop()) !== undefined;) {
    const { node, caller } = next;
    if (node.callFrame.functionName === IDLE) continue;
    const part = partNamed(node.callFrame, sourceOf) ?? caller;
    partOf.set(node.id, part);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child) open.push({ node: child, caller: part });
    }
  }
  return partOf;
}

/**
 * @param {Frame} frame
 * @param {SourceOf} sourceOf
 */
function partNamed(frame, sourceOf) {
  const name = `${frame.url === '' ? '' : sourceOf(frame)} ${frame.functionName}`;
  return PARTS.find(([, pattern]) => pattern.test(name))?.[0];
}

/**
 * @param {number} seconds
 * @param {number} of
 */
function percent(seconds, of) {
  return of === 0 ? 0 : Math.round((seconds / of) * 100);
}
