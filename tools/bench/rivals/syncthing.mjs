/**
 * Syncthing beside ours: two instances with homes and folders of their own, that know nobody but each other, at the addresses of
 * loopback alone. Its own low priority is off; all else is as it comes.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { claimPort, eventually } from '@dfs/testing';

const run = promisify(execFile);
const KEY = 'bench';
/** The one folder that both have. */
const FOLDER = 'bench';
const DEADLINE = 60_000;
/** How often it is asked how far it is, in milliseconds. */
const POLL = 100;

/**
 * @typedef {object} Syncthing One instance.
 * @property {number} pid
 * @property {string} root Its folder.
 * @property {(method: string, path: string) => Promise<any>} ask The REST API; `path` begins after `/rest`.
 */

/** The version that is installed, or undefined. */
export async function syncthingVersion() {
  const answer = await run('syncthing', ['--version']).catch(() => undefined);
  return answer && (/^syncthing (v\S+)/.exec(answer.stdout)?.[1] ?? 'of an unknown version');
}

/**
 * Two instances that are connected, for as long as the work takes.
 * @template T
 * @param {(pair: [Syncthing, Syncthing]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSyncthing(work) {
  const dir = await mkdtemp(join(tmpdir(), 'syncthing-'));
  const ports = await Promise.all(Array.from({ length: 4 }, claimPort));
  const [a, b] = await Promise.all(['a', 'b'].map((name) => generate(join(dir, name))));
  if (a === undefined || b === undefined) throw new Error('Two homes were asked for.');
  const at = (/** @type {number} */ index) => Number(ports[index]?.port);
  const devices = [
    { id: a.id, port: at(0) },
    { id: b.id, port: at(1) },
  ];
  const starts = [a, b].map(({ home, root }, index) => start({ home, root, devices, port: at(index + 2), index }));
  const instances = await Promise.all(starts);
  try {
    const pair = /** @type {[Syncthing, Syncthing]} */ (instances.map(({ instance }) => instance));
    await Promise.all(pair.map(untilConnected));
    return await work(pair);
  } finally {
    for (const { child } of instances) child.kill('SIGKILL');
    await Promise.all(instances.map(({ gone }) => gone));
    await Promise.all(ports.map((port) => port.release()));
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Tells an instance to look at a path of its folder, and waits until it has.
 * @param {Syncthing} instance
 * @param {string} path
 */
export async function tell({ ask }, path) {
  await ask('POST', `/db/scan?folder=${FOLDER}&sub=${encodeURIComponent(path)}`);
}

/**
 * Until an instance has so many files and lacks none.
 * @param {Syncthing} instance
 * @param {number} files
 * @param {number} deadline milliseconds
 */
export async function untilHas({ ask }, files, deadline) {
  const there = async () => {
    const { localFiles, needFiles } = await ask('GET', `/db/status?folder=${FOLDER}`);
    return localFiles >= files && needFiles === 0;
  };
  await eventually(there, { deadline, poll: POLL, what: `${files} files at Syncthing` });
}

/** @param {string} home */
async function generate(home) {
  await run('syncthing', ['generate', `--home=${home}`, '--no-default-folder', '--skip-port-probing']);
  const { stdout } = await run('syncthing', ['serve', `--home=${home}`, '--device-id']);
  const root = `${home}-folder`;
  await mkdir(root);
  return { home, root, id: stdout.trim() };
}

/**
 * @param {{ home: string, root: string, devices: { id: string, port: number }[], port: number, index: number }} options
 */
async function start({ home, root, devices, port, index }) {
  await writeFile(join(home, 'config.xml'), configOf({ root, devices, port, index }));
  const args = ['serve', `--home=${home}`, '--no-browser', '--no-restart', '--no-upgrade', '--no-default-folder'];
  // Without the process that watches over it and starts it again: one process is measured, and ended.
  const child = spawn('syncthing', args, { stdio: 'ignore', env: { ...process.env, STMONITORED: 'yes' } });
  const gone = once(child, 'exit');
  /** @param {string} method @param {string} path */
  const ask = async (method, path) => {
    const answer = await fetch(`http://127.0.0.1:${port}/rest${path}`, { method, headers: { 'X-API-Key': KEY } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Syncthing: ${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  await eventually(() => ask('GET', '/system/ping'), { deadline: DEADLINE, what: 'an answer of Syncthing' });
  return { child, gone, instance: { pid: Number(child.pid), root, ask } };
}

/** @param {Syncthing} instance */
async function untilConnected({ ask }) {
  const connected = async () => {
    /** @type {{ connections: Record<string, { connected: boolean }> }} */
    const { connections } = await ask('GET', '/system/connections');
    return Object.values(connections).some((each) => each.connected);
  };
  await eventually(connected, { deadline: DEADLINE, poll: POLL, what: 'a connection of two Syncthings' });
  const idle = async () => (await ask('GET', `/db/status?folder=${FOLDER}`)).state === 'idle';
  await eventually(idle, { deadline: DEADLINE, poll: POLL, what: 'a folder of Syncthing at rest' });
}

/**
 * Settings that it leaves out have their usual value.
 * @param {{ root: string, devices: { id: string, port: number }[], port: number, index: number }} options
 */
function configOf({ root, devices, port, index }) {
  return `<configuration version="36">
  <folder id="${FOLDER}" path="${root}" type="sendreceive" fsWatcherEnabled="true">
    ${devices.map(({ id }) => `<device id="${id}"></device>`).join('')}
  </folder>
  ${devices.map((device) => `<device id="${device.id}"><address>tcp://127.0.0.1:${device.port}</address></device>`).join('')}
  <gui enabled="true" tls="false"><address>127.0.0.1:${port}</address><apikey>${KEY}</apikey></gui>
  <options>
    <listenAddress>tcp://127.0.0.1:${devices[index]?.port}</listenAddress>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <reconnectionIntervalS>1</reconnectionIntervalS>
    <startBrowser>false</startBrowser>
    <urAccepted>-1</urAccepted>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
    <crashReportingEnabled>false</crashReportingEnabled>
    <setLowPriority>false</setLowPriority>
  </options>
</configuration>
`;
}
