import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { eventually, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import { check, runProgram, runToEnd } from './steps.js';

describe('the program', () => {
  let dir: TempDir;
  beforeAll(async () => (dir = await tempDir()));
  afterAll(() => dir.remove());

  it('says what it takes, and which version it is, and makes nothing', async () => {
    const help = await runToEnd(dir.path, '--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toMatch(/--http-port +DFS_HTTP_PORT/);
    const { version } = JSON.parse(
      await readFile(new URL('../../dfs-engine/package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(await runToEnd(dir.path, '--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('ends quietly where nobody reads on', async () => {
    const program = new URL('../../dfs-engine/dist/bundle/main.js', import.meta.url).pathname;
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(err).toBe('');
  });

  it('runs by the file that the compiler makes, too', async () => {
    const program = new URL('../../dfs-engine/dist/main.js', import.meta.url).pathname;
    const { code, err } = await runProgram(program, dir.path, 'check');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('There is no node in') as string });
  });

  it('ends with the npm that runs it', async () => {
    const root = new URL('../../..', import.meta.url).pathname;
    const { scripts } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as {
      scripts: Record<string, string>;
    };
    // A shell between the two would end alone, and leave a node that nobody knows of.
    for (const script of ['start', 'demo', 'engine']) expect(scripts[script]).toMatch(/^exec node /);
    const own = await tempDir();
    const flags = ['--data-dir', own.path, '--http-port=0', '--p2p-port=0', '--p2p-host=127.0.0.1', '--mdns=off'];
    const npm = spawn('npm', ['run', '--silent', 'engine', '--', ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    try {
      let out = '';
      for await (const text of npm.stdout) if ((out += String(text)).includes('DFS ready')) break;
      expect(out).toContain('DFS ready');
      npm.kill('SIGTERM');
      // The engine is ready to be checked once it has let go of its data directory.
      await eventually(async () => (await check(own.path)).code === 0, { what: 'the end of the engine', poll: 200 });
    } finally {
      killGroup(npm.pid);
      await own.remove();
    }
  });

  it('refuses a host that is none of this machine before it touches the data directory', async () => {
    const { code, err } = await runToEnd(dir.path, '--http-host=192.0.2.77');
    expect(code).toBe(78);
    expect(err).toBe(
      'DFS_HTTP_HOST must be an address of this machine, or a name of one, not "192.0.2.77" (EADDRNOTAVAIL).\n',
    );
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('says that the port for other nodes is taken, in words for whoever starts it', async () => {
    const other = createServer().listen(0, '0.0.0.0');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as AddressInfo;
    try {
      const { code, err } = await runToEnd(dir.path, `--p2p-port=${port}`, '--log-level=fatal');
      expect(code).toBe(1);
      expect(err).toContain(`Port ${port} is already in use`);
      expect(err).not.toMatch(/libp2p|faultTolerance|transport/i);
    } finally {
      other.close();
    }
  });

  it('opens no debugger on a signal', async () => {
    let node: Engine | undefined;
    try {
      node = await startEngine();
      process.kill(node.pid, 'SIGUSR1');
      expect((await node.node()).peerId).not.toBe('');
      expect(await node.stop()).toBe(0);
      expect(node.log()).not.toMatch(/Debugger listening/);
      // A reader of the log takes each line of it for JSON.
      const lines = node.log().split('\n').filter(Boolean);
      expect(lines).not.toEqual([]);
      expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
    } finally {
      await node?.remove();
    }
  });
});

/** The rest of a process group; nothing where it has ended. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
