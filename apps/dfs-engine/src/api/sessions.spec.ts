import { copyFile, rm } from 'node:fs/promises';
import { io } from 'socket.io-client';
import type { KeyList, MadeKey, SessionList } from '@dfs/contracts';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';
import { quietEnv, silent, startTestNode } from '../testing/running-node.suite.js';

describe('sessions', () => {
  it('are listed, end from elsewhere with their sockets, and outlive a restart', async () => {
    const test = await startTestNode();
    try {
      const signIn = async (agent: string): Promise<string> => {
        const answer = await test.call('/api/v1/session', {
          json: { token: test.node.token },
          headers: { 'user-agent': agent },
        });
        return String(answer.headers['set-cookie']).split(';')[0] ?? '';
      };
      const [here, there] = [await signIn('Here/1'), await signIn('There/2')];
      const own = `http://127.0.0.1:${test.port}`;
      const list = async (cookie: string): Promise<SessionList> =>
        (await test.call('/api/v1/sessions', { headers: { cookie } })).json<SessionList>();
      const { items } = await list(here);
      expect(items.map(({ agent, current }) => [agent, current]).sort()).toEqual([
        ['Here/1', true],
        ['There/2', false],
      ]);
      const socket = io(`${own}/events`, {
        reconnection: false,
        extraHeaders: { cookie: there, origin: own },
      });
      await new Promise((resolve, reject) => socket.once('ready', resolve).once('connect_error', reject));
      const gone = new Promise((resolve) => socket.once('disconnect', resolve));
      const other = items.find(({ current }) => !current)?.id ?? '';
      const headers = { cookie: here, origin: own, 'x-dfs-request': '1' };
      expect((await test.call(`/api/v1/sessions/${other}`, { method: 'DELETE', headers })).status).toBe(204);
      await gone;
      expect((await test.call('/api/v1/files', { headers: { cookie: there } })).status).toBe(401);
      expect((await test.call(`/api/v1/sessions/${other}`, { method: 'DELETE', headers })).problem.code).toBe(
        'session-not-found',
      );
      await test.node.stop();
      const again = await startNode(parseConfig(quietEnv(test.dir)), { logger: silent });
      try {
        const status = async (cookie: string): Promise<number> =>
          (await fetch(new URL('/api/v1/files', again.url), { headers: { cookie } })).status;
        expect([await status(here), await status(there)]).toEqual([200, 401]);
      } finally {
        await again.stop();
      }
    } finally {
      await test.remove();
    }
  });
});

describe('a database that is older than its directory', () => {
  it('brings back no key that was revoked since, and no session that has ended', async () => {
    const test = await startTestNode();
    const saved = `${test.dir}-saved.sqlite`;
    const start = () => startNode(parseConfig(quietEnv(test.dir)), { logger: silent });
    try {
      const { id, token } = (await test.api('/keys', { json: { name: 'k', scope: 'read' } })).json<MadeKey>();
      const signedIn = await test.call('/api/v1/session', { json: { token: test.node.token } });
      const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
      await test.node.stop();
      await copyFile(`${test.dir}/dfs.sqlite`, saved);
      let node = await start();
      const status = async (headers: Record<string, string>, path = 'files'): Promise<number> =>
        (await fetch(new URL(`/api/v1/${path}`, node.url), { headers })).status;
      const key = { authorization: `Bearer ${token}` };
      // A stop and a start by themselves end nothing.
      expect([await status(key), await status({ cookie })]).toEqual([200, 200]);
      const owner = { authorization: `Bearer ${node.token}` };
      await fetch(new URL(`/api/v1/keys/${id}`, node.url), { method: 'DELETE', headers: owner });
      await node.stop();
      await copyFile(saved, `${test.dir}/dfs.sqlite`);
      for (const more of ['-wal', '-shm']) await rm(`${test.dir}/dfs.sqlite${more}`, { force: true });
      node = await start();
      try {
        expect([await status(key), await status({ cookie }), await status(owner)]).toEqual([401, 401, 200]);
        const list = (await (await fetch(new URL('/api/v1/keys', node.url), { headers: owner })).json()) as KeyList;
        expect(list.items).toMatchObject([{ id, state: 'revoked' }]);
      } finally {
        await node.stop();
      }
    } finally {
      await rm(saved, { force: true });
      await test.remove();
    }
  });
});
