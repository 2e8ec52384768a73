import { createServer, type AddressInfo } from 'node:net';
import { startEngine, type Engine } from '@dfs/testing';

/** A port that is free now, for an engine that must come back under the same address. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** An engine whose console keeps its address over restarts. */
export async function startEngineAtFixedPort(name: string): Promise<Engine> {
  return startEngine({ name, env: { DFS_HTTP_PORT: String(await freePort()) } });
}
