import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import type { LiveFolderInfo } from '@dfs/client';
import { EXIT } from '../output/failure.js';
import { canAsk, confirmed } from '../output/question.js';
import { chosen, isWell } from '../node/live-folders.js';
import { runProgram } from '../program.js';
import { estimateText } from './folder-add.js';
import { meansAll, resumed } from './folder.js';
import type { Surroundings } from './context.js';

const folder = (of: Partial<LiveFolderInfo>): LiveFolderInfo => ({
  ...{ id: 'id-1', name: 'photos', root: '/home/me/DFS/photos', prefix: 'photos', mode: 'both', ignore: [] },
  ...{ paused: false, pausedUntil: null, state: 'up-to-date', reason: null, detail: null, files: 0, bytes: 0 },
  ...{ in: { files: 0, bytes: 0 }, out: { files: 0, bytes: 0 }, held: 0, issues: 0 },
  ...{ lastPassAt: null, boundAt: '2026-11-29T12:00:00.000Z' },
  ...of,
});

/** A terminal with somebody who types. */
function terminal(typed: string | null): { around: Surroundings; told: () => string } {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough();
  const stdout = new PassThrough();
  if (typed !== null) stdin.write(`${typed}\n`);
  else stdin.end();
  const around = {
    ...{ env: {}, stdin: stdin as unknown as NodeJS.ReadStream, stdout, stderr, isTerminal: true, exitCode: EXIT.ok },
    signal: new AbortController().signal,
  };
  return { around, told: () => [stderr.read(), stdout.read()].map((part) => String(part ?? '')).join('') };
}

describe('dfs folder', () => {
  it('names one folder by its id, directory or name', () => {
    const two = folder({ id: 'id-2', name: 'docs', root: '/mnt/docs' });
    const all = [folder({}), two];
    for (const typed of ['id-2', 'docs', '/mnt/docs']) expect(chosen(all, typed, typed)).toBe(two);
    expect(chosen(all, './docs', '/mnt/docs')).toBe(two);
    // A folder that is called like the id of another.
    expect(chosen([folder({ name: 'id-2' }), two], 'id-2', 'id-2')).toBe(two);
    expect(() => chosen(all, 'music', '/music')).toThrow(expect.objectContaining({ exitCode: EXIT.notFound }));
    const twins = [folder({}), folder({ id: 'id-2', root: '/mnt/photos' })];
    expect(() => chosen(twins, 'photos', '/x')).toThrow(expect.objectContaining({ exitCode: EXIT.conflict }));
    expect(() => chosen(twins, 'photos', '/x')).toThrow('id-1, id-2');
  });

  it('knows which folders somebody has to look after', () => {
    for (const state of ['scanning', 'up-to-date', 'syncing'] as const) {
      expect(isWell({ state, reason: null, held: 0 })).toBe(true);
      expect(isWell({ state, reason: null, held: 1 })).toBe(false);
    }
    for (const reason of ['asked', 'not-synced'] as const)
      expect(isWell({ state: 'paused', reason, held: 0 })).toBe(true);
    expect(isWell({ state: 'paused', reason: 'asked', held: 1 })).toBe(false);
    expect(isWell({ state: 'paused', reason: 'marker-missing', held: 0 })).toBe(false);
    for (const state of ['held', 'error'] as const) expect(isWell({ state, reason: null, held: 0 })).toBe(false);
  });

  it('tells what binding comes to', () => {
    const none = { files: 0, bytes: 0, directories: 0, diskCost: 0, others: 0, unknown: [] };
    const ignored = { files: 0, bytes: 0, examples: [] };
    const network = { files: 0, bytes: 0 };
    expect(estimateText({ ...none, ignored, network }).split('\n')).toHaveLength(3);
    const lines = estimateText({
      ...{ files: 3, bytes: 2048, directories: 1, diskCost: 2048, others: 4, unknown: ['locked'] },
      ...{ ignored: { files: 9, bytes: 10, examples: ['a~', 'b\u001b', 'c~', 'd~'] }, network: { files: 1, bytes: 1 } },
    }).split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^in the directory +3 files, 2\.0 KiB$/),
      expect.stringMatching(/^in the network +1 files, 1 B$/),
      expect.stringMatching(/^room +up to 2\.0 KiB more: .* twice on the disk$/),
      expect.stringMatching(/^left out +9 files, 10 B, such as a~, b\\u001b, c~$/),
      expect.stringMatching(/^left alone +4 links, sockets, pipes and devices$/),
      expect.stringMatching(/^not readable +1 directories, such as locked$/),
    ]);
  });

  it('asks what to do where the prefix is gone', () => {
    const gone = folder({ state: 'paused', reason: 'prefix-gone', movedTo: 'albums/2026' });
    expect(() => resumed(gone, {})).toThrow('--follow (to albums/2026/), or --empty');
    expect(() => resumed({ ...gone, movedTo: null }, {})).not.toThrow('--follow');
    expect(resumed(gone, { follow: true })).toEqual({ paused: false, prefixGone: 'follow' });
    expect(resumed(gone, { empty: true })).toEqual({ paused: false, prefixGone: 'empty' });
    expect(resumed(folder({ paused: true }), {})).toEqual({ paused: false });
  });

  it('pauses one, or all', () => {
    expect([meansAll('photos', undefined), meansAll(undefined, true)]).toEqual([false, true]);
    for (const [typed, all] of [
      ['photos', true],
      [undefined, undefined],
    ] as const)
      expect(() => meansAll(typed, all)).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });

  it('goes on only with a yes', async () => {
    for (const typed of ['y', 'Yes', ' yes ']) {
      const { around, told } = terminal(typed);
      await confirmed(around, 'Bind it?', 'Nothing was bound.');
      expect(told()).toContain('Bind it? [y/N] ');
    }
    for (const typed of ['', 'n', 'yesterday', null]) {
      const { around } = terminal(typed);
      await expect(confirmed(around, 'Bind it?', 'Nothing was bound.')).rejects.toThrow('Nothing was bound.');
    }
    const { around } = terminal('y');
    expect([canAsk(around), canAsk({ ...around, isTerminal: false })]).toEqual([true, false]);
  });

  it('is completed down to its commands and their options', async () => {
    const { around } = terminal('');
    let script = '';
    around.stdout.on('data', (part: Buffer) => (script += part.toString()));
    expect(await runProgram(['completion', 'bash'], around, '1.0.0')).toBe(EXIT.ok);
    const completed = async (...words: string[]): Promise<string[]> => {
      const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _dfs`;
      const { stdout } = await promisify(execFile)('bash', ['-c', `${script}\n${line}; echo "\${COMPREPLY[@]}"`]);
      return stdout.trim().split(' ');
    };
    expect(await completed('dfs', 'fol')).toEqual(['folder']);
    expect(await completed('dfs', 'folder', 're')).toEqual(['resume', 'relink']);
    expect(await completed('dfs', 'folder', 'trash', '')).toEqual(['ls', 'restore', 'empty']);
    expect(await completed('dfs', 'folder', 'add', '/x', '--m')).toEqual(['--mode']);
    expect(await completed('dfs', 'folder', 'trash', 'empty', 'photos', '--y')).toEqual(['--yes']);
    expect(await completed('dfs', 'put', '--u')).toEqual(['--url']);
  });
});
