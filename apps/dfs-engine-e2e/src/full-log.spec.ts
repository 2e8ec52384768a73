import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually, tempDir, tmpfsUnavailable, unless, type TempDir } from '@dfs/testing';
import { fill, MAIN } from './steps.js';

const run = promisify(execFile);
const START = resolve(fileURLToPath(new URL('../../../tools/start.mjs', import.meta.url)));
const READY_DEADLINE = 60_000;
/** Each leaves a line in a log of this level. */
const REQUESTS = 30;

unless(await tmpfsUnavailable(), describe)('a log whose disk is full', () => {
  let dir: TempDir;
  let disk: string;
  let log: string;
  let child: ChildProcess;
  let ended: Promise<number | null>;
  let out = '';
  beforeEach(async () => {
    dir = await tempDir();
    disk = dir.file('disk');
    log = join(disk, 'dfs.log');
    await mkdir(disk);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    await mkdir(dir.file('data'));
  });
  afterEach(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
    await run('umount', [disk]);
    await dir.remove();
  });

  function start(program: string, stderr: 'pipe' | number): void {
    const { PATH, HOME } = process.env;
    const ports = { DFS_HTTP_PORT: '0', DFS_P2P_PORT: '0', DFS_P2P_HOST: '127.0.0.1' };
    const quiet = { DFS_MDNS: 'off', DFS_UPNP: 'off', DFS_LOG_LEVEL: 'trace' };
    child = spawn(process.execPath, [program], {
      env: { PATH, HOME, DFS_DATA_DIR: dir.file('data'), ...ports, ...quiet },
      stdio: ['ignore', 'pipe', stderr],
    });
    out = '';
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr?.on('data', () => undefined);
    ended = new Promise((done) => child.once('close', done));
  }

  async function address(ready: RegExp): Promise<string> {
    return eventually(async () => ready.exec(out)?.[1], { deadline: READY_DEADLINE, what: 'the node to be ready' });
  }

  /** The node serves while its log takes nothing, and says afterwards what is missing. */
  async function expectToGoOn(url: string): Promise<void> {
    const token = (await readFile(dir.file('data/api-token'), 'utf8')).trim();
    const node = (): Promise<Response> => fetch(`${url}api/v1/node`, { headers: { authorization: `Bearer ${token}` } });
    await fill(join(disk, 'filler'));
    for (let n = 0; n < REQUESTS; n++) expect((await node()).status).toBe(200);
    expect(await readFile(log, 'utf8')).not.toMatch(/dropped/);
    await rm(join(disk, 'filler'));
    await eventually(async () => {
      await node();
      return / lines of the log could not be written here, and were dropped/.test(await readFile(log, 'utf8'));
    });
    expect((await node()).status).toBe(200);
    expect(out + (await readFile(log, 'utf8'))).not.toContain(token);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await expect(node()).rejects.toThrow();
  }

  it('does not end the node', async () => {
    const file = await open(log, 'a');
    start(MAIN, file.fd);
    const url = await address(/^DFS ready at (\S+)$/m);
    await file.close();
    await expectToGoOn(url);
  });

  it('ends neither what `npm start` runs nor the node, and no token gets into its output', async () => {
    await symlink(log, dir.file('data/dfs.log'));
    start(START, 'pipe');
    await expectToGoOn(await address(/^Open (\S+\/) /m));
  });
});
