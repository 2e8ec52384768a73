import { claimPort, startEngine, type Engine } from '@dfs/testing';

/** An engine whose console keeps its address over restarts; its end gives the port back. */
export async function startEngineAtFixedPort(name: string, env: Record<string, string> = {}): Promise<Engine> {
  const { port, release } = await claimPort();
  const engine = await startEngine({ name, env: { ...env, DFS_HTTP_PORT: String(port) } });
  const remove = engine.remove.bind(engine);
  engine.remove = async () => {
    await remove();
    await release();
  };
  return engine;
}
