import { createServer } from 'node:net';
import type { Config } from '../config.js';

/**
 * Faults of the hosts a node is told to listen at: names that cannot be found, addresses that are not of this
 * machine. Found before anything starts, since a data directory is opened long before the node listens.
 * @returns a sentence for each
 */
export async function hostProblems({ http, p2p }: Pick<Config, 'http' | 'p2p'>): Promise<string[]> {
  const hosts = [
    ['DFS_HTTP_HOST', http.host],
    ['DFS_P2P_HOST', p2p.host],
  ] as const;
  const problems: string[] = [];
  for (const [variable, host] of hosts) {
    const code = await failureAt(host);
    if (code === undefined) continue;
    problems.push(
      `${variable} must be an address of this machine, or a name of one, not ${JSON.stringify(host)} (${code}).`,
    );
  }
  return problems;
}

/** Listens there for a moment, at any port. */
async function failureAt(host: string): Promise<string | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
