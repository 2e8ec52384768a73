import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { delimiter, isAbsolute, resolve } from 'node:path';
import { DfsError, GiB, KiB, MiB, day, hour, minute, second } from '@dfs/runtime';
import { MAX_NAME_LENGTH, decodeTicket } from '@dfs/protocol';
import { isStrongToken } from './access/token-strength.js';

/** The whole configuration of a node, checked once, before anything starts. */
export interface Config {
  /** Absolute. */
  readonly dataDir: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly p2p: { readonly host: string; readonly port: number };
  /** Undefined leaves it to what was set before, and to the host's name. */
  readonly name: string | undefined;
  /** A ticket, still as it was written. */
  readonly join: string | undefined;
  readonly apiToken: string | undefined;
  /** Bytes, or a share of the file system; undefined leaves it to what was set before. */
  readonly quota: number | { readonly percent: number } | undefined;
  /** Seeds the settings of a network that this node founds. Milliseconds. */
  readonly founding: { readonly replicas: number; readonly graceMs: number; readonly retentionMs: number };
  readonly mdns: boolean;
  readonly dht: boolean;
  /** Open the port at the gateway of the local network. */
  readonly upnp: boolean;
  /** Pass connections on for other members, and be reached through others. */
  readonly relay: boolean;
  /** Have other members try whether this node's public addresses work. */
  readonly autonat: boolean;
  /** `host` or `host:port`, in lower case. */
  readonly allowedHosts: readonly string[];
  /** Where console and API stand behind a proxy: empty, or such as `/dfs`. */
  readonly basePath: string;
  /** IP addresses and ranges of proxies that tell of the client. */
  readonly trustedProxies: readonly string[];
  /** Paths of PEM files; undefined for plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Milliseconds for which work under way goes on once the node is told to stop. */
  readonly drainMs: number;
  /** Directories under which live folders may be bound, absolute; undefined: `DFS` in the home directory. */
  readonly folderRoots: readonly string[] | undefined;
  readonly logLevel: LogLevel;
  /** Variables that look like ours and are not. */
  readonly unknown: readonly string[];
}

/** As pino has them, and `silent`. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
/** From this level on lines are written; `silent` writes none. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Of the file system, where nobody has said otherwise. */
export const DEFAULT_QUOTA = { percent: 80 };

/** Every bad value at once, each with what was expected. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

const MAX_VALUE_LENGTH = 8192;
const MAX_TOKEN_LENGTH = 256;
const MAX_ALLOWED_HOSTS = 64;
const MAX_FOLDER_ROOTS = 64;
const MIN_QUOTA_BYTES = 16 * MiB;
const MAX_REPLICAS = 64;
const MAX_PORT = 65_535;
const UNITS: Record<string, number> = { ms: 1, s: second, m: minute, h: hour, d: day };
const SIZES: Record<string, number> = { '': 1, B: 1, KiB, MiB, GiB, TiB: 1024 * GiB };

type Parse<T> = (value: string) => T;

const VARIABLES = [
  'DFS_DATA_DIR',
  'DFS_HTTP_HOST',
  'DFS_HTTP_PORT',
  'DFS_P2P_HOST',
  'DFS_P2P_PORT',
  'DFS_NAME',
  'DFS_JOIN',
  'DFS_API_TOKEN',
  'DFS_API_TOKEN_FILE',
  'DFS_QUOTA',
  'DFS_REPLICAS',
  'DFS_GRACE',
  'DFS_RETENTION',
  'DFS_MDNS',
  'DFS_DHT',
  'DFS_UPNP',
  'DFS_RELAY',
  'DFS_AUTONAT',
  'DFS_ALLOWED_HOSTS',
  'DFS_BASE_PATH',
  'DFS_TRUSTED_PROXY',
  'DFS_TLS_CERT',
  'DFS_TLS_KEY',
  'DFS_DRAIN',
  'DFS_FOLDER_ROOTS',
  'DFS_LOG_LEVEL',
] as const;
/** A variable of the environment, and with it a flag. */
export type Variable = (typeof VARIABLES)[number];

/** The configuration of this process. @throws ConfigError */
export function readConfig(argv: readonly string[] = process.argv.slice(2)): Config {
  return parseConfig(process.env, argv);
}

