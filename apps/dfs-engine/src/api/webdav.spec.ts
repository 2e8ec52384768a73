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
  valueIn,
  type Dav,
  type DavAnswer,
} from '../testing/dav.suite.js';
import { Files } from '@dfs/files';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

let node: TestNode;
let dav: Dav;
beforeAll(async () => {
  node = await startTestNode();
  dav = davClient(node, await keyOf(node, { name: 'drive', scope: 'write' }));
});
afterAll(() => node.remove());

const { put, find, info } = driveOf(() => ({ node, dav }));

describe('the door of WebDAV', () => {
  it('takes a key as the password, and no cookie, whatever the method', async () => {
    const nobody = davClient(node);
    const signedIn = await node.call('/api/v1/session', { json: { token: node.node.token } });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    expect((await node.call('/api/v1/node', { headers: { cookie } })).status).toBe(200);
    for (const method of ['OPTIONS', 'PROPFIND', 'GET', 'PUT', 'LOCK']) {
      const answer = await nobody(method, '/', { headers: { cookie } });
      expect([method, answer.status, answer.headers['www-authenticate']]).toEqual([method, 401, 'Basic realm="DFS"']);
      expect(answer.text).toContain('<dfs:code>unauthorized</dfs:code>');
    }
    const basic = { authorization: `Basic ${Buffer.from(`x:${node.node.token}`).toString('base64')}` };
    const bearer = { authorization: `Bearer ${node.node.token}` };
    for (const headers of [basic, bearer]) expect(await statusOf(nobody('OPTIONS', '/', { headers }))).toBe(200);
    expect(await statusOf(davClient(node, 'wrong')('PROPFIND', '/'))).toBe(401);
    // Elsewhere a browser that knows the password would send it by itself.
    const elsewhere = await node.call('/api/v1/node', { headers: basic });
    expect([elsewhere.status, elsewhere.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('refuses pages of other origins, and hosts that are not its own', async () => {
    const foreign = await dav('GET', '/a', { headers: { origin: 'http://elsewhere.example' } });
    expect([foreign.status, foreign.text]).toEqual([403, expect.stringContaining('origin-refused')]);
    expect(await statusOf(dav('GET', '/a', { headers: { origin: 'null' } }))).toBe(403);
    const other = await dav('GET', '/a', { headers: { host: 'rebound.example' } });
    expect([other.status, other.text]).toEqual([403, expect.stringContaining('host-refused')]);
  });

  it('says what it can', async () => {
    const answer = await dav('OPTIONS', '/any/where');
    expect(answer.headers).toMatchObject({ dav: '1, 2', 'ms-author-via': 'DAV', 'content-length': '0' });
    expect(answer.headers.allow).toMatch(/OPTIONS.*PROPFIND.*PUT.*LOCK/);
    for (const method of ['POST', 'PATCH', 'REPORT', 'SEARCH']) {
      const refused = await dav(method, '/');
      expect([method, refused.status, refused.headers.allow]).toEqual([method, 405, answer.headers.allow]);
    }
  });

  it('lets a key that reads look, and change nothing', async () => {
    const reader = davClient(node, await keyOf(node, { name: 'reader', scope: 'read' }));
    await put('/read.txt', 'text');
    expect([await statusOf(find('/', '1', reader)), await statusOf(reader('GET', '/read.txt'))]).toEqual([207, 200]);
    for (const method of ['PUT', 'DELETE', 'MKCOL', 'PROPPATCH', 'LOCK', 'UNLOCK', 'MOVE', 'COPY']) {
      expect([method, await statusOf(reader(method, '/read.txt'))]).toEqual([method, 403]);
    }
  });

  it('ends where the key does', async () => {
    await dav('MKCOL', '/team');
    await dav('MKCOL', '/team/one');
    await put('/team/one/a.txt', 'a');
    await put('/team/other.txt', 'b');
    const one = davClient(node, await keyOf(node, { name: 'one', scope: 'write', prefix: 'team/one' }));
    expect(hrefsIn(await find('/', '1', one))).toEqual(['/dav/', '/dav/team/']);
    expect(hrefsIn(await find('/team/', '1', one))).toEqual(['/dav/team/', '/dav/team/one/']);
    expect(hrefsIn(await find('/team/one', '1', one))).toEqual(['/dav/team/one/', '/dav/team/one/a.txt']);
    for (const [method, path, status] of [
      ...([
        ['GET', '/team/other.txt', 404],
        ['PROPFIND', '/team/other.txt', 404],
        ['DELETE', '/team/other.txt', 404],
      ] as const),
      ...([
        ['PUT', '/team/new.txt', 404],
        ['MKCOL', '/team/new', 404],
        ['DELETE', '/team', 403],
        ['MKCOL', '/team', 405],
      ] as const),
      ...([
        ['PUT', '/team/one', 405],
        ['LOCK', '/team', 403],
        ['PUT', '/team/one/b.txt', 201],
      ] as const),
    ]) {
      const body = method === 'LOCK' ? { body: lockInfo() } : {};
      expect([method, path, await statusOf(one(method, path, body))]).toEqual([method, path, status]);
    }
    const out = { destination: '/dav/team/out.txt' };
    expect(await statusOf(one('MOVE', '/team/one/a.txt', { headers: out }))).toBe(404);
    expect(await statusOf(one('COPY', '/team/other.txt', { headers: { destination: '/dav/team/one/c.txt' } }))).toBe(
      404,
    );
    expect(await info('team/other.txt')).toBeDefined();
    // Its folder is there for it, even when nobody has made it.
    const fresh = davClient(node, await keyOf(node, { name: 'fresh', scope: 'write', prefix: 'not/yet' }));
    expect(hrefsIn(await find('/not', '1', fresh))).toEqual(['/dav/not/', '/dav/not/yet/']);
    expect(await statusOf(fresh('PUT', '/not/yet/a.txt', { body: 'a' }))).toBe(201);
  });
});

describe('files over WebDAV', () => {
  it('come in, are told, and go out, whole or in part', async () => {
    const made = await put(
      '/Grüße &<b>.txt'.replace('ü', '%C3%BC').replace('ß', '%C3%9F').replaceAll(/[ <>]/g, encodeURIComponent),
      'twelve bytes',
    );
    expect([made.status, made.headers['content-length']]).toEqual([201, '0']);
    const path = '/Gr%C3%BC%C3%9Fe%20%26%3Cb%3E.txt';
    const told = await find(path);
    expect([told.status, told.headers['content-type']]).toEqual([207, 'application/xml; charset=utf-8']);
    expect(hrefsIn(told)).toEqual([`/dav${path}`]);
    expect(valueIn(told, 'displayname')).toBe('Grüße &amp;&lt;b&gt;.txt');
    expect(valueIn(told, 'getcontentlength')).toBe('12');
    expect(valueIn(told, 'getcontenttype')).toBe('text/plain');
    expect(valueIn(told, 'getetag')).toBe(String(made.headers.etag).replaceAll('"', '&quot;'));
    const got = await dav('GET', path, { headers: { range: 'bytes=0-5' } });
    expect([got.status, got.text, got.headers.etag]).toEqual([206, 'twelve', made.headers.etag]);
    expect(got.headers['content-security-policy']).toContain('sandbox');
    const head = await dav('HEAD', path);
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '12']);
    expect(await statusOf(dav('GET', path, { headers: { 'if-none-match': String(made.headers.etag) } }))).toBe(304);
    expect(await statusOf(put(path, 'other bytes', { 'if-match': '"x"' }))).toBe(412);
    expect(await statusOf(put(path, 'other bytes', { 'if-none-match': '*' }))).toBe(412);
    expect(await statusOf(put(path, 'other bytes', { 'if-match': String(made.headers.etag) }))).toBe(204);
    expect([await statusOf(dav('DELETE', path)), await statusOf(dav('GET', path)), await statusOf(find(path))]).toEqual(
      [204, 404, 404],
    );
  });

  it('need their folder, and find no folder in their place', async () => {
    expect(await statusOf(put('/none/a.txt', 'a'))).toBe(409);
    expect(await statusOf(dav('MKCOL', '/none/deeper'))).toBe(409);
    expect(await statusOf(dav('MKCOL', '/some', { body: '<x/>' }))).toBe(415);
    expect(await statusOf(dav('MKCOL', '/some/'))).toBe(201);
    for (const answer of [await dav('MKCOL', '/some'), await put('/some', 'a'), await dav('GET', '/some')]) {
      expect([answer.status, answer.headers.allow]).toEqual([405, expect.stringMatching(/^OPTIONS, PROPFIND,/)]);
    }
    expect(await statusOf(put('/some/a.txt', 'a'))).toBe(201);
    expect(await statusOf(put('/some/a.txt/b', 'a'))).toBe(409);
    const onFile = await dav('MKCOL', '/some/a.txt');
    expect([onFile.status, onFile.headers.allow]).toEqual([405, expect.stringMatching(/^OPTIONS, GET,/)]);
    expect(await statusOf(put('/some/._a.txt', 'resource fork'))).toBe(201);
    expect(await statusOf(put('/some/.DS_Store', 'x'))).toBe(201);
  });

  it('leave their folder, which nobody has made, empty', async () => {
    await node.api('/files/content?path=implicit/deep/a.txt', { method: 'PUT', body: 'a' });
    expect(await statusOf(dav('DELETE', '/implicit/deep/a.txt'))).toBe(204);
    expect(hrefsIn(await find('/implicit/deep/', '1'))).toEqual(['/dav/implicit/deep/']);
    expect(await statusOf(put('/implicit/deep/b.txt', 'b'))).toBe(201);
    expect(await statusOf(dav('DELETE', '/implicit/deep'))).toBe(204);
    expect(hrefsIn(await find('/implicit', '1'))).toEqual(['/dav/implicit/']);
  });

  it('have the time of change that the client announces', async () => {
    const answer = await put('/dated.txt', 'dated', { 'x-oc-mtime': '1239252000' });
    expect([answer.status, answer.headers['x-oc-mtime']]).toEqual([201, 'accepted']);
    expect(valueIn(await find('/dated.txt'), 'getlastmodified')).toBe('Thu, 09 Apr 2009 04:40:00 GMT');
    expect((await info('dated.txt'))?.mtime).toBe('2009-04-09T04:40:00.000Z');
    // Of the same bytes too, or a client that syncs would send them each time.
    expect(await statusOf(put('/dated.txt', 'dated', { 'x-oc-mtime': '1239252001.25' }))).toBe(204);
    expect((await info('dated.txt'))?.mtime).toBe('2009-04-09T04:40:01.250Z');
    const { version } = (await info('dated.txt'))!;
    await put('/dated.txt', 'dated', { 'x-oc-mtime': '1239252001.25' });
    expect((await info('dated.txt'))?.version).toBe(version);
  });

  it('are stored, and told so, where other bytes come before the time of change is written', async () => {
    await put('/raced.txt', 'same');
    const { version } = (await info('raced.txt'))!;
    const files = node.node.app.get(Files);
    const change = files.changeAttributes.bind(files);
    files.changeAttributes = async (...asked) => {
      await put('/raced.txt', 'other');
      return change(...asked);
    };
    try {
      const answer = await put('/raced.txt', 'same', { 'x-oc-mtime': '1239252000' });
      expect([answer.status, answer.headers['x-oc-mtime']]).toEqual([204, undefined]);
      expect(answer.headers['x-dfs-version']).toBe(version);
    } finally {
      files.changeAttributes = change;
    }
    expect((await dav('GET', '/raced.txt')).text).toBe('other');
  });

  it('have the name that was meant, where a client does not encode the destination', async () => {
    const token = await keyOf(node, { name: 'plain', scope: 'write' });
    await put('/green.txt', 'green');
    const head = `MOVE /dav/green.txt HTTP/1.1\r\nHost: 127.0.0.1:${node.port}\r\nAuthorization: Bearer ${token}\r\n`;
    const answer = await node.raw(Buffer.from(`${head}Destination: /dav/grün.txt\r\nConnection: close\r\n\r\n`));
    expect([answer.slice(0, 12), (await info('grün.txt'))?.size]).toEqual(['HTTP/1.1 201', 5]);
  });

  it('are refused at addresses that can be none', async () => {
    for (const [path, status] of [
      ...([
        ['/..%2fetc', 400],
        ['/a/%2e%2e/b', 400],
        ['/%FF', 400],
        ['/%', 400],
        ['/a%00b', 400],
      ] as const),
      ...([
        [`/${'x'.repeat(1025)}`, 400],
        ['/a%5Cb', 400],
        [`/${'y/'.repeat(600)}`, 400],
      ] as const),
    ]) {
      expect([path.slice(0, 20), await statusOf(put(path, 'a'))]).toEqual([path.slice(0, 20), status]);
    }
  });
});

describe('a list over WebDAV', () => {
  beforeAll(async () => {
    await dav('MKCOL', '/list');
    await dav('MKCOL', '/list/folder');
    await put('/list/a.txt', 'a');
  });

  it('has one level, and never all of them', async () => {
    expect(hrefsIn(await find('/list', '1'))).toEqual(['/dav/list/', '/dav/list/folder/', '/dav/list/a.txt']);
    expect(hrefsIn(await find('/list', '0'))).toEqual(['/dav/list/']);
    for (const headers of [{ depth: 'infinity' }, {} as Record<string, string>]) {
      const answer = await dav('PROPFIND', '/list', { headers });
      expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('<D:propfind-finite-depth/>')]);
    }
    expect(hrefsIn(await find('/list/a.txt', 'infinity'))).toEqual(['/dav/list/a.txt']);
    expect(await statusOf(find('/list', '7'))).toBe(400);
  });

  it('goes on over pages', async () => {
    await fill(node, 'many', 510);
    const hrefs = hrefsIn(await find('/many', '1'));
    expect([hrefs.length, hrefs[1], hrefs.at(-1)]).toEqual([511, '/dav/many/0000.txt', '/dav/many/0509.txt']);
    expect(new Set(hrefs).size).toBe(511);
  });

  it('tells what is asked for, and what there is not', async () => {
    const ask = (inner: string, path = '/list/a.txt'): Promise<DavAnswer> =>
      dav('PROPFIND', path, { headers: { depth: '0' }, body: `<D:propfind xmlns:D="DAV:">${inner}</D:propfind>` });
    const some = await ask('<D:prop><D:getcontentlength/><x xmlns="urn:x"/><D:resourcetype/></D:prop>');
    expect(some.text).toContain(
      '<D:propstat><D:prop><D:getcontentlength>1</D:getcontentlength><D:resourcetype/></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>' +
        '<D:propstat><D:prop><x xmlns="urn:x"/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>',
    );
    const names = await ask('<D:propname/>');
    expect(names.text).toContain('<D:getetag/>');
    const room = await ask('<D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop>', '/list');
    expect(Number(valueIn(room, 'quota-available-bytes'))).toBeGreaterThan(0);
    expect((await ask('<D:allprop/>', '/list')).text).not.toContain('quota');
    expect((await ask('<D:allprop/><D:include><D:quota-used-bytes/></D:include>', '/list')).text).toContain(
      'quota-used-bytes',
    );
    for (const body of [
      '<D:allprop/><D:propname/>',
      '',
      '<other/>',
      `<D:prop>${'<D:a/>'.repeat(1)}</D:prop><D:prop/><D:allprop/>`,
    ]) {
      expect([body, (await ask(body)).status]).toEqual([body, 400]);
    }
    const lists = Array.from({ length: 101 }, (_, at) => `<D:p${at}/>`).join('');
    expect((await ask(`<D:prop>${lists}</D:prop>`)).status).toBe(400);
  });

  it('is not to be had by XML that is a trap', async () => {
    const ask = (body: string | Uint8Array): Promise<number> =>
      statusOf(dav('PROPFIND', '/list', { headers: { depth: '0' }, body }));
    const entities = Array.from(
      { length: 9 },
      (_, at) => `<!ENTITY l${at + 1} "&l${at};&l${at};&l${at};&l${at};">`,
    ).join('');
    expect(await ask(`<!DOCTYPE x [<!ENTITY l0 "ha">${entities}]><D:propfind xmlns:D="DAV:">&l9;</D:propfind>`)).toBe(
      400,
    );
    expect(await ask('<D:propfind xmlns:D="DAV:"><D:prop>'.repeat(500))).toBe(400);
    expect(await ask(`<a>${' '.repeat(70_000)}</a>`)).toBe(413);
    expect(await ask(Buffer.from([0x3c, 0x61, 0xff, 0x3e]))).toBe(400);
    const utf16 = Buffer.from('\ufeff<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', 'utf16le');
    expect(await ask(utf16)).toBe(207);
  });
});

