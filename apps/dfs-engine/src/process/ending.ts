import { setTimeout as delay } from 'node:timers/promises';
import { second } from '@dfs/runtime';

/** How Node names a call on a file that has not come back. */
const FILE_CALL = /^FSReq/;
/** Such a call is waited for so long. */
const PATIENCE = 1 * second;
const POLL = 20;

/** Waits a moment for calls on files that are under way. @returns whether all came back */
export async function filesAreQuiet(patience: number = PATIENCE): Promise<boolean> {
  const deadline = performance.now() + patience;
  while (process.getActiveResourcesInfo().some((kind) => FILE_CALL.test(kind))) {
    if (performance.now() > deadline) return false;
    await delay(POLL);
  }
  return true;
}

/**
 * Ends this process whatever hangs: at an exit Node waits for every call on a file that is under way, and with a disk that does
 * not answer it waits for ever. Nothing that is acknowledged depends on an exit in good order.
 */
export function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}