/**
 * From environment variables and flags: `DFS_HTTP_PORT=0` and `--http-port=0` (or `--http-port 0`) are the same; a flag
 * wins.
 * @throws ConfigError naming every bad value
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>, argv: readonly string[] = []): Config {
  const problems: string[] = [];
  const flags = parseFlags(argv, problems);
  const read = <T>(name: Variable, fallback: T, parse: Parse<T>): T => {
    const flag = flags.get(name);
    const value = flag ?? env[name];
    if (value === undefined || (flag === undefined && value === '')) return fallback;
    try {
      if (value.length > MAX_VALUE_LENGTH) throw new Error(`is longer than ${MAX_VALUE_LENGTH} characters`);
      return parse(value);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}.`);
      return fallback;
    }
  };
  const given = read('DFS_API_TOKEN', undefined, token);
  const kept = read('DFS_API_TOKEN_FILE', undefined, tokenFile);
  if (given !== undefined && kept !== undefined)
    problems.push('DFS_API_TOKEN and DFS_API_TOKEN_FILE are both set: set one of them.');
  const certFile = read('DFS_TLS_CERT', undefined, file);
  const keyFile = read('DFS_TLS_KEY', undefined, file);
  if ((certFile === undefined) !== (keyFile === undefined))
    problems.push('DFS_TLS_CERT must be set together with DFS_TLS_KEY, or neither of them.');
  const config: Config = {
    dataDir: read('DFS_DATA_DIR', resolve('data'), folder),
    http: { host: read('DFS_HTTP_HOST', '127.0.0.1', host), port: read('DFS_HTTP_PORT', 3000, port) },
    p2p: { host: read('DFS_P2P_HOST', '0.0.0.0', address), port: read('DFS_P2P_PORT', 4001, port) },
    name: read('DFS_NAME', undefined, name),
    join: read('DFS_JOIN', undefined, ticket),
    apiToken: given ?? kept,
    quota: read('DFS_QUOTA', undefined, quota),
    founding: {
      replicas: read('DFS_REPLICAS', 3, integer(1, MAX_REPLICAS)),
      graceMs: read('DFS_GRACE', 10 * minute, duration(second, 30 * day)),
      retentionMs: read('DFS_RETENTION', 30 * day, duration(second, 3650 * day)),
    },
    mdns: read('DFS_MDNS', true, onOff),
    dht: read('DFS_DHT', true, onOff),
    upnp: read('DFS_UPNP', true, onOff),
    relay: read('DFS_RELAY', true, onOff),
    autonat: read('DFS_AUTONAT', true, onOff),
    allowedHosts: read('DFS_ALLOWED_HOSTS', [], hosts),
    basePath: read('DFS_BASE_PATH', '', basePath),
    trustedProxies: read('DFS_TRUSTED_PROXY', [], proxies),
    tls: certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined,
    drainMs: read('DFS_DRAIN', 10 * second, duration(0, 10 * minute)),
    folderRoots: read('DFS_FOLDER_ROOTS', undefined, folders),
    logLevel: read('DFS_LOG_LEVEL', 'info', logLevel),
    unknown: Object.keys(env).filter((key) => key.startsWith('DFS_') && !isVariable(key)),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function parseFlags(argv: readonly string[], problems: string[]): Map<Variable, string> {
  const flags = new Map<Variable, string>();
  for (let at = 0; at < argv.length; at++) {
    const match = /^--([a-z0-9][a-z0-9-]*)(?:=([\s\S]*))?$/.exec(argv[at] ?? '');
    const name = `DFS_${match?.[1]?.replaceAll('-', '_').toUpperCase()}`;
    if (!match || !isVariable(name)) {
      problems.push(`${(argv[at] ?? '').slice(0, 60)} is neither a command nor a flag: --help lists both.`);
      continue;
    }
    const value = match[2] ?? argv[++at];
    if (value === undefined) problems.push(`--${match[1]} needs a value.`);
    else flags.set(name, value);
  }
  return flags;
}

function isVariable(name: string): name is Variable {
  return (VARIABLES as readonly string[]).includes(name);
}

function fail(expected: string, value: string): never {
  throw new Error(`must be ${expected}, not ${JSON.stringify(value.slice(0, 60))}`);
}

function folder(value: string): string {
  if (value.trim() === '' || value.includes('\0')) fail('the path of a folder', value);
  return isAbsolute(value) ? value : resolve(value);
}

/** With the separator of paths of the platform between them, as `PATH` has it. */
function folders(value: string): string[] {
  const list = value.split(delimiter).filter((item) => item.trim() !== '');
  if (list.length > MAX_FOLDER_ROOTS) fail(`at most ${MAX_FOLDER_ROOTS} directories`, value);
  for (const item of list)
    if (!isAbsolute(item)) fail(`whole paths of directories, with ${delimiter} between them`, item);
  return list.map(folder);
}

function integer(min: number, max: number): Parse<number> {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
    return number >= min && number <= max ? number : fail(`an integer from ${min} to ${max}`, value);
  };
}

const port = integer(0, MAX_PORT);

function host(value: string): string {
  const bare = value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value;
  const valid = /^[A-Za-z0-9.-]{1,253}$/.test(bare) || /^[0-9A-Fa-f:.]{2,45}$/.test(bare);
  return valid ? bare : fail('a host name or an IP address to listen at, such as 127.0.0.1', value);
}

