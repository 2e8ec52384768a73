import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Health, NetworkInfo, Problem, ReturnTicketInfo } from '@dfs/contracts';
import { connected, eventually, removeAll, startEngine, startNetwork, type Engine } from '@dfs/testing';
import { at, bytesOf, listed } from './steps.js';

/** Where the database of a node that is stopped goes; nothing else of its directory does. */
async function moveDatabaseAway({ dataDir }: Engine, to: string): Promise<void> {
  const folder = join(dataDir, to);
  await mkdir(folder);
  const files = (await readdir(dataDir)).filter((name) => name.startsWith('dfs.sqlite'));
  expect(files).toContain('dfs.sqlite');
  for (const name of files) await rename(join(dataDir, name), join(folder, name));
}

const post = <T>(node: Engine, path: string, body: unknown): Promise<T> =>
  node.json<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const networkCheck = async (node: Engine): Promise<Health['checks'][number] | undefined> => {
  const health = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
  return health.checks.find(({ name }) => name === 'network');
};

describe('a node whose database was moved away', () => {
  let nodes: Engine[];
  let founder: Engine;
  let member: Engine;

  beforeAll(async () => {
    nodes = await startNetwork(2);
    founder = at(nodes, 0);
    member = at(nodes, 1);
  });
  afterAll(() => removeAll(nodes));

  const forks = async (node: Engine): Promise<string | undefined> => {
    const health = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
    return health.checks.find(({ name }) => name === 'chains')?.detail;
  };

  /** Waits until a node tells this of itself: a membership comes a moment after the connections. */
  const isAgain = (node: Engine, told: object): Promise<unknown> =>
    eventually(
      async () => {
        expect(await node.node()).toMatchObject(told);
        return true;
      },
      { what: `${node.name} with its membership` },
    );

  it('comes back without a ticket, with its files, and writes on', async () => {
    await listed(founder, (await member.put('mine/one.txt', 'the first')).path);
    const before = await member.node();
    await member.stop();
    await moveDatabaseAway(member, 'moved-1');
    await member.start();
    await connected(nodes);
    await isAgain(member, { peerId: before.peerId, network: { ...before.network } });
    const one = await listed(member, 'mine/one.txt');
    expect(String(await bytesOf(member, one))).toBe('the first');
    await member.put('mine/two.txt', 'the second');
    await listed(founder, 'mine/two.txt');
    for (const node of nodes) expect(await forks(node)).toMatch(/^Every member writes one chain/);
  });

  it('comes back as the only owner of its network, and invites again', async () => {
    await founder.put('owner.txt', 'of the owner');
    await listed(member, 'owner.txt');
    await founder.stop();
    await moveDatabaseAway(founder, 'moved-2');
    await founder.start();
    await connected(nodes);
    await isAgain(founder, { network: { role: 'owner', members: 2 } });
    await listed(founder, 'owner.txt');
    const third = await startEngine({ name: 'third', join: await founder.invite() });
    try {
      await listed(third, 'owner.txt');
      await founder.put('owner-again.txt', 'written after');
      await listed(member, 'owner-again.txt');
      const { peerId } = await third.node();
      const removal = await founder.fetch(`/peers/${peerId}?confirm=true`, { method: 'DELETE' });
      expect(removal.status).toBeLessThan(300);
      await isAgain(member, { network: { members: 2 } });
    } finally {
      await third.remove();
    }
  });

  it('says what it waits for while no member is there, and does nothing until then', async () => {
    await member.stop();
    await founder.stop();
    await moveDatabaseAway(member, 'moved-3');
    await member.start();
    expect((await member.node()).network).toMatchObject({ returning: true, members: 2 });
    expect(await networkCheck(member)).toMatchObject({ ok: false });
    const refused = await member.fetch('/files/content?path=early.txt', { method: 'PUT', body: 'too early' });
    expect(refused.status).toBe(503);
    expect((await refused.json()) as Problem).toMatchObject({ code: 'not-ready', retryable: true });
    await founder.start();
    await connected(nodes);
    await listed(member, 'owner-again.txt');
    await eventually(async () => (await networkCheck(member))?.ok === true, {
      what: 'health is well',
    });
  });

  it('comes back by a return ticket where network.json is gone too', async () => {
    const { peerId, network } = await member.node();
    await member.stop();
    await moveDatabaseAway(member, 'moved-4');
    await rm(join(member.dataDir, 'network.json'));
    await member.start();
    expect((await member.node()).network.members).toBe(1);
    const { ticket } = await post<ReturnTicketInfo>(founder, '/network/return-tickets', { peerId });
    expect(await post<NetworkInfo>(member, '/network/join', { ticket })).toMatchObject({ id: network.id, members: 2 });
    await connected(nodes);
    await member.put('mine/three.txt', 'the third');
    await listed(founder, 'mine/three.txt');
    for (const node of nodes) expect(await forks(node)).toMatch(/^Every member writes one chain/);
  });
});
