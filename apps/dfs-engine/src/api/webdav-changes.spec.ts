import fc from 'fast-check';
import type { FileList } from '@dfs/contracts';
import { isLong } from '@dfs/testing';
import {
  davClient,
  driveOf,
  fill,
  hrefsIn,
  keyOf,
  lockInfo,
  propertyUpdate,
  setting,
  statusOf,
  type Dav,
  type DavAnswer,
} from '../testing/dav.suite.js';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

let node: TestNode;
let dav: Dav;
beforeAll(async () => {
  node = await startTestNode();
  dav = davClient(node, await keyOf(node, { name: 'drive', scope: 'write' }));
});
afterAll(() => node.remove());

const { put, find, info } = driveOf(() => ({ node, dav }));
const tokenOf = (answer: DavAnswer): string => String(answer.headers['lock-token']);

describe('copies and moves over WebDAV', () => {
  const go = (method: string, from: string, to: string, headers: Record<string, string> = {}): Promise<DavAnswer> =>
    dav(method, from, { headers: { destination: `http://127.0.0.1:${node.port}/dav${to}`, ...headers } });

  it('make a file, or a version of the one that is there', async () => {
    await put('/from.txt', 'new');
    await put('/to.txt', 'old');
    expect(await statusOf(go('COPY', '/from.txt', '/copy.txt'))).toBe(201);
    expect(await statusOf(go('COPY', '/from.txt', '/to.txt', { overwrite: 'F' }))).toBe(412);
    expect(await statusOf(go('MOVE', '/from.txt', '/to.txt'))).toBe(204);
    expect([(await dav('GET', '/to.txt')).text, await statusOf(dav('GET', '/from.txt'))]).toEqual(['new', 404]);
    const { id } = (await info('to.txt'))!;
    const versions = (await node.api(`/files/${id}/versions`)).json<{ items: { kind: string }[] }>().items;
    expect(versions.map(({ kind }) => kind)).toEqual(['file', 'file']);
    expect(await statusOf(go('COPY', '/to.txt', '/copy.txt'))).toBe(204);
  });

  it('take a folder with all that is in it', async () => {
    await dav('MKCOL', '/tree');
    await dav('MKCOL', '/tree/in');
    await put('/tree/in/a.txt', 'a');
    expect(await statusOf(go('COPY', '/tree/', '/tree-2/'))).toBe(201);
    expect(await statusOf(go('COPY', '/tree', '/shallow', { depth: '0' }))).toBe(201);
    expect(hrefsIn(await find('/shallow', '1'))).toEqual(['/dav/shallow/']);
    expect(await statusOf(go('MOVE', '/tree', '/tree-3'))).toBe(201);
    expect([await statusOf(find('/tree')), (await dav('GET', '/tree-3/in/a.txt')).text]).toEqual([404, 'a']);
    expect((await dav('GET', '/tree-2/in/a.txt')).text).toBe('a');
  });

  it('replace what is there, as one act', async () => {
    for (const folder of ['/x', '/x/in', '/y']) await dav('MKCOL', folder);
    await put('/x/in/a.txt', 'x');
    await put('/y/b.txt', 'y');
    await put('/file.txt', 'file');
    expect(await statusOf(go('COPY', '/x', '/y', { overwrite: 'F' }))).toBe(412);
    expect(await statusOf(go('COPY', '/x', '/y'))).toBe(204);
    expect([await statusOf(dav('GET', '/y/b.txt')), (await dav('GET', '/y/in/a.txt')).text]).toEqual([404, 'x']);
    expect(await statusOf(go('MOVE', '/file.txt', '/y'))).toBe(204);
    expect([(await dav('GET', '/y')).text, await statusOf(find('/file.txt'))]).toEqual(['file', 404]);
    expect(await statusOf(go('MOVE', '/x', '/y'))).toBe(204);
    expect((await dav('GET', '/y/in/a.txt')).text).toBe('x');
    expect(await statusOf(go('COPY', '/y', '/y-2'))).toBe(201);
  });

  it('put an empty folder over a file or a folder', async () => {
    for (const folder of ['/empty', '/full']) await dav('MKCOL', folder);
    await put('/full/a.txt', 'a');
    await put('/plain', 'file');
    expect(await statusOf(go('COPY', '/empty', '/plain', { depth: '0' }))).toBe(204);
    expect(hrefsIn(await find('/plain', '1'))).toEqual(['/dav/plain/']);
    expect(await statusOf(go('COPY', '/empty', '/full', { depth: '0' }))).toBe(204);
    expect(hrefsIn(await find('/full', '1'))).toEqual(['/dav/full/']);
  });

  it('and deletions are done only to what the headers name', async () => {
    await dav('MKCOL', '/named');
    const { etag = '' } = (await put('/named/a.txt', 'named')).headers;
    await put('/named/b.txt', 'other');
    const wrong: Record<string, string>[] = [{ 'if-match': '"other"' }, { 'if-none-match': '*' }];
    wrong.push({ 'if-match': '"other"', if: `([${etag}])` });
    wrong.push({ 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' });
    for (const headers of wrong) {
      const told = JSON.stringify(headers);
      const body = propertyUpdate(setting('<a xmlns="urn:x">1</a>'));
      expect([told, await statusOf(dav('DELETE', '/named/a.txt', { headers }))]).toEqual([told, 412]);
      expect([told, await statusOf(dav('PROPPATCH', '/named/a.txt', { headers, body }))]).toEqual([told, 412]);
      for (const to of ['/named/c.txt', '/named/b.txt']) {
        for (const method of ['COPY', 'MOVE']) {
          expect([told, method, await statusOf(go(method, '/named/a.txt', to, headers))]).toEqual([told, method, 412]);
        }
      }
    }
    // A client that means a file by its tag never means the folder that is there by now.
    const ofFile = { 'if-match': etag };
    expect(await statusOf(dav('DELETE', '/named', { headers: ofFile }))).toBe(412);
    expect(await statusOf(go('MOVE', '/named', '/renamed', ofFile))).toBe(412);
    expect(hrefsIn(await find('/named', '1'))).toHaveLength(3);
    expect((await dav('GET', '/named/b.txt')).text).toBe('other');
    expect(await statusOf(go('MOVE', '/named/a.txt', '/named/b.txt', ofFile))).toBe(204);
    expect((await dav('GET', '/named/b.txt')).text).toBe('named');
  });

  it('go nowhere else', async () => {
    await dav('MKCOL', '/here');
    await put('/here/a.txt', 'a');
    const cases: [string, string, Record<string, string>, number][] = [
      ['/here/a.txt', '/none/a.txt', {}, 409],
      ['/here/a.txt', '/here/a.txt', {}, 403],
      ['/here', '/here/in', {}, 403],
      ['/here/a.txt', '/here', {}, 403],
      ['/nothing', '/here/b', {}, 404],
      ['/', '/here/b', {}, 403],
      ['/here/a.txt', '/', {}, 403],
      ['/here', '/b', { depth: '1' }, 400],
      ['/here/a.txt', '/b', { destination: 'http://elsewhere.example/dav/b' }, 502],
      ['/here/a.txt', '/b', { destination: '/api/v1/files' }, 502],
      ['/here/a.txt', '/b', { destination: '/dav/../b' }, 400],
      ['/here/a.txt', '/b', { destination: '' }, 502],
      ['/here/a.txt', '/b', { overwrite: 'maybe' }, 400],
    ];
    for (const [from, to, headers, status] of cases) {
      expect([from, to, await statusOf(go('MOVE', from, to, headers))]).toEqual([from, to, status]);
    }
    expect(await statusOf(dav('MOVE', '/here/a.txt'))).toBe(400);
    expect((await dav('GET', '/here/a.txt')).text).toBe('a');
  });
});

describe('a deletion over WebDAV', () => {
  it('takes a folder as one act, and never the top', async () => {
    expect([await statusOf(dav('DELETE', '/')), await statusOf(dav('DELETE', '/nothing'))]).toEqual([403, 404]);
    await dav('MKCOL', '/gone');
    await put('/gone/a.txt', 'a');
    expect(await statusOf(dav('DELETE', '/gone', { headers: { depth: '0' } }))).toBe(400);
    expect(await statusOf(dav('DELETE', '/gone/'))).toBe(204);
    const deleted = await node.api('/files?state=deleted&prefix=gone/');
    expect(deleted.json<FileList>().items.map(({ path }) => path)).toEqual(['gone/a.txt']);
  });

  it('of most of the files is refused in a way that no client takes for done', async () => {
    await fill(node, 'many', 150);
    const answer = await dav('DELETE', '/many');
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('<dfs:code>mass-deletion</dfs:code>')]);
    expect(hrefsIn(await find('/many', '1'))).toHaveLength(151);
  });
});