/** Where peers connect to: told to them as it is, so it must be an address. */
function address(value: string): string {
  return isIP(value) ? value : fail('an IP address to listen at, such as 0.0.0.0', value);
}

function name(value: string): string {
  const tidy = value.trim().normalize('NFC');
  const valid = tidy !== '' && tidy.length <= MAX_NAME_LENGTH && tidy.isWellFormed() && !/\p{C}/u.test(tidy);
  return valid ? tidy : fail(`a name of 1 to ${MAX_NAME_LENGTH} characters`, value);
}

/** Never repeated in a message: a ticket is a secret. */
function ticket(value: string): string {
  try {
    decodeTicket(value);
    return value;
  } catch (error) {
    const why = error instanceof DfsError ? error.message.replace(/\.$/, '') : 'The ticket is malformed';
    throw new Error(`is refused. ${why}`, { cause: error });
  }
}

/** Never repeated in a message. */
function token(value: string): string {
  const such = 'such as the output of: openssl rand -hex 32';
  if (!/^[\x21-\x7e]+$/.test(value) || value.length > MAX_TOKEN_LENGTH)
    throw new Error(`must have at most ${MAX_TOKEN_LENGTH} visible ASCII characters, ${such}`);
  if (!isStrongToken(value)) throw new Error(`must be harder to guess, with at least 128 random bits, ${such}`);
  return value;
}

/** The token in a file, as container hosts hand secrets over. Never repeated in a message. */
function tokenFile(value: string): string {
  let text: string;
  try {
    text = readFileSync(file(value), 'utf8');
  } catch (cause) {
    throw new Error(`must be a file that can be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`, {
      cause,
    });
  }
  return token(text.trim());
}

function file(value: string): string {
  if (value.trim() === '' || value.includes('\0')) fail('the path of a file', value);
  return resolve(value);
}

/** Without the slash at its end: `/` is the root, which is none. */
function basePath(value: string): string {
  const bare = value.replace(/\/+$/, '');
  if (bare !== '' && !/^(?:\/[A-Za-z0-9_-][A-Za-z0-9._~-]*)+$/.test(bare)) fail('a path such as /dfs', value);
  return bare;
}

function proxies(value: string): string[] {
  const list = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (list.length > MAX_ALLOWED_HOSTS) fail(`at most ${MAX_ALLOWED_HOSTS} addresses`, value);
  for (const item of list) {
    const [address = '', bits, ...more] = item.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(address) === 0 || !isRange || more.length > 0) {
      fail('IP addresses or ranges such as 127.0.0.1 or 10.0.0.0/8, with commas between them', item);
    }
  }
  return list;
}

function quota(value: string): number | { percent: number } {
  const expected = `bytes (at least ${MIN_QUOTA_BYTES}), such as 500000000000 or 500GiB, or a share of the disk such as 80%`;
  const percent = /^(\d{1,3})\s*%$/.exec(value)?.[1];
  if (percent !== undefined) {
    const share = Number(percent);
    return share >= 1 && share <= 100 ? { percent: share } : fail(expected, value);
  }
  const [, digits, unit] = /^(\d{1,15})\s*(|B|KiB|MiB|GiB|TiB)$/.exec(value) ?? [];
  const bytes = Number(digits) * (SIZES[unit ?? ''] ?? NaN);
  return Number.isSafeInteger(bytes) && bytes >= MIN_QUOTA_BYTES ? bytes : fail(expected, value);
}

function duration(min: number, max: number): Parse<number> {
  return (value) => {
    const [, digits, unit] = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(value) ?? [];
    const time = Number(digits) * (UNITS[unit ?? ''] ?? NaN);
    if (time >= min && time <= max) return time;
    return fail(
      `a time such as 30s, 10m, 12h or 30d, from ${min / second}s to ${max < day ? `${max / minute}m` : `${max / day}d`}`,
      value,
    );
  };
}

function onOff(value: string): boolean {
  switch (value.toLowerCase()) {
    case 'on':
    case 'true':
    case 'yes':
    case '1':
      return true;
    case 'off':
    case 'false':
    case 'no':
    case '0':
      return false;
    default:
      return fail('on or off', value);
  }
}

function hosts(value: string): string[] {
  const list = value
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
  if (list.length > MAX_ALLOWED_HOSTS) fail(`at most ${MAX_ALLOWED_HOSTS} hosts`, value);
  for (const item of list) {
    const valid = /^(?:[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/.test(item);
    if (!valid) fail('hosts such as files.example or 192.168.1.20:3000, with commas between them', item);
  }
  return list;
}

function logLevel(value: string): LogLevel {
  return LOG_LEVELS.find((level) => level === value.toLowerCase()) ?? fail(`one of ${LOG_LEVELS.join(', ')}`, value);
}

/** The name of a node that nobody has named. */
export function defaultName(): string {
  return hostname().slice(0, MAX_NAME_LENGTH) || 'node';
}
