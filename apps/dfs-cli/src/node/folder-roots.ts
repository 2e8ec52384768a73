import { constants } from 'node:fs';
import { chown, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Failure } from '../output/failure.js';

/** Beside the node's database: directories that a person at this machine has allowed live folders in, one a line. */
const FILE = 'folder-roots';
/** For the node's own user alone. */
const MODE = 0o600;

/**
 * Allows live folders in a directory outside of the usual ones, on the machine of the node itself.
 * @param root whole and resolved
 * @returns whether this has added it; it may stand there already
 * @throws Failure where its name cannot stand in a line
 */
export async function allowRoot(dataDir: string, root: string): Promise<boolean> {
  if (/[\r\n]/.test(root))
    throw new Failure('A directory with a line break in its name cannot be allowed.', EXIT.usage);
  const file = join(dataDir, FILE);
  const text = await read(file);
  if (text.split('\n').includes(root)) return false;
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0 } = constants;
  const handle = await open(file, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, MODE);
  try {
    await handle.chmod(MODE);
    await handle.appendFile(`${text === '' || text.endsWith('\n') ? '' : '\n'}${root}\n`);
  } finally {
    await handle.close();
  }
  await forNode(dataDir, file);
  return true;
}

/** Takes the directory out again; nothing happens where it is not listed. */
export async function disallowRoot(dataDir: string, root: string): Promise<void> {
  const file = join(dataDir, FILE);
  const lines = (await read(file)).split('\n');
  if (!lines.includes(root)) return;
  const draft = `${file}.tmp`;
  await writeFile(draft, lines.filter((line) => line !== root).join('\n'), { mode: MODE });
  await forNode(dataDir, draft);
  await rename(draft, file);
}

/** The administrator of the machine leaves no file that the node's own user cannot read. */
async function forNode(dataDir: string, file: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(dataDir);
  await chown(file, uid, gid);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