describe('locks over WebDAV', () => {
  const lock = (path: string, headers: Record<string, string> = {}, scope?: string, client = dav): Promise<DavAnswer> =>
    client('LOCK', path, { body: lockInfo(scope), headers: { timeout: 'Second-60', ...headers } });
  const unlock = (path: string, token: string): Promise<number> =>
    statusOf(dav('UNLOCK', path, { headers: { 'lock-token': token } }));

  it('make a file where there is none, and keep others out until they end', async () => {
    const taken = await lock('/locked.txt');
    expect([taken.status, tokenOf(taken)]).toEqual([201, expect.stringMatching(/^<urn:uuid:[0-9a-f-]{36}>$/)]);
    expect(taken.text).toContain('<D:owner><D:href>somebody &amp; co</D:href></D:owner>');
    expect(taken.text).toContain('<D:timeout>Second-60</D:timeout>');
    expect(taken.text).toContain(`<D:href>${tokenOf(taken).slice(1, -1)}</D:href></D:locktoken>`);
    expect((await dav('GET', '/locked.txt')).headers['content-length']).toBe('0');
    const refused = await put('/locked.txt', 'no');
    expect([refused.status, refused.text]).toEqual([
      423,
      expect.stringContaining('<D:lock-token-submitted><D:href>/dav/locked.txt</D:href></D:lock-token-submitted>'),
    ]);
    for (const method of ['DELETE', 'PROPPATCH']) {
      const body = method === 'PROPPATCH' ? { body: propertyUpdate(setting('<a xmlns="urn:x">1</a>')) } : {};
      expect([method, await statusOf(dav(method, '/locked.txt', body))]).toEqual([method, 423]);
    }
    const to = { destination: '/dav/locked.txt' };
    await put('/free.txt', 'free');
    expect(await statusOf(dav('MOVE', '/free.txt', { headers: to }))).toBe(423);
    expect(await statusOf(put('/locked.txt', 'yes', { if: `(${tokenOf(taken)})` }))).toBe(204);
    // An editor that saves under another name and renames goes on with its lock.
    expect(
      await statusOf(dav('MOVE', '/free.txt', { headers: { ...to, if: `</dav/locked.txt> (${tokenOf(taken)})` } })),
    ).toBe(204);
    expect(await statusOf(put('/locked.txt', 'no'))).toBe(423);
    const second = await lock('/locked.txt');
    expect([second.status, second.text]).toEqual([423, expect.stringContaining('<D:no-conflicting-lock>')]);
    const refreshed = await dav('LOCK', '/locked.txt', {
      headers: { if: `(${tokenOf(taken)})`, timeout: 'Second-600' },
    });
    expect([refreshed.status, refreshed.text]).toEqual([200, expect.stringContaining('Second-600')]);
    expect(await unlock('/locked.txt', '<urn:uuid:other>')).toBe(409);
    expect([await unlock('/locked.txt', tokenOf(taken)), await statusOf(put('/locked.txt', 'free'))]).toEqual([
      204, 204,
    ]);
    expect(await statusOf(put('/locked.txt', 'again', { if: `(${tokenOf(taken)})` }))).toBe(412);
  });

  it('of a folder hold what is in it, and are told there', async () => {
    await dav('MKCOL', '/held');
    await put('/held/a.txt', 'a');
    const taken = await lock('/held');
    expect(taken.status).toBe(200);
    expect([await statusOf(put('/held/a.txt', 'b')), await statusOf(put('/held/b.txt', 'b'))]).toEqual([423, 423]);
    expect([await statusOf(dav('MKCOL', '/held/c')), await statusOf(dav('DELETE', '/held'))]).toEqual([423, 423]);
    expect((await find('/held/a.txt')).text).toContain('<D:lockroot><D:href>/dav/held</D:href></D:lockroot>');
    const tagged = { if: `</dav/held/> (${tokenOf(taken)})` };
    expect(await statusOf(put('/held/b.txt', 'b', tagged))).toBe(201);
    const other = davClient(node, await keyOf(node, { name: 'other', scope: 'write' }));
    expect(await statusOf(other('PUT', '/held/b.txt', { body: 'c', headers: tagged }))).toBe(412);
    expect((await find('/held', '0', other)).text).not.toContain('locktoken');
    expect((await find('/held', '0', other)).text).toContain('<D:activelock>');
    // Other ways to the file know no locks.
    expect((await node.api('/files/content?path=held/a.txt', { method: 'PUT', body: 'rest' })).status).toBe(200);
    expect(await statusOf(dav('DELETE', '/held', { headers: tagged }))).toBe(204);
    expect(await statusOf(dav('MKCOL', '/held'))).toBe(201);
  });

  it('that are shared go side by side', async () => {
    await put('/shared.txt', 'a');
    const [one, two] = [await lock('/shared.txt', {}, 'shared'), await lock('/shared.txt', {}, 'shared')];
    expect([one.status, two.status, (await lock('/shared.txt')).status]).toEqual([200, 200, 423]);
    expect(await statusOf(put('/shared.txt', 'b'))).toBe(423);
    expect(await statusOf(put('/shared.txt', 'b', { if: `(${tokenOf(two)})` }))).toBe(204);
    for (const { headers } of [one, two]) await unlock('/shared.txt', String(headers['lock-token']));
  });

  it('and entity tags are held against If', async () => {
    const { etag } = (await put('/if.txt', 'a')).headers;
    expect(await statusOf(put('/if.txt', 'b', { if: '(["other"])' }))).toBe(412);
    expect(await statusOf(put('/if.txt', 'b', { if: `(["other"]) ([${etag}] Not <DAV:no-lock>)` }))).toBe(204);
    expect(await statusOf(put('/if.txt', 'c', { if: '(Not <DAV:no-lock>) (["x"])' }))).toBe(204);
    expect(await statusOf(put('/if.txt', 'c', { if: '</dav/other> (["x"])' }))).toBe(412);
    expect(await statusOf(put('/if.txt', 'c', { if: 'nonsense' }))).toBe(400);
    expect(await statusOf(dav('DELETE', '/if.txt', { headers: { if: `([${etag}])` } }))).toBe(412);
  });

  it('are refused where their XML is none, or their folder is missing', async () => {
    expect(await statusOf(dav('LOCK', '/if.txt', { body: '<x/>' }))).toBe(400);
    expect(await statusOf(dav('LOCK', '/if.txt'))).toBe(400);
    expect(await statusOf(lock('/if.txt', { depth: '1' }))).toBe(400);
    expect(await statusOf(lock('/none/a.txt'))).toBe(409);
    expect(await statusOf(lock('/nothing/'))).toBe(404);
    expect(await statusOf(dav('UNLOCK', '/if.txt'))).toBe(400);
  });
});

