import 'reflect-metadata';

import { frontUnderTest, TOKEN, WHEEL, type Answer } from '../testing/front.suite.js';

describe('access', () => {
  const front = frontUnderTest();
  const { call, json } = front;

  const signIn = async (token: string, headers: object = {}): Promise<Answer> =>
    call('/api/v1/session', json({ token }, { authorization: '', ...headers }));
  const cookieOf = (answer: Answer): string => (answer.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '';

  it('trades the token for a cookie that says nothing of it', async () => {
    const answer = await signIn(TOKEN);
    expect(answer.status).toBe(204);
    const [cookie] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^dfs_[\w]{16}=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(TOKEN);
  });

  it('lets the cookie read, and write only from our own page with the header', async () => {
    const cookie = cookieOf(await signIn(TOKEN));
    const own = `http://127.0.0.1:${front.port}`;
    const read = await call('/api/v1/things', { headers: { authorization: '', cookie } });
    expect(read.status).toBe(200);
    const write = async (headers: object) =>
      (await call('/api/v1/things', json({ name: 'a' }, { authorization: '', cookie, ...headers }))).status;
    expect(await write({ origin: own, [WHEEL]: '1' })).toBe(201);
    expect(await write({ origin: own })).toBe(403);
    expect(await write({ [WHEEL]: '1' })).toBe(403);
    expect(await write({ origin: 'http://127.0.0.1:1', [WHEEL]: '1' })).toBe(403);
    expect(await write({ origin: 'http://evil.example', [WHEEL]: '1' })).toBe(403);
    expect(await write({ origin: 'null', [WHEEL]: '1' })).toBe(403);
    expect(await write({ origin: own, [WHEEL]: '1', authorization: 'Bearer wrong' })).toBe(401);
  });

  it('ends with signing out, and is not to be forged', async () => {
    const cookie = cookieOf(await signIn(TOKEN));
    const other = cookieOf(await signIn(TOKEN));
    const headers = { authorization: '', cookie, origin: `http://127.0.0.1:${front.port}`, [WHEEL]: '1' };
    const out = await call('/api/v1/session', { method: 'DELETE', headers });
    expect(out.status).toBe(204);
    expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await call('/api/v1/things', { headers })).status).toBe(401);
    expect((await call('/api/v1/things', { headers: { authorization: '', cookie: other } })).status).toBe(200);
    const forged = other.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await call('/api/v1/things', { headers: { authorization: '', cookie: forged } })).status).toBe(401);
    const elsewhere = other.replace(/^dfs_\w+/, 'dfs_anothernode00000');
    expect((await call('/api/v1/things', { headers: { authorization: '', cookie: elsewhere } })).status).toBe(401);
  });

  it('answers to the names it was given', async () => {
    for (const host of [
      'files.example',
      `files.example:${front.port}`,
      'proxy.example:8443',
      `LOCALHOST:${front.port}`,
      `[::1]:${front.port}`,
    ]) {
      expect(`${host} ${(await call('/api/v1/things', { headers: { host } })).status}`).toBe(`${host} 200`);
    }
    for (const host of ['files.example:1', 'proxy.example', `files.example.evil.example:${front.port}`]) {
      expect(`${host} ${(await call('/api/v1/things', { headers: { host } })).status}`).toBe(`${host} 403`);
    }
  });

  it('delays those who guess at any entrance, writes one line of them, and lets the right token in at once', async () => {
    const guess = (at: number): Promise<Answer> =>
      at % 2 === 0
        ? signIn(`guess ${at}`)
        : call('/api/v1/things', { headers: { authorization: `Bearer guess-${at}` } });
    const warnings = (): number => front.log.split('a wrong token').length - 1;
    const known = warnings();
    for (let at = 0; at < 20; at++) expect((await guess(at)).problem.code).toBe('unauthorized');
    expect(warnings()).toBe(Math.max(1, known));
    const delayed = front.pauses.length;
    expect(delayed).toBeGreaterThanOrEqual(15);
    expect((await signIn(TOKEN)).status).toBe(204);
    expect((await call('/api/v1/things')).status).toBe(200);
    expect(front.pauses).toHaveLength(delayed);
    expect(
      front.log.split('\n').filter((line) => line.includes('"status":401') && !line.includes('"level":20')),
    ).toEqual([]);
  });

  it('writes no secret to the log', () => {
    expect(front.log.length).toBeGreaterThan(1000);
    expect(front.log).not.toContain(TOKEN);
    expect(front.log).not.toMatch(/dfs_\w{16}=/);
  });
});
