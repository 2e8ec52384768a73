import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually, isLong, tempDir, type TempDir } from '@dfs/testing';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const MB = 1_000_000;
/** Milliseconds for packing, installing and compiling: minutes, where others want the same cores. */
const INSTALLED_WITHIN = 900_000;
const run = promisify(execFile);
/** The Node that runs the test comes first: it is the one that the package needs. */
const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;

// With the binding inside nothing is compiled; without it sqlite3 is, which takes a minute.
describe.each(
  isLong
    ? [
        ['with its binding', []],
        ['without a binding', ['--no-binding']],
      ]
    : [['with its binding', []]],
)('the package, %s', (_what, flags) => {
  let dir: TempDir;
  let node: ChildProcess | undefined;
  let env: Record<string, string>;
  let told = '';

  beforeAll(async () => {
    dir = await tempDir();
    env = {
      PATH,
      HOME: dir.path,
      DFS_DATA_DIR: dir.file('data'),
      DFS_HTTP_PORT: '0',
      DFS_P2P_PORT: '0',
      DFS_MDNS: 'off',
      DFS_UPNP: 'off',
    };
    await run(process.execPath, ['tools/package/main.mjs', ...flags], { cwd: ROOT });
    const name = (await readdir(join(ROOT, 'dist'))).find((file) => /^dfs-[\d.]+\.tgz$/.test(file)) ?? '';
    // Of a machine with npm's own settings, such as the registry; without those of this workspace.
    await run(
      'npm',
      ['install', '--global', '--prefix', dir.file('prefix'), '--no-audit', '--no-fund', join(ROOT, 'dist', name)],
      {
        cwd: dir.path,
        env: { ...process.env, PATH },
      },
    );
  }, INSTALLED_WITHIN);
  afterAll(async () => {
    if (node && node.exitCode === null) {
      const ended = new Promise((done) => node?.on('exit', done));
      node.kill('SIGTERM');
      await ended;
    }
    await dir.remove();
  });

  const dfs = (...args: string[]) => run(dir.file('prefix/bin/dfs'), args, { cwd: dir.path, env });

  it('is small enough', async () => {
    const files = await readdir(dir.file('prefix'), { recursive: true, withFileTypes: true });
    let bytes = 0;
    for (const file of files) if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size;
    expect(bytes).toBeLessThan(200 * MB);
    const lock = JSON.parse(await readFile(dir.file('prefix/lib/node_modules/dfs/npm-shrinkwrap.json'), 'utf8')) as {
      packages: object;
    };
    expect(Object.keys(lock.packages).length).toBeLessThan(450);
    expect(JSON.stringify(lock)).not.toMatch(/"resolved":"http/);
  });

  it('brings the licences of what is bundled', async () => {
    for (const [app, name] of [
      ['dfs-engine', 'libp2p'],
      ['dfs-engine', '@nestjs/core'],
      ['dfs-cli', 'commander'],
    ]) {
      const text = await readFile(dir.file(`prefix/lib/node_modules/dfs/apps/${app}/dist/bundle/licences.txt`), 'utf8');
      expect(text).toMatch(new RegExp(`^${name} \\d[^]*?Permission is hereby granted`, 'm'));
    }
  });

  it('starts a node, serves the console, and has a command line that does its job', async () => {
    expect((await dfs('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    node = spawn(dir.file('prefix/bin/dfs'), ['start'], { cwd: dir.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [node.stdout, node.stderr]) stream?.on('data', (part: Buffer) => (told += part.toString()));
    const url = await eventually(() => /Open (http:\S+)/.exec(told)?.[1], { what: 'the link' });

    // For the next start.
    const compiled = dir.file('prefix/lib/node_modules/dfs/node_modules/.cache/dfs-engine');
    const isKept = async () => (await readdir(compiled)).some((file) => file.endsWith('.v8'));
    await eventually(() => isKept().catch(() => false), { what: 'the compiled code' });

    const page = await fetch(url);
    expect(page.status).toBe(200);
    // The scripts of the page itself are too small for that.
    const styles = /href="(styles-[^"]+\.css)"/.exec(await page.text())?.[1] ?? '';
    expect(await encodingOf(new URL(styles, url))).toBe('br');
    expect((await fetch(new URL('/api/docs/swagger-ui-bundle.js', url))).status).toBe(200);

    await writeFile(dir.file('a.txt'), 'what is stored');
    await dfs('put', 'a.txt', 'in/');
    expect((await dfs('ls', 'in')).stdout).toMatch(/ a\.txt\n$/);
    await dfs('mv', 'in/a.txt', 'in/b.txt');
    await dfs('get', 'in/b.txt', 'back.txt');
    expect(await readFile(dir.file('back.txt'), 'utf8')).toBe('what is stored');
    await dfs('rm', 'in/b.txt');
    await expect(dfs('get', 'in/b.txt', 'no.txt')).rejects.toMatchObject({ code: 4 });
    await mkdir(dir.file('docs'));
    await writeFile(dir.file('docs/c.txt'), 'c');
    expect((await dfs('sync', 'docs', 'docs')).stdout).toMatch(/^1 sent/);
    expect((await dfs('sync', 'docs', 'docs')).stdout).toMatch(/^0 sent.*1 the same/);
    expect((await dfs('status')).stdout).toMatch(/^node /);
  });

  it('brings the program by which the disk of a live folder is used', async () => {
    const root = dir.file('DFS/shared');
    await mkdir(root, { recursive: true });
    await writeFile(join(root, 'from-the-disk.txt'), 'written by hand');
    const [, url = ''] = /Open (http:[^#\s]+)/.exec(told) ?? [];
    const token = (await readFile(dir.file('data/api-token'), 'utf8')).trim();
    const bound = await fetch(new URL('/api/v1/live-folders', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ root, prefix: 'shared' }),
    });
    expect([bound.status, await bound.text()]).toEqual([201, expect.stringContaining('"state"')]);
    await eventually(async () => (await dfs('ls', 'shared')).stdout.includes('from-the-disk.txt'), {
      ...{ poll: 500, what: 'a file of the live folder in the network' },
    });
  });
});

/** `fetch` undoes the coding and says nothing of it. */
function encodingOf(url: URL): Promise<string | undefined> {
  return new Promise((resolveWith, reject) => {
    request(url, { headers: { 'accept-encoding': 'br, gzip' } }, (answer) => {
      answer.resume();
      resolveWith(answer.headers['content-encoding']);
    })
      .on('error', reject)
      .end();
  });
}