describe('whatever is sent to WebDAV', () => {
  const path = fc.constantFrom(
    '/',
    '/f',
    '/f/',
    '/f/a.txt',
    '/f/b%20c',
    '/g',
    '/g/../h',
    '/%2e%2e',
    '/%zz',
    '/f//a.txt',
    '/#?',
  );
  const header = (...values: string[]): fc.Arbitrary<string | undefined> =>
    fc.option(fc.constantFrom(...values), { nil: undefined });
  const tree = '<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/><D:x/></D:prop></D:propfind>';
  const requests = fc.record({
    method: fc.constantFrom(
      ...['OPTIONS', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'GET', 'HEAD', 'PUT', 'PUT', 'DELETE', 'COPY', 'MOVE', 'LOCK'],
      ...['LOCK', 'UNLOCK', 'POST', 'REPORT', 'SEARCH', 'PATCH'],
    ),
    path,
    headers: fc.record({
      depth: header('0', '1', 'infinity', '-1', 'x'.repeat(5000)),
      destination: header(
        '/dav/f/a.txt',
        '/dav/g',
        '/dav/',
        '/dav/g/h/i',
        '/x',
        'http://else/dav/x',
        '/dav/%',
        '\u00ff',
      ),
      overwrite: header('T', 'F', 'X'),
      if: header(
        '(Not <DAV:no-lock>)',
        '(["x"])',
        '((',
        '</dav/g> (<urn:a>)',
        '<http://else/> (Not ["x"])',
        '</dav/%> (["x"])',
      ),
      'if-match': header('*', '"x"', 'x'),
      'lock-token': header('<urn:a>', 'x'),
      timeout: header('Infinite', 'Second-1', 'Second-99999999999999', 'x'),
      'x-oc-mtime': header('1', '-99999999999', '999999999999', 'x'),
      range: header('bytes=0-0', 'bytes=9-1'),
      'content-type': header('text/xml', '\u00ff'),
    }),
    body: fc.option(
      fc.oneof(
        fc.constantFrom(tree, lockInfo(), lockInfo('shared'), propertyUpdate(setting('<a xmlns="urn:x"><b/></a>'))),
        fc.constantFrom('<a>', '<!DOCTYPE a><a/>', '<a xmlns="DAV:"/>', '<'.repeat(3000)),
        fc.string({ unit: 'binary', maxLength: 20 }),
      ),
      { nil: undefined },
    ),
  });

  it('is answered, and is never a fault of the node', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, path: at, headers, body }) => {
        const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
        const bytes = body === undefined ? {} : { body: Buffer.from(body) };
        const answer = await dav(method, at, { headers: sent as Record<string, string>, ...bytes });
        if (answer.status >= 500)
          expect([answer.status, answer.text]).toEqual([502, expect.stringContaining('foreign')]);
        if (answer.status >= 400 && method !== 'HEAD') expect(answer.text).toContain('<dfs:message>');
      }),
      { numRuns: isLong ? 5000 : 120 },
    );
    expect((await node.api('/node')).status).toBe(200);
  });
});
