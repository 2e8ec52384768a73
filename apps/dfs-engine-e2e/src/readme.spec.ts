import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeInfo } from '@dfs/contracts';
import { startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';

const ROOT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const DFS = join(ROOT, 'apps/dfs-cli/dist/bundle/main.js');
/** Commands of a shell with the same name as ours stand in no example. */
const NAMED = /\bdfs (?!node\b|ready\b)([a-z][a-z-]*)((?: +--?[a-z][a-z-]*)*)/g;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe('the examples of README and docs', () => {
  let engine: Engine;
  let dir: TempDir;
  beforeAll(async () => {
    engine = await startEngine({ name: 'readme' });
    dir = await tempDir('dfs-readme-');
    await symlink(engine.dataDir, dir.file('data'));
    await mkdir(dir.file('out'));
    for (const name of ['photo.jpg', 'a.txt', 'b.txt']) await writeFile(dir.file(name), `the bytes of ${name}`);
  });
  afterAll(async () => {
    await engine.remove();
    await dir.remove();
  });

  const run = (program: string, args: string[]): Promise<Ended> =>
    new Promise((done) => {
      const { PATH = '' } = process.env;
      const child = spawn(program, args, { cwd: dir.path, env: { PATH, DFS_DATA_DIR: engine.dataDir } });
      const ended = { out: '', err: '' };
      child.stdout.on('data', (part: Buffer) => (ended.out += part.toString()));
      child.stderr.on('data', (part: Buffer) => (ended.err += part.toString()));
      child.on('close', (code) => done({ code, ...ended }));
    });
  const blocks = (text: string): string[] =>
    [...text.matchAll(/^ *```[a-z]*\n(.*?)^ *```$/gms)].map(([, block]) => block ?? '');

  it('by curl do what they say', async () => {
    const all = blocks(await readFile(join(ROOT, 'README.md'), 'utf8')).filter((block) => /^ *curl /m.test(block));
    expect(all.length).toBe(3);
    const { peerId } = await engine.json<NodeInfo>('/node');
    const field = (name: string): string =>
      `$(command curl -s -H "Authorization: Bearer $TOKEN" "$API/files?path=photos/photo.jpg" | sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/')`;
    const script = [
      // Answers go where the example says; what status each had is told beside them.
      `curl() { command curl -sS -w '%{stderr}%{http_code} %{method} %{url}\\n' "$@"; }`,
      ...all,
    ]
      .join('\n')
      .replaceAll('http://127.0.0.1:3000', engine.url)
      .replace('ID=…', () => `ID=${field('id')}`)
      .replace('VERSION=…', () => `VERSION=${field('version')}`)
      .replace('12D3…', peerId);
    const { code, err } = await run('bash', ['-e', '-o', 'pipefail', '-c', script]);
    const statuses = [...err.matchAll(/^(\d{3}) ([A-Z]+) (\S+)$/gm)].map(([, status, method, url]) => ({
      status: Number(status),
      what: `${method} ${new URL(url ?? '').pathname.replace(/[0-9a-f]{64}|[a-z2-7]{26}/, ':id')}`,
    }));
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(statuses.length).toBeGreaterThan(20);
    // No node needs a return ticket for itself; the file was deleted with many; and no version is void here.
    expect(statuses.filter(({ status }) => status >= 300)).toEqual([
      { status: 409, what: 'POST /api/v1/network/return-tickets' },
      { status: 404, what: 'DELETE /api/v1/files/:id' },
      { status: 404, what: 'POST /api/v1/void-versions/:id/adopt' },
    ]);
  });

  it('name commands and options that dfs has', async () => {
    const pages = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
    const files = ['README.md', ...pages.map((name) => `docs/${name}`)];
    const texts = await Promise.all(files.map((name) => readFile(join(ROOT, name), 'utf8')));
    const code = texts.flatMap((text) => [
      ...blocks(text),
      ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span),
    ]);
    const named = new Map<string, Set<string>>();
    for (const [, command = '', options = ''] of code.join('\n').matchAll(NAMED)) {
      const known = named.get(command) ?? new Set();
      for (const option of options.match(/--[a-z-]+/g) ?? []) known.add(option);
      named.set(command, known);
    }
    expect(named.size).toBeGreaterThan(15);
    const help = (await run(process.execPath, [DFS, '--help'])).out;
    const commands = new Set([...help.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name));
    const missing: string[] = [];
    for (const [command, options] of named) {
      if (!commands.has(command)) {
        missing.push(command);
        continue;
      }
      const { out } = await run(process.execPath, [DFS, command, '--help']);
      for (const option of options) if (!`${out}${help}`.includes(option)) missing.push(`${command} ${option}`);
    }
    expect(missing).toEqual([]);
  });
});
