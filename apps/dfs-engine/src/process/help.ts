import type { Variable } from '../config.js';

/** Each variable's default, and a line on it for people. */
const ABOUT: Record<Variable, readonly [string, string]> = {
  DFS_DATA_DIR: ['./data', 'identity, database, chunks, token and log; one node per folder'],
  DFS_HTTP_HOST: ['127.0.0.1', 'where console and API listen'],
  DFS_HTTP_PORT: ['3000', 'the port of console and API; 0 picks a free one'],
  DFS_P2P_HOST: ['0.0.0.0', 'where other nodes connect'],
  DFS_P2P_PORT: ['4001', 'the port where other nodes connect; 0 picks a free one'],
  DFS_NAME: ['the host’s name', 'the name that other members see'],
  DFS_JOIN: ['', 'a ticket: join that network'],
  DFS_API_TOKEN: ['made at first start', 'fixes the token, 128 random bits or more'],
  DFS_API_TOKEN_FILE: ['', 'a file with the token, such as a secret of a container host'],
  DFS_QUOTA: ['80%', 'room for chunks: bytes, 500GiB, or a share of the disk'],
  DFS_REPLICAS: ['3', 'copies of each file, set when a node founds a network'],
  DFS_GRACE: ['10m', 'how long a node may be away before its copies no longer count'],
  DFS_RETENTION: ['30d', 'how long the content of deleted files and old versions is kept, while there is room'],
  DFS_MDNS: ['on', 'find nodes in the local network'],
  DFS_DHT: ['on', 'announce and find holders in the network’s own DHT'],
  DFS_UPNP: ['on', 'ask the router to forward the port'],
  DFS_RELAY: ['on', 'connect members through this node, and this node through others'],
  DFS_AUTONAT: ['on', 'let other members try this node’s public addresses, and try theirs'],
  DFS_ALLOWED_HOSTS: ['', 'more host names that open the console, separated by commas'],
  DFS_BASE_PATH: ['', 'where console and API stand behind a proxy, such as /dfs'],
  DFS_TRUSTED_PROXY: [
    '',
    'proxies whose X-Forwarded-For, -Host and -Proto count: addresses or ranges, separated by commas',
  ],
  DFS_TLS_CERT: ['', 'a PEM file with the certificate: console and API by HTTPS'],
  DFS_TLS_KEY: ['', 'a PEM file with its key'],
  DFS_DRAIN: ['10s', 'how long work under way goes on when the node is told to stop'],
  DFS_FOLDER_ROOTS: ['~/DFS', 'directories under which live folders may be bound, separated as in PATH'],
  DFS_LOG_LEVEL: ['info', 'fatal, error, warn, info, debug, trace or silent'],
};

/** Every flag and variable, with its default and what it does. */
export function helpText(): string {
  const rows = Object.entries(ABOUT).map(([variable, [fallback, about]]) => ({
    flag: `--${variable.slice('DFS_'.length).toLowerCase().replaceAll('_', '-')}`,
    variable,
    about: fallback === '' ? about : `${about} (${fallback})`,
  }));
  const widths = (['flag', 'variable'] as const).map((key) => Math.max(...rows.map((row) => row[key].length)) + 2);
  return [
    'A node of DFS, a peer-to-peer distributed file system.',
    '',
    'Without a command it runs until SIGTERM or Ctrl-C. Commands, for a node that does not run:',
    '  check [--quick] [--json]   look the data directory over, and change nothing',
    '  restore [--force]          bring the database back from its newest snapshot',
    '  rebuild [--force]          make the database anew from chunks and journal',
    '',
    'By flags (--http-port=3001) or by the environment (DFS_HTTP_PORT=3001); a flag wins:',
    ...rows.map(({ flag, variable, about }) => `  ${flag.padEnd(widths[0]!)}${variable.padEnd(widths[1]!)}${about}`),
    '',
    '  --help, -h       this text',
    '  --version, -v    the version',
    '',
  ].join('\n');
}
