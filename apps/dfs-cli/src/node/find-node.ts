import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EXIT, Failure } from '../output/failure.js';

/** Where a node answers, and by what it lets this program in. */
export interface NodeAddress {
  /** `http://HOST:PORT/`, with the node's base path if it has one. */
  readonly url: string;
  /** Token of the node, or one of its keys. */
  readonly key: string;
  /** Its data directory, where the node was found by it: the node runs on this machine. */
  readonly dataDir?: string;
}

/** The node to talk to, as a person has named it; flags win over the environment. */
export interface NodeChoice {
  url?: string;
  key?: string;
  dataDir?: string;
}

/**
 * The node to talk to: the one that is named by `--url` and `--key`, `DFS_URL` and `DFS_KEY`, else the one that runs on a
 * data directory of this machine, whose address and token are read there.
 * @throws Failure that says what is missing
 */
export async function findNode(choice: NodeChoice, env: NodeJS.ProcessEnv): Promise<NodeAddress> {
  const url = choice.url ?? env.DFS_URL;
  const key = choice.key ?? env.DFS_KEY;
  if (url !== undefined) {
    if (key === undefined) {
      throw new Failure(`Give the key of the node at ${url}: --key, or DFS_KEY.`, EXIT.usage);
    }
    return { url: baseUrl(url), key };
  }
  const dataDir = resolve(choice.dataDir ?? env.DFS_DATA_DIR ?? 'data');
  const address = await line(join(dataDir, 'http-address'));
  if (address === undefined) {
    throw new Failure(
      `No node runs on the data directory ${dataDir}: start one (dfs start), name another (--data-dir), or a node elsewhere (--url and --key).`,
      EXIT.unreachable,
    );
  }
  const token = key ?? env.DFS_API_TOKEN ?? (await line(join(dataDir, 'api-token')));
  if (token === undefined) {
    throw new Failure(`The token in ${dataDir} cannot be read by you: give a key with --key.`, EXIT.refused);
  }
  return { url: address, key: token, dataDir };
}

async function line(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function baseUrl(typed: string): string {
  // A link as the node prints it has the token behind it.
  const text = /^https?:\/\//.test(typed) ? typed : `http://${typed}`;
  if (!URL.canParse(text))
    throw new Failure(`--url: ${typed} is not an address such as http://127.0.0.1:3000.`, EXIT.usage);
  const url = new URL(text);
  url.hash = url.search = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.href;
}
