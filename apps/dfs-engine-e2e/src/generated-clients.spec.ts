import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isLong, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';

const run = promisify(execFile);
const DOCUMENT = fileURLToPath(new URL('../../dfs-engine/openapi.json', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** Fetched by npx when the test runs, and by nothing else. */
const ORVAL = 'orval@8.38.0';
const [OPENAPI_TYPESCRIPT, OPENAPI_FETCH] = ['openapi-typescript@7.13.0', 'openapi-fetch@0.17.0'];

/** The same job for both, over functions of its own. */
const JOB = `
const bytes = new Blob(['the bytes of a file']);
const stored = await put('generated/a.txt', bytes);
if ((await get('generated/a.txt')) !== (await bytes.text())) throw new Error('other bytes came back');
const moved = await move(stored, 'generated/b.txt');
const listed = await list('generated/');
if (listed.join() !== 'generated/b.txt') throw new Error('listed: ' + listed.join());
const code = await remove('a'.repeat(26));
if (code !== 'file-not-found') throw new Error('code: ' + code);
if ((await remove(moved)) !== undefined) throw new Error('it was not deleted');
if ((await list('generated/')).length !== 0) throw new Error('it is still listed');
console.log('done');
`;

(isLong ? describe : describe.skip)('clients that other generators make of the document', () => {
  let engine: Engine;
  let dir: TempDir;
  beforeAll(async () => {
    engine = await startEngine({ name: 'generated' });
    dir = await tempDir('dfs-generated-');
    await copyFile(DOCUMENT, dir.file('openapi.json'));
    await writeFile(dir.file('package.json'), '{"type": "module", "private": true}');
  });
  afterAll(async () => {
    await engine.remove();
    await dir.remove();
  });

  /** Checks the types of a program, and runs it. */
  const runs = async (name: string, text: string): Promise<string> => {
    await writeFile(dir.file(name), text);
    const flags = '--noEmit --strict --skipLibCheck --target es2023 --lib es2023,dom,dom.iterable'.split(' ');
    const modules = '--module esnext --moduleResolution bundler --allowImportingTsExtensions'.split(' ');
    await run(process.execPath, [TSC, ...flags, ...modules, name], { cwd: dir.path }).catch(
      (error: Error & { stdout: string }) => {
        throw new Error(error.stdout);
      },
    );
    return (await run(process.execPath, [name], { cwd: dir.path, env: { ...process.env, KEY: engine.token } })).stdout;
  };

  it('orval', async () => {
    const output = { target: './orval.ts', client: 'fetch', mode: 'single', baseUrl: engine.url };
    const config = { dfs: { input: './openapi.json', output } };
    await writeFile(dir.file('orval.config.mjs'), `export default ${JSON.stringify(config)};`);
    await run('npx', ['--yes', ORVAL, '--config', 'orval.config.mjs'], { cwd: dir.path });
    const program = `
import { deleteFile, getContentByPath, listFiles, moveFile, putFile } from './orval.ts';
const env = (globalThis as unknown as { process: { env: Record<string, string> } }).process.env;
const headers = { Authorization: 'Bearer ' + env['KEY'] };
const put = async (path: string, body: Blob): Promise<string> => {
  const answer = await putFile(body, { path }, { headers });
  if (answer.status !== 201) throw new Error(String(answer.status));
  return answer.data.id;
};
const get = async (path: string): Promise<string> => {
  const answer = await getContentByPath({ path }, { headers });
  if (answer.status !== 200) throw new Error(String(answer.status));
  return answer.data.text();
};
const move = async (id: string, path: string): Promise<string> => {
  const answer = await moveFile(id, { path }, { headers });
  if (answer.status !== 201) throw new Error(String(answer.status));
  return answer.data.id;
};
const list = async (prefix: string): Promise<string[]> => {
  const answer = await listFiles({ prefix }, { headers });
  if (answer.status !== 200) throw new Error(String(answer.status));
  return answer.data.items.map(({ path }) => path);
};
const remove = async (id: string): Promise<string | undefined> => {
  const answer = await deleteFile(id, {}, { headers });
  return answer.status === 204 ? undefined : answer.data.code;
};
${JOB}`;
    expect(await runs('with-orval.ts', program)).toBe('done\n');
  });

  it('openapi-typescript, with openapi-fetch', async () => {
    const cwd = dir.path;
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-save', OPENAPI_FETCH], { cwd });
    const typescript = `typescript@5.9.3`;
    const words = [
      '--yes',
      '-p',
      OPENAPI_TYPESCRIPT,
      '-p',
      typescript,
      'openapi-typescript',
      'openapi.json',
      '-o',
      'dfs.ts',
    ];
    await run('npx', words, { cwd });
    const program = `
import createClient from 'openapi-fetch';
import type { paths } from './dfs.ts';
const env = (globalThis as unknown as { process: { env: Record<string, string> } }).process.env;
const client = createClient<paths>({
  baseUrl: '${engine.url}',
  headers: { Authorization: 'Bearer ' + env['KEY'] },
});
const put = async (path: string, bytes: Blob): Promise<string> => {
  const params = { query: { path } };
  const body = (await bytes.text()) as string & Blob;
  const { data, error } = await client.PUT('/api/v1/files/content', { params, body, bodySerializer: (text) => text });
  if (!data) throw new Error(error.detail);
  return data.id;
};
const get = async (path: string): Promise<string> => {
  const { data } = await client.GET('/api/v1/files/content', { params: { query: { path } }, parseAs: 'text' });
  return data ?? '';
};
const move = async (fileId: string, path: string): Promise<string> => {
  const { data, error } = await client.POST('/api/v1/files/{fileId}/move', { params: { path: { fileId } }, body: { path } });
  if (!data) throw new Error(error.detail);
  return data.id;
};
const list = async (prefix: string): Promise<string[]> => {
  const { data } = await client.GET('/api/v1/files', { params: { query: { prefix } } });
  return (data?.items ?? []).map(({ path }) => path);
};
const remove = async (fileId: string): Promise<string | undefined> => {
  const { error } = await client.DELETE('/api/v1/files/{fileId}', { params: { path: { fileId } } });
  return error?.code;
};
${JOB}`;
    expect(await runs('with-openapi-fetch.ts', program)).toBe('done\n');
  });
});
