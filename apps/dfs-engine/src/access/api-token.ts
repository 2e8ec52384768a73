import { randomBytes } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { DfsError, isOpenToOthers, moveFile, type Platform } from '@dfs/runtime';
import { isStrongToken } from './token-strength.js';

/** 256 bits. */
const TOKEN_BYTES = 32;

/**
 * The token of this node: the one given, else the one in the file, else a new one. The file always tells the one in
 * use, to its owner alone; on Windows the folder says who may read it.
 * @throws DfsError `not-ready` for a file that others can read, or that holds no token
 */
export async function loadApiToken(
  file: string,
  given?: string,
  platform: Platform = process.platform,
): Promise<string> {
  const kept = await readToken(file, platform);
  if (given !== undefined) {
    if (given !== kept) await writeToken(file, given);
    return given;
  }
  if (kept !== undefined) return kept;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await writeToken(file, token);
  return token;
}

async function readToken(file: string, platform: Platform): Promise<string | undefined> {
  const info = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!info) return undefined;
  if (isOpenToOthers(info.mode, platform)) {
    throw new DfsError('not-ready', `Others can read ${file}: chmod 600 it, or remove it to get a new token.`);
  }
  const token = (await readFile(file, 'utf8')).trim();
  if (isStrongToken(token)) return token;
  throw new DfsError('not-ready', `The token in ${file} is easy to guess: remove the file to get a new token.`);
}

async function writeToken(file: string, token: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(`${token}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await moveFile(fresh, file);
}
