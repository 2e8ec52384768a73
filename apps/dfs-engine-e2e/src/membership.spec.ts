import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tls } from '@libp2p/tls';
import { multiaddr } from '@multiformats/multiaddr';
import type { Libp2p } from 'libp2p';
import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import type { EventPage, FileList, Health, Problem, TransferInfo, TransferList } from '@dfs/contracts';
import { KiB, MiB } from '@dfs/runtime';
import { eventually, removeAll, startEngine, startNetwork, type Engine } from '@dfs/testing';
import { bareHost } from './bare-host.js';
import { at, bytesOf, listed } from './steps.js';

const PROTOCOLS = [
  '/dfs/sync/1',
  '/dfs/chunks/1',
  '/dfs/status/1',
  '/dfs/sign/1',
  '/ipfs/id/1.0.0',
  '/ipfs/ping/1.0.0',
];

describe('a closed network', () => {
  let nodes: Engine[];
  let founder: Engine;
  let outsider: Engine | undefined;
  let stranger: Libp2p | undefined;

  beforeAll(async () => {
    // More than there will be members, those that are gone included: whoever is here holds everything.
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '9' } });
    founder = at(nodes, 0);
    await founder.put('secret.txt', 'for members only');
  });
  afterAll(() => removeAll(nodes));
  afterEach(async () => {
    await stranger?.stop();
    await outsider?.remove();
    stranger = outsider = undefined;
  });

  const join = async (node: Engine, ticket: string): Promise<{ status: number; problem: Problem }> => {
    const answer = await node.fetch('/network/join', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ticket }),
    });
    return { status: answer.status, problem: (await answer.json()) as Problem };
  };

  it.each(['tls', 'noise'])('gives a stranger nothing, whether an invite is open or not (%s)', async (encrypter) => {
    stranger = await bareHost({
      connectionEncrypters: [encrypter === 'tls' ? tls() : noise()],
      services: { identify: identify() },
    });
    const kad = `/dfs/kad/${(await founder.node()).network.id.slice(0, 16)}/1.0.0`;
    for (const open of [false, true]) {
      if (open) await founder.invite();
      const address = at((await founder.node()).addresses, 0);
      for (const protocol of [...PROTOCOLS, kad]) {
        const answered = await answer(stranger, address, protocol);
        expect(`${protocol}: ${answered} bytes`).toBe(`${protocol}: 0 bytes`);
      }
    }
    expect(founder.running).toBe(true);
    expect((await founder.peers()).items.map((peer) => peer.peerId)).not.toContain(stranger.peerId.toString());
  });

  it('is not moved by garbage, half-open connections and a port scan', async () => {
    const { address, port } = endpoint(at((await founder.node()).addresses, 0));
    const sockets = Array.from({ length: 300 }, () => connect(port, address).on('error', () => undefined));
    for (const socket of sockets.slice(0, 100)) socket.write(randomBytes(4096));
    for (const socket of sockets.slice(100, 150)) socket.end();
    await eventually(
      () => sockets.every(({ connecting, bytesWritten }, index) => !connecting && (index >= 100 || bytesWritten > 0)),
      {
        what: 'all of that has reached the node',
      },
    );
    await at(nodes, 1).put('meanwhile.txt', 'still served');
    await listed(founder, 'meanwhile.txt');
    for (const socket of sockets) socket.destroy();
    expect(founder.running).toBe(true);
  });

  it('admits one node per ticket, and says what is wrong with a ticket', async () => {
    const ticket = await founder.invite();
    outsider = await startEngine({ name: 'outsider' });
    expect(await join(outsider, 'hello')).toMatchObject({ status: 400, problem: { code: 'ticket-invalid' } });
    const mistyped = `${ticket.slice(0, -3)}${ticket.endsWith('aaa') ? 'bbb' : 'aaa'}`;
    expect(await join(outsider, mistyped)).toMatchObject({ status: 400, problem: { code: 'ticket-invalid' } });
    expect(await join(outsider, ticket.slice(0, 40))).toMatchObject({
      status: 400,
      problem: { code: 'ticket-invalid' },
    });

    expect((await join(outsider, ticket)).status).toBeLessThan(300);
    const joined = outsider;
    await listed(joined, 'secret.txt');

    const late = await startEngine({ name: 'late' });
    try {
      const used = await join(late, ticket);
      expect(used).toMatchObject({ status: 409, problem: { code: 'ticket-used' } });
      expect(used.problem.detail).toMatch(/ask an owner/i);
      expect((await late.json<FileList>('/files')).items).toEqual([]);
      expect((await late.node()).network.members).toBe(1);
    } finally {
      await late.remove();
    }
  });

  it('lets only owners invite and remove', async () => {
    const member = at(nodes, 1);
    const invited = await member.fetch('/network/invites', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(invited.status).toBe(403);
    expect(await invited.json()).toMatchObject({ code: 'not-an-owner' });
    const { peerId } = await founder.node();
    expect((await member.fetch(`/peers/${peerId}`, { method: 'DELETE' })).status).toBe(403);
  });

  it('cuts off a member that is removed', async () => {
    const ticket = await founder.invite();
    outsider = await startEngine({ name: 'removed', join: ticket });
    const gone = outsider;
    await listed(gone, 'secret.txt');
    const { peerId } = await gone.node();
    const removal = await founder.fetch(`/peers/${peerId}?confirm=true`, { method: 'DELETE' });
    expect(removal.status).toBeLessThan(300);
    await founder.put('after-removal.txt', 'not for the removed');
    await eventually(async () => (await gone.peers()).items.every((peer) => peer.state !== 'connected'), {
      what: 'connections cut',
    });
    await listed(at(nodes, 1), 'after-removal.txt');
    const { items } = await gone.json<FileList>('/files');
    expect(items.map((file) => file.path)).not.toContain('after-removal.txt');
  });

  it('tells a member that was removed while it was off, which keeps what it has', async () => {
    outsider = await startEngine({ name: 'away', join: await founder.invite() });
    const away = outsider;
    const secret = await listed(away, 'secret.txt');
    await eventually(async () => (await away.file(secret.id)).replication.copies === 3);
    const { peerId, network } = await away.node();
    expect(network.removed).toBeUndefined();
    await away.stop();
    expect((await founder.fetch(`/peers/${peerId}?confirm=true`, { method: 'DELETE' })).status).toBe(204);
    await founder.put('meanwhile-removed.txt', 'not for the removed');
    await away.start();
    await eventually(async () => (await away.node()).network.removed === true);
    const isDegraded = async (): Promise<boolean> => {
      const { checks, status } = (await (await fetch(`${away.url}/health/ready`)).json()) as Health;
      return checks.find(({ name }) => name === 'network')?.ok === false && status === 'degraded';
    };
    await eventually(isDegraded, { what: 'its health says so' });
    expect(String(await bytesOf(away, secret))).toBe('for members only');
    const { items } = await away.json<FileList>('/files');
    expect(items.map((file) => file.path)).not.toContain('meanwhile-removed.txt');
    // Written after the membership has changed.
    const told = async (): Promise<boolean> =>
      (await away.json<EventPage>('/events?after=0')).items.some(
        ({ type, data }) => type === 'node.warning' && data.code === 'not-a-member' && data.active,
      );
    await eventually(told, { what: 'the warning' });
  });

  it('goes on emptying a member after its node was killed, and removes the member at the end', async () => {
    // Those of other cases, which are gone and would be waited for: a drain counts on members that are away for a moment.
    for (const { peerId, name, state } of (await founder.peers()).items) {
      if (state !== 'self' && name !== at(nodes, 1).name)
        await founder.fetch(`/peers/${peerId}?confirm=true`, { method: 'DELETE' });
    }
    outsider = await startEngine({ name: 'leaving', join: await founder.invite() });
    const leaving = outsider;
    const { peerId } = await leaving.node();
    const limit = (downloadBytesPerSecond: number | null): Promise<unknown> =>
      founder.json('/settings', {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ limits: { downloadBytesPerSecond } }),
      });
    await limit(64 * KiB);
    const file = await leaving.put('only.bin', randomBytes(32 * MiB));
    await listed(founder, 'only.bin');
    const drains = async (): Promise<TransferInfo[]> =>
      (await founder.json<TransferList>('/transfers')).items.filter(({ kind }) => kind === 'drain');
    // The answer may come, or the kill before it.
    const asked = founder.fetch(`/peers/${peerId}?drain=true`, { method: 'DELETE' }).catch(() => undefined);
    const [drain] = await eventually(async () => {
      const found = await drains();
      return found.length > 0 && found;
    });
    await founder.kill();
    await asked;
    await founder.start();
    await eventually(async () => (await drains()).some(({ id, state }) => id === drain?.id && state === 'running'), {
      what: 'it goes on',
    });
    await limit(null);
    await eventually(async () => at(await drains(), 0).state === 'finished', { deadline: 120_000, what: 'its end' });
    expect(at(await drains(), 0).id).toBe(drain?.id);
    expect((await founder.peers()).items.map((peer) => peer.peerId)).not.toContain(peerId);
    await leaving.kill();
    expect((await bytesOf(founder, file)).byteLength).toBe(32 * MiB);
  });
});

/** Bytes that come back on a stream of this protocol; 0 when it is refused at any stage. */
async function answer(from: Libp2p, address: string, protocol: string): Promise<number> {
  let received = 0;
  try {
    const connection = await from.dial(multiaddr(address), { signal: AbortSignal.timeout(5000) });
    const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(3000) });
    // A well-formed frame of ours with an empty request; and what ping would echo.
    stream.send(Buffer.concat([Buffer.from('0000000100000000', 'hex'), Buffer.from([0x80]), Buffer.alloc(23)]));
    const timer = setTimeout(() => stream.abort(new Error('enough')), 1500);
    for await (const part of stream) received += part.byteLength;
    clearTimeout(timer);
  } catch {
    // refused
  }
  return received;
}

function endpoint(address: string): { address: string; port: number } {
  const parts = address.split('/');
  return { address: at(parts, 2), port: Number(at(parts, 4)) };
}
