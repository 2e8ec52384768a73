import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below those that a system gives to connections, and above those of usual services. */
const [LOWEST, HIGHEST] = [12_000, 32_000];
/** A file for each port that a test has claimed, with the id of its process. */
const CLAIMS = join(tmpdir(), 'dfs-test-ports');

/** A port of this machine that stays with one test, also while nothing listens at it. */
export interface ClaimedPort {
  readonly port: number;
  /** Others may claim it from now on. */
  release(): Promise<void>;
}

/**
 * Claims a port that nobody else has: no test of another process, and no program that listens. The system gives it to
 * nobody in the meantime, as it might give a free port that was found by asking for any.
 */
export async function claimPort(): Promise<ClaimedPort> {
  await mkdir(CLAIMS, { recursive: true });
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const claim = join(CLAIMS, String(port));
    if (!(await isClaimed(claim))) continue;
    const release = (): Promise<void> => rm(claim, { force: true });
    if (await isFree(port)) return { port, release };
    await release();
  }
}

/** Claims what a file stands for, for this process; the claim of a process which is no more goes. @returns whether it is this process's now */
export async function isClaimed(claim: string): Promise<boolean> {
  const file = await open(claim, 'wx').catch(() => undefined);
  if (file === undefined) {
    const owner = Number(await readFile(claim, 'utf8').catch(() => ''));
    if (owner > 0 && !isRunning(owner)) await rm(claim, { force: true });
    return false;
  }
  await file.writeFile(String(process.pid));
  await file.close();
  return true;
}

/** Whether a process of this machine runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, () => server.close(() => done(true)));
  });
}
