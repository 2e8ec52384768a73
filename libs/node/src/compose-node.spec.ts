import { catalogueMigrations } from '@dfs/catalogue';
import { ChunkStore, chunksEntities, chunksMigrations } from '@dfs/chunks';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { peersEntities, peersMigrations } from '@dfs/peers';
import { placementEntities, placementMigrations } from '@dfs/placement';
import { EMPTY_CONTENT, sha256, signerFromRaw } from '@dfs/protocol';
import { MiB, minute, silentLog, systemClock } from '@dfs/runtime';
import { eventually, tempDir, type TempDir, testDatabase } from '@dfs/testing';
import { MemoryNetwork } from '@dfs/transport';
import { composeNode, startSteps, stopSteps, type Step } from './compose-node.js';

const EMPTY = { kind: 'file', contentId: EMPTY_CONTENT, size: 0, mediaType: '' } as const;
const never = new AbortController().signal;

describe('a node', () => {
  const network = new MemoryNetwork();
  const open: { stop(): Promise<void> }[] = [];
  let dir: TempDir;
  beforeAll(async () => (dir = await tempDir()));
  afterAll(async () => {
    for (const node of open) await node.stop();
    await dir.remove();
  });

  const compose = async (name: string) => {
    const migrations = [
      ...[...eventsMigrations, ...chunksMigrations, ...peersMigrations],
      ...[...catalogueMigrations, ...placementMigrations],
    ];
    const entities = [...eventsEntities, ...chunksEntities, ...peersEntities, ...placementEntities];
    const db = await testDatabase({ file: dir.file(`${name}.sqlite`), migrations, entities });
    const chunks = await ChunkStore.open({ dir: dir.file(name), db, quotaBytes: 64 * MiB });
    const signer = signerFromRaw(sha256(Buffer.from(name)));
    const node = await composeNode({
      ...{ db, chunks, signer, clock: systemClock, log: silentLog },
      events: await EventLog.open(db),
      transport: network.node(signer),
      membership: { nodeName: name, founding: { replicas: 2, graceMs: minute, retentionMs: minute } },
      peers: { name, version: '0' },
    });
    await startSteps(node.steps, never);
    open.push({
      stop: async () => {
        await stopSteps(node.steps, silentLog);
        await chunks.close();
        await db.close();
      },
    });
    return { ...node, db };
  };

  it('is composed of layers that know each other, and of other nodes once they have started', async () => {
    const [one, other] = [await compose('one'), await compose('other')];
    await other.peers.join((await one.peers.invite({})).ticket);
    await one.db.write((tx) => one.catalogue.commit(tx, [{ ...EMPTY, path: 'a file' }]));
    await eventually(async () => (await other.catalogue.byPath('a file')) !== undefined);
    expect(one.steps.map(({ name }) => name)).toEqual([
      ...['catalogue', 'sleep watch', 'transport', 'placement', 'sync', 'peers', 'purge'],
    ]);
  });
});

describe('steps', () => {
  const told: string[] = [];
  const step = (name: string, fails?: 'start' | 'stop'): Step => ({
    name,
    start: async () => {
      if (fails === 'start') throw new Error(`${name} does not start`);
      told.push(`+${name}`);
    },
    stop: async () => {
      told.push(`-${name}`);
      if (fails === 'stop') throw new Error(`${name} does not stop`);
    },
  });

  it('start in order as far as they do, and what has started stops in the other order, whatever fails', async () => {
    const errors: object[] = [];
    const log = { ...silentLog, error: (facts: object) => void errors.push(facts) };
    const started: Step[] = [];
    const steps = [step('a'), step('b', 'stop'), step('c', 'start'), step('d')];
    await expect(startSteps(steps, never, (one) => started.push(one))).rejects.toThrow('c does not start');
    await stopSteps(started, log);
    expect(told).toEqual(['+a', '+b', '-b', '-a']);
    expect(errors).toMatchObject([{ step: 'b' }]);
  });
});
