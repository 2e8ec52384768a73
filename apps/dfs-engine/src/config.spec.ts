import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tempDir } from '@dfs/testing';
import { type ConfigError, parseConfig } from './config.js';

const problemsOf = (env: Record<string, string>, argv: string[] = []): readonly string[] => {
  try {
    parseConfig(env, argv);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('parseConfig', () => {
  it('has a default for everything', () => {
    expect(parseConfig({})).toMatchObject({
      dataDir: `${process.cwd()}/data`,
      http: { host: '127.0.0.1', port: 3000 },
      p2p: { host: '0.0.0.0', port: 4001 },
      join: undefined,
      apiToken: undefined,
      quota: undefined,
      founding: { replicas: 3, graceMs: 600_000, retentionMs: 2_592_000_000 },
      mdns: true,
      dht: true,
      upnp: true,
      relay: true,
      autonat: true,
      allowedHosts: [],
      basePath: '',
      trustedProxies: [],
      tls: undefined,
      drainMs: 10_000,
      logLevel: 'info',
      unknown: [],
    });
  });

  it('reads where a node stands, and the token from a file', async () => {
    const temp = await tempDir();
    try {
      const token = randomBytes(32).toString('hex');
      await writeFile(temp.file('token'), `${token}\n`);
      const env = {
        DFS_API_TOKEN_FILE: temp.file('token'),
        DFS_BASE_PATH: '/files/dfs/',
        DFS_TRUSTED_PROXY: '127.0.0.1, fd00::/8',
        DFS_TLS_CERT: '/c.pem',
        DFS_TLS_KEY: '/k.pem',
        DFS_DRAIN: '0s',
      };
      expect(parseConfig(env)).toMatchObject({
        apiToken: token,
        basePath: '/files/dfs',
        trustedProxies: ['127.0.0.1', 'fd00::/8'],
        tls: { certFile: '/c.pem', keyFile: '/k.pem' },
        drainMs: 0,
      });
      expect(problemsOf({ ...env, DFS_API_TOKEN: token })).toEqual([
        'DFS_API_TOKEN and DFS_API_TOKEN_FILE are both set: set one of them.',
      ]);
    } finally {
      await temp.remove();
    }
  });

  it('reads variables, takes an empty one for unset, and names unknown ones', () => {
    const config = parseConfig({
      DFS_DATA_DIR: '/srv/dfs',
      DFS_HTTP_HOST: '[::1]',
      DFS_HTTP_PORT: '0',
      DFS_NAME: 'Grüße 👋',
      DFS_JOIN: '',
      DFS_QUOTA: '500GiB',
      DFS_GRACE: '2s',
      DFS_MDNS: 'off',
      DFS_UPNP: 'off',
      DFS_RELAY: '0',
      DFS_AUTONAT: 'no',
      DFS_ALLOWED_HOSTS: 'Files.example, 192.168.1.20:3000',
      DFS_HTTP_PROT: '1',
      OTHER: 'x',
    });
    expect(config).toMatchObject({
      dataDir: '/srv/dfs',
      http: { host: '::1', port: 0 },
      name: 'Grüße 👋',
      join: undefined,
      quota: 500 * 1024 ** 3,
      founding: { graceMs: 2000 },
      mdns: false,
      upnp: false,
      relay: false,
      autonat: false,
      allowedHosts: ['files.example', '192.168.1.20:3000'],
      unknown: ['DFS_HTTP_PROT'],
    });
  });

  it('names help where a word is neither a command nor a flag', () => {
    expect(() => parseConfig({}, ['frob'])).toThrow('frob is neither a command nor a flag: --help lists both.');
    expect(() => parseConfig({}, ['--frob=1'])).toThrow('--frob=1 is neither a command nor a flag: --help lists both.');
  });

  it('lets a flag win, in both spellings', () => {
    const env = { DFS_HTTP_PORT: '1', DFS_P2P_PORT: '2' };
    expect(parseConfig(env, ['--http-port=10', '--p2p-port', '20'])).toMatchObject({
      http: { port: 10 },
      p2p: { port: 20 },
    });
  });

  it.each([
    ['DFS_DATA_DIR', ' '],
    ['DFS_DATA_DIR', 'a\0b'],
    ['DFS_HTTP_HOST', 'http://localhost'],
    ['DFS_HTTP_HOST', 'a host'],
    ['DFS_HTTP_PORT', '65536'],
    ['DFS_HTTP_PORT', '-1'],
    ['DFS_HTTP_PORT', '80a'],
    ['DFS_HTTP_PORT', '0x50'],
    ['DFS_P2P_HOST', 'no/host'],
    ['DFS_P2P_HOST', 'localhost'],
    ['DFS_P2P_PORT', 'any'],
    ['DFS_NAME', '   '],
    ['DFS_NAME', 'x'.repeat(65)],
    ['DFS_NAME', 'line\nbreak'],
    ['DFS_JOIN', 'hello'],
    ['DFS_JOIN', 'dfs1aaaa'],
    ['DFS_API_TOKEN', 'short'],
    ['DFS_API_TOKEN', 'with a space in it, and long'],
    ['DFS_API_TOKEN', 'x'.repeat(257)],
    ['DFS_API_TOKEN', 'a'.repeat(32)],
    ['DFS_API_TOKEN', 'password12345password12345'],
    ['DFS_API_TOKEN', '9f86d081884c7d659a2fea'],
    ['DFS_QUOTA', '101%'],
    ['DFS_QUOTA', '0%'],
    ['DFS_QUOTA', 'lots'],
    ['DFS_QUOTA', '1'],
    ['DFS_QUOTA', '-5'],
    ['DFS_QUOTA', '999999999999999TiB'],
    ['DFS_REPLICAS', '0'],
    ['DFS_REPLICAS', '1.5'],
    ['DFS_REPLICAS', '65'],
    ['DFS_GRACE', '10'],
    ['DFS_GRACE', '0s'],
    ['DFS_GRACE', '31d'],
    ['DFS_RETENTION', 'forever'],
    ['DFS_RETENTION', '9999d'],
    ['DFS_MDNS', 'maybe'],
    ['DFS_DHT', '2'],
    ['DFS_UPNP', 'auto'],
    ['DFS_RELAY', 'only'],
    ['DFS_AUTONAT', 'x'],
    ['DFS_API_TOKEN_FILE', '/does/not/exist'],
    ['DFS_API_TOKEN_FILE', '/dev/null'],
    ['DFS_BASE_PATH', 'dfs'],
    ['DFS_BASE_PATH', '/a b'],
    ['DFS_BASE_PATH', '/../x'],
    ['DFS_TRUSTED_PROXY', 'proxy.example'],
    ['DFS_TRUSTED_PROXY', '10.0.0.0/33'],
    ['DFS_TLS_CERT', '/only/one.pem'],
    ['DFS_DRAIN', '11m'],
    ['DFS_DRAIN', 'long'],
    ['DFS_ALLOWED_HOSTS', 'http://x.example/'],
    ['DFS_ALLOWED_HOSTS', '*'],
    ['DFS_ALLOWED_HOSTS', Array.from({ length: 65 }, (_, i) => `h${i}.example`).join(',')],
    ['DFS_LOG_LEVEL', 'loud'],
    ['DFS_NAME', 'x'.repeat(10_000)],
  ])('refuses a bad %s (case %#) in one clear line', (variable, value) => {
    const problems = problemsOf({ [variable]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${variable} (must|is) [^\\n]+\\.$`));
    expect(problems[0]?.length).toBeLessThan(250);
  });

  it('says of a ticket once what is wrong with it', () => {
    expect(problemsOf({ DFS_JOIN: 'hello' })).toEqual([
      'DFS_JOIN is refused. This is not a ticket: a ticket starts with dfs1.',
    ]);
    expect(problemsOf({ DFS_JOIN: 'dfs1aaaa' })).toEqual([
      'DFS_JOIN is refused. The ticket is mistyped: its check does not fit. Copy it again as a whole.',
    ]);
  });

  it('tells all bad values at once, and no secret', () => {
    const problems = problemsOf({ DFS_HTTP_PORT: 'x', DFS_API_TOKEN: 'hunter2', DFS_JOIN: 'dfs1secret' }, [
      '--replicas=many',
      '--colour=red',
      'loose',
      '--name',
    ]);
    expect(problems).toHaveLength(7);
    expect(problems.join('\n')).not.toMatch(/hunter2|secret/);
  });
});