describe('properties over WebDAV', () => {
  beforeAll(() => put('/props.txt', 'props'));
  const change = (path: string, inner: string): Promise<DavAnswer> =>
    dav('PROPPATCH', path, { body: propertyUpdate(inner) });
  const all = (path: string): Promise<DavAnswer> => find(path);

  it('of Windows are kept, and set the time of change', async () => {
    const times = ['CreationTime', 'LastAccessTime', 'LastModifiedTime'].map(
      (name) => `<Z:Win32${name}>Thu, 09 Apr 2009 04:39:45 GMT</Z:Win32${name}>`,
    );
    const answer = await change(
      '/props.txt',
      setting(`${times.join('')}<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes>`),
    );
    expect([answer.status, answer.text.match(/HTTP\/1.1 \d+/g)]).toEqual([207, ['HTTP/1.1 200']]);
    const told = await all('/props.txt');
    expect(valueIn(told, 'getlastmodified')).toBe('Thu, 09 Apr 2009 04:39:45 GMT');
    expect(told.text).toContain(
      '<Win32FileAttributes xmlns="urn:schemas-microsoft-com:">00000020</Win32FileAttributes>',
    );
    expect((await info('props.txt'))?.mtime).toBe('2009-04-09T04:39:45.000Z');
    // Other bytes have a time of their own.
    await put('/props.txt', 'other');
    const after = await all('/props.txt');
    expect([after.text.includes('Win32FileAttributes'), after.text.includes('Win32LastModifiedTime')]).toEqual([
      true,
      false,
    ]);
    expect(valueIn(after, 'getlastmodified')).not.toContain('2009');
  });

  it('of any name are kept with the file, which may be copied and moved', async () => {
    await put('/own.txt', 'own');
    await change('/own.txt', setting('<a xmlns="urn:x"><b>größer &gt;</b></a>'));
    await dav('COPY', '/own.txt', { headers: { destination: '/dav/own-2.txt' } });
    await dav('MOVE', '/own-2.txt', { headers: { destination: '/dav/own-3.txt' } });
    const told = await all('/own-3.txt');
    expect(told.text).toContain('<a xmlns="urn:x"><b xmlns="urn:x">größer &gt;</b></a>');
    await change('/own-3.txt', '<D:remove><D:prop><a xmlns="urn:x"/></D:prop></D:remove>');
    expect((await all('/own-3.txt')).text).not.toContain('urn:x');
  });

  it('are set all or none', async () => {
    const answer = await change('/props.txt', setting('<a xmlns="urn:x">1</a><D:getetag>2</D:getetag>'));
    expect(answer.text).toMatch(
      /getetag.*403 Forbidden.*cannot-modify-protected-property.*<a xmlns="urn:x"\/>.*424 Failed Dependency/s,
    );
    expect((await all('/props.txt')).text).not.toContain('urn:x');
    const large = await change('/props.txt', setting(`<a xmlns="urn:x">${'x'.repeat(5000)}</a>`));
    expect(large.text).toContain('507 Insufficient Storage');
    expect((await change('/list', setting('<a xmlns="urn:x">1</a>'))).text).toContain('403 Forbidden');
    expect([await statusOf(change('/nothing', setting('<a/>'))), await statusOf(change('/props.txt', ''))]).toEqual([
      404, 400,
    ]);
  });
});
