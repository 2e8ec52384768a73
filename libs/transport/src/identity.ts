import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DfsError, isOpenToOthers, syncFolder, type Platform } from '@dfs/runtime';
import { signerFromRaw, type Signer } from '@dfs/protocol';

/** The identity of a node: its Ed25519 key. */
export interface Identity {
  readonly signer: Signer;
  /** 32 bytes of seed: what is in the file. */
  readonly privateKeyRaw: Uint8Array;
}

const SEED_BYTES = 32;
const OWNER_ONLY = 0o600;
/** Windows has no such flag. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;

/**
 * The identity kept in `file`, made at first. The file holds the seed, nothing else, and is for its owner alone; on Windows
 * the folder says who may read it.
 * @throws DfsError `not-ready` when others may read it, or it is no seed. The detail names the file: it is meant for the
 * terminal of whoever starts the node.
 */
export async function loadIdentity(file: string, platform: Platform = process.platform): Promise<Identity> {
  const privateKeyRaw = (await readSeed(file, platform)) ?? (await createSeed(file, platform));
  return { privateKeyRaw, signer: signerFromRaw(privateKeyRaw) };
}

async function readSeed(file: string, platform: Platform): Promise<Uint8Array | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DfsError('not-ready', `The identity of this node, ${file}, cannot be read: check whom it belongs to.`, {
      cause: error,
    });
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      throw new DfsError(
        'not-ready',
        `The identity of this node, ${file}, is not a file: put a copy of the key there.`,
      );
    if (isOpenToOthers(stat.mode, platform)) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new DfsError(
        'not-ready',
        `The identity of this node can be read by others: ${file} has mode ${mode}. Run: chmod 600 ${file}`,
      );
    }
    const seed = await handle.readFile();
    if (seed.length !== SEED_BYTES) {
      throw new DfsError(
        'not-ready',
        `The identity of this node, ${file}, has ${seed.length} bytes instead of ${SEED_BYTES}: put back a copy of it. To start as a new node, choose an empty data directory.`,
      );
    }
    return seed;
  } finally {
    await handle.close();
  }
}

/** Whole or not at all, and never over another one: written beside its place, synced, then linked to its name. */
async function createSeed(file: string, platform: Platform): Promise<Uint8Array> {
  await mkdir(dirname(file), { recursive: true });
  const seed = randomBytes(SEED_BYTES);
  const temporary = `${file}.${randomUUID()}.tmp`;
  const handle = await open(temporary, 'wx', OWNER_ONLY);
  try {
    await handle.writeFile(seed);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const other = await readSeed(file, platform);
    if (other) return other;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(dirname(file), platform);
  return seed;
}
