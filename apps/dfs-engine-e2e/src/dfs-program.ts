import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileList } from '@dfs/contracts';

/** The built command line. */
export const DFS = resolve(fileURLToPath(new URL('../../dfs-cli/dist/bundle/main.js', import.meta.url)));

/** How a run of `dfs` ended, or what it has printed so far. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}
/** A run of `dfs`: its end, and the process meanwhile. */
export type Running = Promise<Ended> & { child: ChildProcessWithoutNullStreams; ended: Ended };

/**
 * `dfs` in a directory, with a node that it finds by its data directory.
 * @param where asked at each run
 */
export function dfsProgram(where: () => { cwd: string; dataDir: string }): {
  dfs(args: string[], options?: { input?: string | Uint8Array; env?: Record<string, string> }): Running;
  /** Its result by `--json`. @throws Error where it does not end with 0 */
  json<T>(...args: string[]): Promise<T>;
  /** Of all files beneath a folder. */
  paths(folder: string): Promise<string[]>;
} {
  const dfs = (
    args: string[],
    options: { input?: string | Uint8Array; env?: Record<string, string> } = {},
  ): Running => {
    const { PATH = '' } = process.env;
    const { cwd, dataDir } = where();
    const child = spawn(process.execPath, [DFS, ...args], {
      ...{ cwd, env: { PATH, DFS_DATA_DIR: dataDir, ...options.env } },
    });
    const ended: Ended = { code: null, out: '', err: '' };
    child.stdout.setEncoding('latin1').on('data', (text: string) => (ended.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.err += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
    const end = new Promise<Ended>((done) => {
      child.on('close', (code) => done({ ...ended, out: Buffer.from(ended.out, 'latin1').toString(), code }));
    });
    return Object.assign(end, { child, ended });
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, out, err } = await dfs([...args, '--json']);
    if (code !== 0) throw new Error(`dfs ${args.join(' ')}: ${code} ${err}`);
    return JSON.parse(out) as T;
  };
  const paths = async (folder: string): Promise<string[]> =>
    (await json<FileList>('ls', '-r', folder)).items.map(({ path }) => path);
  return { dfs, json, paths };
}
