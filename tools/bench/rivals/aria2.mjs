/**
 * aria2 beside ours: one instance seeds a file by BitTorrent, another fetches it and checks each piece by its SHA-1, in clear and
 * without fsync. A tracker of a few lines in this process tells the one of the other.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { claimPort, eventually } from '@dfs/testing';
import { timed } from '../measure.mjs';
import { watched } from '../watch.mjs';

const MiB = 1024 * 1024;
const PIECE = MiB;
const DEADLINE = 300_000;
/** How often it is asked how far it is, in milliseconds. */
const POLL = 50;

/** The version that is installed, or undefined. */
export async function aria2Version() {
  const answer = await promisify(execFile)('aria2c', ['--version']).catch(() => undefined);
  return answer && (/^aria2 version (\S+)/.exec(answer.stdout)?.[1] ?? 'of an unknown version');
}

/**
 * A file from one to the other, from when it is asked for: MiB a second.
 * @param {{ file: string, bytes: number }} input
 * @returns {Promise<import('../watch.mjs').Sample>}
 */
export async function aria2Transfer({ file, bytes }) {
  const dir = await mkdtemp(join(tmpdir(), 'aria2-'));
  const [seed, fetching, ...rpc] = await Promise.all(Array.from({ length: 4 }, claimPort));
  const ports = [seed, fetching].map((claimed) => Number(claimed?.port));
  const tracker = await startTracker(ports);
  const torrent = await torrentOf(file, tracker.url);
  const instances = [dirname(file), dir].map((at, index) => start(at, Number(ports[index]), Number(rpc[index]?.port)));
  try {
    const [a, b] = /** @type {[Aria2, Aria2]} */ (instances);
    await Promise.all(instances.map(({ ask }) => eventually(() => ask('getVersion'), { what: 'an answer of aria2' })));
    await a.ask('addTorrent', torrent);
    const seeds = async () => (await a.ask('tellActive', ['seeder']))[0]?.seeder === 'true';
    await eventually(seeds, { deadline: DEADLINE, poll: POLL, what: 'a seed' });
    const { result, cost } = await watched(instances, () =>
      timed(async () => {
        await b.ask('addTorrent', torrent);
        const whole = async () =>
          Number((await b.ask('tellActive', ['completedLength']))[0]?.completedLength) === bytes;
        await eventually(whole, { deadline: DEADLINE, poll: POLL, what: 'the whole file at aria2' });
      }),
    );
    return { value: bytes / MiB / result, cost };
  } finally {
    for (const { child } of instances) child.kill('SIGKILL');
    await Promise.all(instances.map(({ gone }) => gone));
    await tracker.stop();
    for (const claimed of [seed, fetching, ...rpc]) await claimed?.release();
    await rm(dir, { recursive: true, force: true });
  }
}

/** @typedef {ReturnType<typeof start>} Aria2 */

/**
 * @param {string} dir
 * @param {number} port
 * @param {number} rpc
 */
function start(dir, port, rpc) {
  const args = {
    dir,
    'listen-port': port,
    'enable-rpc': true,
    'rpc-listen-port': rpc,
    'enable-dht': false,
    'enable-dht6': false,
    'bt-enable-lpd': false,
    'enable-peer-exchange': false,
    'disable-ipv6': true,
    'no-conf': true,
    'file-allocation': 'none',
    'bt-seed-unverified': true,
    'seed-ratio': 0,
    quiet: true,
  };
  const child = spawn(
    'aria2c',
    Object.entries(args).map(([name, value]) => `--${name}=${value}`),
    { stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  /** @param {string} method @param {unknown[]} params @returns {Promise<any>} */
  const ask = async (method, ...params) => {
    const answer = await fetch(`http://127.0.0.1:${rpc}/jsonrpc`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: `aria2.${method}`, params }),
    });
    /** @type {any} */
    const { result, error } = await answer.json();
    if (error) throw new Error(`aria2: ${method}: ${error.message}`);
    return result;
  };
  return { pid: Number(child.pid), child, gone, ask };
}

/**
 * Answers everybody with the addresses of both.
 * @param {readonly number[]} ports
 */
async function startTracker(ports) {
  const peers = Buffer.concat(ports.map((port) => Buffer.of(127, 0, 0, 1, port >> 8, port & 0xff)));
  const body = Buffer.concat([Buffer.from('d8:intervali2e5:peers'), text(peers), Buffer.from('e')]);
  const server = createServer((_, answer) => answer.end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}/announce`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** SHA-1 of the pieces of files that were hashed already, by their names. @type {Map<string, { size: number, pieces: Buffer }>} */
const hashed = new Map();

/**
 * The torrent of a file, in base64 as the RPC takes it.
 * @param {string} file
 * @param {string} tracker
 */
async function torrentOf(file, tracker) {
  const { size, pieces } = hashed.get(file) ?? (await hashPieces(file));
  hashed.set(file, { size, pieces });
  const info = [
    `d6:lengthi${size}e4:name`,
    text(basename(file)),
    `12:piece lengthi${PIECE}e6:pieces`,
    text(pieces),
    'e',
  ];
  const parts = ['d8:announce', text(tracker), '4:info', ...info, 'e'];
  return Buffer.concat(parts.map((part) => Buffer.from(part))).toString('base64');
}

/** @param {string} file */
async function hashPieces(file) {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.allocUnsafe(PIECE);
    const digests = [];
    for (let at = 0; at < size; at += PIECE) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE, at);
      digests.push(createHash('sha1').update(buffer.subarray(0, bytesRead)).digest());
    }
    return { size, pieces: Buffer.concat(digests) };
  } finally {
    await handle.close();
  }
}

/**
 * A byte string as BitTorrent has it.
 * @param {string | Buffer} bytes
 */
function text(bytes) {
  const all = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`${all.length}:`), all]);
}
