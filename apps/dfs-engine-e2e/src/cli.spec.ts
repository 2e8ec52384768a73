import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileInfo, FileList } from '@dfs/contracts';
import {
  eventually,
  isLong,
  seededRandom,
  sha256Hex,
  startEngine,
  tempDir,
  type Engine,
  type TempDir,
} from '@dfs/testing';
import { DFS, dfsProgram } from './dfs-program.js';
import { contentHash, listed } from './steps.js';

const DEPLOY = resolve(fileURLToPath(new URL('../../../deploy', import.meta.url)));
const DOCS = resolve(fileURLToPath(new URL('../../../docs', import.meta.url)));
const random = seededRandom(12);
const MiB = 1024 * 1024;

/** Bytes of a connection, each way, and what becomes of it then. */
interface Limits {
  up?: number;
  down?: number;
  atLimit?: 'cut' | 'stall';
}

describe('the command line', () => {
  let a: Engine;
  let dir: TempDir;

  beforeAll(async () => {
    a = await startEngine({ name: 'a' });
    dir = await tempDir();
  });
  afterAll(async () => {
    await a.remove();
    await dir.remove();
  });

  const { dfs, json, paths } = dfsProgram(() => ({ cwd: dir.path, dataDir: a.dataDir }));

  /** Between program and node; cuts or stalls a connection after so many bytes, and counts them. */
  const proxy = async (first: Limits) => {
    const { port, hostname, host } = new URL(a.url);
    const passed = { up: 0, down: 0 };
    let limits = first;
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      const pass = (from: Socket, to: Socket, way: 'up' | 'down', form = (part: Buffer): Buffer => part): void => {
        let sent = 0;
        from.on('data', (part: Buffer) => {
          const { [way]: limit = Infinity, atLimit = 'cut' } = limits;
          if (sent > limit) return;
          sent += part.length;
          passed[way] += part.length;
          if (!to.write(form(part))) {
            from.pause();
            to.once('drain', () => from.resume());
          }
          if (sent > limit && atLimit === 'cut') client.destroy();
        });
        from.on('close', () => to.destroy()).on('error', () => undefined);
      };
      // To the node under its own name.
      pass(client, upstream, 'up', (part) =>
        /^[A-Z]+ \//.test(part.toString('latin1', 0, 16))
          ? Buffer.from(part.toString('latin1').replace(/^host: .*$/im, `Host: ${host}`), 'latin1')
          : part,
      );
      pass(upstream, client, 'down');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port: own } = server.address() as AddressInfo;
    return {
      ...{ passed, env: { DFS_URL: `http://127.0.0.1:${own}`, DFS_KEY: a.token } },
      set: (next: Limits): void => {
        limits = next;
        Object.assign(passed, { up: 0, down: 0 });
      },
      close: () => server.close(),
    };
  };

  it('stores a directory and fetches it again, with times and modes', async () => {
    await mkdir(dir.file('photos/2026'), { recursive: true });
    const files = {
      'photos/a.txt': Buffer.from('small'),
      'photos/empty': Buffer.alloc(0),
      'photos/2026/ä b.bin': random.bytes(3 * MiB),
      'photos/run.sh': Buffer.from('#!/bin/sh\n'),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(dir.file(name), bytes, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
      await utimes(dir.file(name), 1_700_000_000, 1_700_000_000);
    }
    const put = await dfs(['put', 'photos']);
    expect(put).toMatchObject({ code: 0, out: expect.stringMatching(/^4 files stored, 3\.0 MiB in /) });
    // No progress in a pipe.
    expect(put.err).toBe('');
    expect((await paths('photos')).sort()).toEqual([
      'photos/2026/ä b.bin',
      'photos/a.txt',
      'photos/empty',
      'photos/run.sh',
    ]);
    expect((await listed(a, 'photos/run.sh')).executable).toBe(true);

    expect(await dfs(['get', 'photos', 'back'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^4 files fetched/),
    });
    for (const [name, bytes] of Object.entries(files)) {
      const back = dir.file(name.replace('photos/', 'back/'));
      expect(Buffer.compare(await readFile(back), bytes)).toBe(0);
      const { mtimeMs, mode } = await stat(back);
      expect([mtimeMs, (mode & 0o100) !== 0]).toEqual([1_700_000_000_000, name.endsWith('.sh')]);
    }
    // A file that is there is not replaced unasked.
    const again = await dfs(['get', 'photos/a.txt', 'back/']);
    expect(again).toMatchObject({ code: 5, err: expect.stringMatching(/exists on this machine: --force/) });
    expect((await dfs(['get', 'photos/a.txt', 'back/', '--force'])).code).toBe(0);
  });

  it('goes on with a download that was cut, by itself and after it was killed', async () => {
    const bytes = random.bytes(24 * MiB);
    await a.put('cut/large.bin', bytes);
    const between = await proxy({ down: 6 * MiB });
    const { env } = between;
    try {
      // Several times, each time a little further; what was under way when it was cut comes again.
      expect(await dfs(['get', 'cut/large.bin', 'whole.bin'], { env })).toMatchObject({ code: 0 });
      expect(Buffer.compare(await readFile(dir.file('whole.bin')), bytes)).toBe(0);
      expect(between.passed.down).toBeLessThan(1.5 * bytes.length);

      between.set({ down: 16 * MiB, atLimit: 'stall' });
      const killed = dfs(['get', 'cut/large.bin', 'again.bin'], { env });
      const parts = async () => (await readdir(dir.path)).filter((name) => name.endsWith('.dfs-part'));
      await eventually(async () => {
        const [name] = await parts();
        return name !== undefined && (await stat(dir.file(name))).size > 12 * MiB;
      });
      killed.child.kill('SIGKILL');
      await killed;
      const [left = ''] = await parts();
      // Bytes that do not prove to be of the file are fetched anew.
      const part = await readFile(dir.file(left));
      part[10 * MiB] = (part[10 * MiB] ?? 0) ^ 1;
      await writeFile(dir.file(left), part);
      between.set({});
      expect(await dfs(['get', 'cut/large.bin', 'again.bin'], { env })).toMatchObject({ code: 0 });
      expect(Buffer.compare(await readFile(dir.file('again.bin')), bytes)).toBe(0);
      const { down } = between.passed;
      expect([down > 12 * MiB, down < 20 * MiB]).toEqual([true, true]);
      expect(await parts()).toEqual([]);
    } finally {
      between.close();
    }
  });

  it('goes on with an upload of a large file that was cut or killed', async () => {
    const bytes = random.bytes(72 * MiB);
    await writeFile(dir.file('large.bin'), bytes);
    const between = await proxy({ up: 40 * MiB });
    const env = { ...between.env, HOME: dir.file('home') };
    try {
      expect(await dfs(['put', 'large.bin', 'parts/cut.bin'], { env })).toMatchObject({ code: 0 });
      expect(between.passed.up).toBeLessThan(1.5 * bytes.length);
      between.set({ up: 40 * MiB, atLimit: 'stall' });
      const killed = dfs(['put', 'large.bin', 'parts/killed.bin'], { env });
      await eventually(() => between.passed.up > 36 * MiB);
      killed.child.kill('SIGKILL');
      await killed;
      between.set({});
      expect(await dfs(['put', 'large.bin', 'parts/killed.bin'], { env })).toMatchObject({ code: 0 });
      expect(between.passed.up).toBeLessThan(60 * MiB);
      for (const name of ['cut', 'killed']) {
        const file = await listed(a, `parts/${name}.bin`);
        expect(await contentHash(a, file)).toBe(await sha256Hex(bytes));
      }
      // The same bytes of another time: known by their chunks, where no digest was announced.
      await mkdir(dir.file('synced'));
      await writeFile(dir.file('synced/cut.bin'), bytes);
      const sync = await dfs(['sync', 'synced', 'parts', '--dry-run'], { env });
      expect(sync.out).toMatch(/^0 to send, 0 to delete, 1 the same/);
    } finally {
      between.close();
    }
  });

  (isLong ? it : it.skip)('lists, syncs, moves and deletes ten thousand files with little memory', async () => {
    const count = 10_000;
    for (let from = 0; from < count; from += 1000) {
      const folder = dir.file(`many/${from}`);
      await mkdir(folder, { recursive: true });
      for (let n = from; n < from + 1000; n++) await writeFile(join(folder, `${n}.txt`), String(n));
    }
    // Of JavaScript's heap, in MiB: what goes beyond it ends the program.
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const does = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await dfs(args, { env });
      expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
      return out;
    };
    expect(await does('sync', 'many', 'ten')).toMatch(/^10000 sent/);
    expect(await does('sync', 'many', 'ten')).toMatch(/^0 sent.*10000 the same/);
    expect((await does('ls', '-r', 'ten')).split('\n').filter((line) => line.endsWith('.txt'))).toHaveLength(count);
    expect(await does('mv', 'ten', 'moved')).toMatch(/^10000 files moved/);
    await eventually(async () => (await a.json<FileList>('/files?prefix=moved/&limit=1')).total === count, {
      deadline: 120_000,
    });
    expect(await does('rm', '-r', '--confirm', 'moved')).toMatch(/^10000 files deleted/);
  });

  it('streams by the pipe, both ways', async () => {
    const bytes = random.bytes(2 * MiB);
    expect((await dfs(['put', '-', 'pipe/x.bin'], { input: bytes })).code).toBe(0);
    const file = await listed(a, 'pipe/x.bin');
    expect(file.size).toBe(bytes.length);
    const { child, ...rest } = dfs(['get', 'pipe/x.bin', '-']);
    expect(rest).toBeDefined();
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: string) => parts.push(Buffer.from(part, 'latin1')));
    await new Promise((done) => child.on('close', done));
    expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
  });

  it('moves, copies, deletes and restores files and folders', async () => {
    await a.put('acts/one.txt', 'one');
    await a.put('acts/in/two.txt', 'two');
    expect((await dfs(['mv', 'acts/one.txt', 'acts/in/'])).out).toBe('acts/one.txt moved to acts/in/one.txt\n');
    expect((await dfs(['cp', 'acts/in', 'acts/copy'])).code).toBe(0);
    expect((await paths('acts')).sort()).toEqual([
      'acts/copy/one.txt',
      'acts/copy/two.txt',
      'acts/in/one.txt',
      'acts/in/two.txt',
    ]);
    expect(await dfs(['rm', 'acts/copy'])).toMatchObject({ code: 4, err: expect.stringMatching(/deleted with -r/) });
    const { act } = await json<{ act: string }>('rm', '-r', 'acts/copy');
    expect(await paths('acts')).toHaveLength(2);
    expect((await dfs(['restore', 'acts/copy/', '--act', act])).code).toBe(0);
    expect(await paths('acts')).toHaveLength(4);

    expect((await dfs(['rm', 'acts/in/two.txt'])).code).toBe(0);
    expect((await dfs(['restore', 'acts/in/two.txt'])).out).toMatch(/^acts\/in\/two\.txt restored, 3 B/);
    await a.put('acts/in/two.txt', 'second');
    const { items } = await json<{ items: { version: string; size: number }[] }>('versions', 'acts/in/two.txt');
    const old = items.find(({ size }) => size === 3);
    expect((await dfs(['restore', 'acts/in/two.txt', old?.version ?? ''])).code).toBe(0);
    expect((await listed(a, 'acts/in/two.txt')).size).toBe(3);
    expect((await dfs(['mv', 'acts/in/one.txt', 'acts/in/two.txt'])).code).toBe(5);
  });

  it('syncs one way, and moves nothing the second time', async () => {
    await mkdir(dir.file('docs/in'), { recursive: true });
    for (const [name, text] of Object.entries({ 'docs/a': 'a', 'docs/in/b': 'b', 'docs/skip.log': 'x' })) {
      await writeFile(dir.file(name), text);
    }
    await writeFile(dir.file('docs/big'), random.bytes(2 * MiB));
    const sync = (...more: string[]) =>
      json<{ sent?: string[]; send?: string[]; delete?: string[]; deleted?: string[]; same: number }>(
        ...['sync', 'docs', 'docs', '--exclude', '*.log', ...more],
      );
    expect((await sync('--dry-run')).send?.sort()).toEqual(['docs/a', 'docs/big', 'docs/in/b']);
    expect(await paths('')).not.toContain('docs/a');
    expect((await sync()).sent).toHaveLength(3);
    expect(await sync()).toMatchObject({ sent: [], deleted: [], same: 3 });
    // Touched, with the same bytes: known by the digest.
    await utimes(dir.file('docs/big'), 1_700_000_000, 1_700_000_000);
    await utimes(dir.file('docs/a'), 1_700_000_000, 1_700_000_000);
    expect(await sync()).toMatchObject({ sent: [], same: 3 });
    await writeFile(dir.file('docs/a'), 'changed');
    await a.put('docs/gone', 'gone');
    await a.put('docs/kept.log', 'kept');
    expect(await sync('--delete', '--dry-run')).toMatchObject({ send: ['docs/a'], delete: ['docs/gone'] });
    expect(await sync('--delete')).toMatchObject({ sent: ['docs/a'], deleted: ['docs/gone'] });
    expect((await paths('docs')).sort()).toEqual(['docs/a', 'docs/big', 'docs/in/b', 'docs/kept.log']);
  });

  it('tells about node, members and events, and makes tickets', async () => {
    expect((await dfs(['status'])).out).toMatch(/^node +a, 12D3/);
    expect((await dfs(['peers'])).code).toBe(0);
    expect((await dfs(['invite'])).out).toMatch(/^dfs1\S+\n$/);
    expect((await dfs(['conflicts'])).out).toBe('No file is in conflict.\n');
    const watching = dfs(['watch', '--json']);
    const told = () => watching.ended.out.split('\n').filter((line) => line.includes('"file.uploaded"'));
    let n = 0;
    // It begins with what comes after it has looked.
    await eventually(async () => {
      await a.put(`watched/${n++}`, 'x');
      return told().length > 0;
    });
    expect((JSON.parse(told()[0] ?? '') as { data: { files: FileInfo[] } }).data.files[0]?.path).toMatch(/^watched\//);
    watching.child.kill('SIGINT');
    expect((await watching).code).toBe(130);
  });

  it('makes keys that open as much as they say, and ends them', async () => {
    await a.put('keyed/in.txt', 'in');
    await a.put('outside.txt', 'out');
    const { id, token } = await json<{ id: string; token: string }>('key', 'add', 'test', '--folder', 'keyed');
    const env = { DFS_URL: a.url, DFS_KEY: token };
    expect((await dfs(['get', 'keyed/in.txt', '-'], { env })).out).toBe('in');
    expect(await dfs(['get', 'outside.txt', '-'], { env })).toMatchObject({ code: 4, out: '' });
    expect(await dfs(['rm', 'keyed/in.txt'], { env })).toMatchObject({ code: 6 });
    const used = new RegExp(`^${id} .* used .* test$`, 'm');
    await eventually(async () => used.test((await dfs(['key', 'ls'])).out), { what: 'the key is told as used' });
    expect((await dfs(['key', 'rm', id])).code).toBe(0);
    expect(await dfs(['ls', 'keyed'], { env })).toMatchObject({ code: 6 });
  });

  it('does what every example of docs/cli.md says', async () => {
    const text = await readFile(join(DOCS, 'cli.md'), 'utf8');
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
    expect(blocks.length).toBeGreaterThan(4);
    for (const name of ['Pictures', 'Documents']) await mkdir(dir.file(`docs-home/${name}`), { recursive: true });
    for (const name of ['report.pdf', 'a.jpg', 'b.jpg', 'Pictures/c.jpg'])
      await writeFile(dir.file(`docs-home/${name}`), name);
    const script = ['set -e -o pipefail', `dfs() { "${process.execPath}" "${DFS}" "$@"; }`, ...blocks].join('\n');
    const { PATH = '' } = process.env;
    const shell = spawn('bash', ['-c', script], { cwd: dir.file('docs-home'), env: { PATH, DFS_DATA_DIR: a.dataDir } });
    let told = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (part: Buffer) => (told += part.toString()));
    const code = await new Promise((done) => shell.on('close', done));
    expect({ code, told }).toEqual({ code: 0, told: expect.any(String) });
    expect(await readFile(dir.file('docs-home/fetched.jpg'), 'utf8')).toBe('a.jpg');
    expect(await readFile(dir.file('docs-home/back/c.jpg'), 'utf8')).toBe('Pictures/c.jpg');
  });

  it('runs beside what deploy/ asks Prometheus for: metrics that a node has', async () => {
    const answer = await fetch(`${a.url}/metrics`, { headers: { authorization: `Bearer ${a.token}` } });
    const known = new Set([...(await answer.text()).matchAll(/^# HELP (\w+)/gm)].map(([, name]) => name));
    const files = ['grafana/dfs.json', 'prometheus/dfs.rules.yml'];
    const texts = await Promise.all(files.map((file) => readFile(join(DEPLOY, file), 'utf8')));
    const asked = [...texts.join('\n').matchAll(/\bdfs_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  it('says in one sentence what is wrong, and ends with a code of its own', async () => {
    const cases: [string[], number, RegExp, Record<string, string>?][] = [
      [['get', 'nothing'], 4, /^dfs: nothing: there is no such file or folder in the network\.\n$/],
      [['put', 'nothing'], 1, /^dfs: nothing: there is no such file or directory on this machine\.\n$/],
      [['put', 'photos/a.txt', 'a//b'], 1, /a\/\/b/],
      [
        ['ls', '--url', 'http://127.0.0.1:1', '--key', 'x'],
        3,
        /^dfs: The node at http:\/\/127\.0\.0\.1:1\/ does not answer/,
      ],
      [['ls', '--key', 'a-wrong-token'], 6, /^dfs: /],
      [['ls', '--url', a.url], 2, /Give the key/],
      [['ls', '--data-dir', 'nowhere'], 3, /No node runs on the data directory/, { DFS_DATA_DIR: '' }],
      [['nonsense'], 2, /unknown command/],
      [['ls', '--nonsense'], 2, /unknown option/],
    ];
    for (const [args, code, text, env = {}] of cases) {
      expect(await dfs(args, { env })).toMatchObject({ code, out: '', err: expect.stringMatching(text) });
    }
    // Some of many.
    await writeFile(dir.file('photos/bad\u0001name'), 'x');
    const partly = await dfs(['put', 'photos', 'partly']);
    expect(partly).toMatchObject({ code: 7, out: expect.stringMatching(/^4 files stored/) });
    expect(partly.err).toMatch(/bad/);
  });

  it('has help with an example for each command, and completion', async () => {
    const { out } = await dfs(['--help']);
    const commands = out.slice(out.indexOf('Commands:'), out.indexOf('Exit codes:'));
    const names = [...commands.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name ?? '');
    expect(names).toEqual(expect.arrayContaining(['put', 'get', 'ls', 'rm', 'mv', 'sync', 'watch', 'status']));
    for (const name of names.filter((each) => each !== 'help')) {
      expect([name, (await dfs([name, '--help'])).out]).toEqual([
        name,
        expect.stringMatching(/Examples?:\n {2}(source <\()?dfs |\| dfs/),
      ]);
    }
    expect((await dfs(['completion', 'bash'])).out).toContain('complete -o filenames -F _dfs dfs');
    expect((await dfs(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
