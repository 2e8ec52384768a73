import type { OpenAPIObject } from '@nestjs/swagger';
import type { SeededRandom } from '@dfs/testing';

type Json = Record<string, unknown>;

/** One request of a fuzzer, to be sent as it is. */
export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

interface Operation {
  operationId: string;
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Json }[];
  requestBody?: { content: Record<string, { schema: Json }> };
}

/** Texts that programs stumble over. */
const HOSTILE = [
  ...[
    '',
    ' ',
    '.',
    '..',
    '../../etc/passwd',
    '/',
    'a//b',
    'a/',
    '\\',
    '\u0000',
    'a\u0000b',
    '\u202e',
    '\ud800',
    'é',
    'e\u0301',
  ],
  ...[
    '👋',
    'ß'.repeat(600),
    'a'.repeat(256),
    'a'.repeat(1024),
    'a'.repeat(1025),
    'a'.repeat(5000),
    '%',
    '%00',
    '*',
    '"',
    "'--",
  ],
  ...[
    'null',
    'undefined',
    'true',
    '-1',
    '0',
    '1e3',
    '0x10',
    '1.5',
    'NaN',
    '9007199254740993',
    '-9007199254740993',
    '1'.repeat(40),
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '[object Object]',
    '${x}',
    '{{x}}',
    '<script>',
    'v:',
    '"v:0"',
    'W/"x"',
    'bytes=0-',
  ],
  ...['2026-01-31T12:00:00Z', '2026-02-30T12:00:00Z', 'Thu, 01 Jan 1970 00:00:00 GMT', 'dfs1', '/ip4/127.0.0.1/tcp/1'],
];
/** Values of another type than was asked for. */
const WRONG: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e21, -0, 2 ** 53, '', 'x', [], {}, [null], [[]], { a: 1 }, [1, 'x', null]],
  ...[{ toString: 1 }, { length: 5 }, { __proto__: null }, 'x'.repeat(10_000)],
];
/** Headers that any request may carry, with values that make sense to some and none to others. */
const HEADERS: Record<string, string[]> = {
  'if-match': ['*', '"x"', 'W/"x"', 'x', `"v:${'0'.repeat(64)}"`, '', '"a", "b"', '"'.repeat(50)],
  'if-none-match': ['*', '"x"', 'x', '**'],
  'if-unmodified-since': ['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 2100 23:59:59 GMT', 'yesterday', '0'],
  'if-modified-since': ['Fri, 31 Dec 2100 23:59:59 GMT', 'x'],
  'if-range': ['"x"', 'x', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  range: [
    'bytes=0-0',
    'bytes=-1',
    'bytes=5-',
    'bytes=99999999-',
    'bytes=2-1',
    'bytes=0-0,2-3',
    'lines=1-2',
    'bytes=',
    'x',
  ],
  accept: ['*/*', 'text/html', 'application/json', 'x', 'image/png;q=0', ''],
  'content-type': [
    'application/json',
    'application/json; charset=utf-16',
    'text/plain',
    'multipart/form-data',
    'x',
    '',
  ],
  'content-encoding': ['gzip', 'identity', 'br', 'x'],
  'repr-digest': ['sha-256=:AAAA:', 'x', 'sha-256=::', 'md5=:AAAA:', 'sha-256=?1', ':::'],
  'content-digest': ['sha-512=:AAAA:', 'sha-256'],
  'x-dfs-mtime': ['0', '-1', '5', '2026-02-30T00:00:00Z', 'x', '9'.repeat(15), '9'.repeat(16)],
  'x-dfs-executable': ['true', 'false', 'yes', ''],
  'x-dfs-meta-a': ['x', '%', '%00', '%ff', 'ü'.repeat(10), 'y'.repeat(4000)],
  'x-dfs-meta-__proto__': ['x'],
  'sec-fetch-dest': ['document', 'script', 'image', 'x'],
  'sec-fetch-site': ['cross-site', 'same-origin'],
  origin: ['http://evil.example', 'null', 'x'],
  cookie: ['a=b', 'dfs_=x', '=;;=', 'x'.repeat(2000)],
  host: ['evil.example', '127.0.0.1', ''],
  'x-http-method-override': ['DELETE'],
  'x-request-id': ['a', 'x'.repeat(300)],
  expect: ['100-continue', 'x'],
  'accept-encoding': ['gzip', 'br;q=0'],
};
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'BREW'];
/** Values that are kept of each kind. */
const KEPT = 64;
const BOUNDARY = 'fuzzBOUNDARY';

/**
 * Makes requests of a document: right ones, and such with wrong types, sizes, depths, encodings, headers and methods. Later
 * requests use ids, versions and cursors of earlier answers, so that they reach what is behind the checks. The same seed and
 * the same answers make the same requests.
 */
export class Fuzzer {
  private readonly operations: { path: string; method: string; operation: Operation }[];
  private readonly known = new Map<string, unknown[]>();
  private readonly fixed = new Map<string, string>();

  constructor(
    private readonly document: OpenAPIObject,
    private readonly random: SeededRandom,
    /** Tokens that open the node: its own first, keys after it. */
    private readonly tokens: string[],
  ) {
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as unknown as Record<string, Operation>).map(([method, operation]) => ({
        ...{ path, operation },
        method: method.toUpperCase(),
      })),
    );
  }

  /** A value to be used for a parameter or field of that name. */
  remember(name: string, value: unknown): void {
    const values = this.known.get(name) ?? [];
    this.known.set(name, values);
    if (values.length >= KEPT) values[this.random.int(0, KEPT - 1)] = value;
    else values.push(value);
  }

  /** The same, where another text would cost time: no other is sent. */
  insist(name: string, value: string): void {
    this.fixed.set(name, value);
  }

  /** A key that was ended meanwhile: as wrong ones it would be slowed down from now on. */
  drop({ headers }: FuzzRequest): void {
    const at = this.tokens.findIndex((token) => headers['authorization'] === `Bearer ${token}`);
    if (at > 0) this.tokens.splice(at, 1);
  }

  /** Takes what an answer tells. */
  learn(answer: unknown): void {
    if (Array.isArray(answer)) for (const item of answer.slice(0, 3)) this.learn(item);
    else if (typeof answer === 'object' && answer !== null) {
      for (const [name, value] of Object.entries(answer)) {
        if (typeof value === 'string' && value !== '') {
          this.remember(name, value);
          if (name === 'nextCursor') this.remember('cursor', value);
          if (name === 'id' && value.length === 26) this.remember('fileId', value);
          if (name === 'version') this.remember('If-Match', `"v:${value}"`);
          if (name === 'contentId') this.remember('If-Match', `"${value}"`);
        } else this.learn(value);
      }
    }
  }

  /** Operations there are, by name. */
  get names(): string[] {
    return this.operations.map(({ operation }) => operation.operationId);
  }

  next(): FuzzRequest & { name: string } {
    const { path, method, operation } = this.random.pick(this.operations);
    // Most are right but for one thing or two: what is all wrong is refused at the first check.
    const wild = this.random.pick([0, 0, 0.1, 0.1, 0.3, 0.8]);
    const chance = (share: number): boolean => this.random.next() < share * wild;
    const headers: Record<string, string> = {};
    const [owner, ...keys] = this.tokens;
    const token = keys.length > 0 && this.random.next() < 0.2 ? this.random.pick(keys) : owner;
    if (!chance(0.15)) headers['authorization'] = `Bearer ${token}`;
    else if (chance(0.5)) headers['authorization'] = this.random.pick(['Basic eDp5', 'Bearer', 'x', '']);
    let target = path;
    const query: string[] = [];
    for (const parameter of operation.parameters ?? []) {
      const { name } = parameter;
      if (!parameter.required && this.random.next() < 0.6) continue;
      if (parameter.required && chance(0.1)) continue;
      const value = chance(0.5) ? this.random.pick(HOSTILE) : asText(this.value(name, parameter.schema));
      if (parameter.in === 'path') target = target.replace(`{${name}}`, encoded(value) || '-');
      else if (parameter.in === 'query')
        query.push(`${name}=${chance(0.1) ? this.random.pick(['%', '%E0%A4', '%zz', '%00', '+']) : encoded(value)}`);
      else headers[name.toLowerCase()] = headerValue(value);
    }
    target = target.replace(/\{\w+\}/g, '-');
    if (chance(0.2)) query.push(`${encoded(this.random.pick(HOSTILE))}=${encoded(this.random.pick(HOSTILE))}`);
    if (chance(0.1)) query.push(...query);
    const body = this.body(operation, headers, chance);
    for (let more = 0; chance(0.7) && more < 4; more += 1) {
      const name = this.random.pick(Object.keys(HEADERS));
      headers[name] = headerValue(this.random.pick(HEADERS[name]!));
    }
    const request: FuzzRequest = {
      method: chance(0.15) ? this.random.pick(METHODS) : method,
      path: target + (query.length > 0 ? `?${query.join('&')}` : ''),
      headers,
      ...(body === undefined ? {} : { body }),
    };
    return { ...request, name: operation.operationId };
  }

  private body(
    operation: Operation,
    headers: Record<string, string>,
    chance: (share: number) => boolean,
  ): Buffer | undefined {
    const content = operation.requestBody?.content;
    if (!content) return chance(0.2) ? Buffer.from(this.random.pick(['x', '{}', '[]', '{"a":1}'])) : undefined;
    const type = this.random.pick(Object.keys(content));
    if (chance(0.05)) return undefined;
    headers['content-type'] =
      type === '*/*' ? this.random.pick(['text/plain', 'image/png', 'application/octet-stream']) : type;
    if (type === 'application/json') return this.jsonBody(content[type]!.schema, chance);
    if (type === 'multipart/form-data') {
      headers['content-type'] = `multipart/form-data; boundary=${chance(0.2) ? 'other' : BOUNDARY}`;
      return this.form(chance);
    }
    return Buffer.from(this.random.bytes(this.random.pick([0, 1, 10, 1000, 5000, 300_000])));
  }

  private jsonBody(schema: Json, chance: (share: number) => boolean): Buffer {
    if (chance(0.3)) {
      return this.random.pick([
        () => Buffer.from('{'),
        () => Buffer.from('[1,2]'),
        () => Buffer.from('"x"'),
        () => Buffer.from('null'),
        () => Buffer.from('{"path":"a","path":"b"}'),
        () => Buffer.from('{"__proto__":{"path":"x"},"constructor":1}'),
        () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
        () => Buffer.from(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
        () => Buffer.from(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
        () => Buffer.from(JSON.stringify({ path: 'x'.repeat(70_000) })),
        () => Buffer.from(JSON.stringify({ paths: new Array(200_000).fill('x') })),
      ])();
    }
    const value = this.value('', schema, chance) as Json;
    if (chance(0.2) && typeof value === 'object' && value !== null)
      value[this.random.pick(HOSTILE)] = this.random.pick(WRONG);
    return Buffer.from(JSON.stringify(value) ?? 'null');
  }

  private form(chance: (share: number) => boolean): Buffer {
    const parts: Buffer[] = [];
    for (let count = this.random.int(0, 4); count > 0; count -= 1) {
      const path = chance(0.4) ? this.random.pick(HOSTILE) : this.path();
      if (this.random.next() < 0.5) parts.push(part('path', path));
      if (chance(0.4))
        parts.push(
          part(this.random.pick(['mtime', 'executable', 'meta', 'manifest', 'x', '']), this.random.pick(HOSTILE)),
        );
      const bytes = Buffer.from(this.random.bytes(this.random.pick([0, 5, 3000])));
      parts.push(part('file', bytes, chance(0.3) ? this.random.pick(HOSTILE) : path));
    }
    const end = chance(0.2) ? this.random.pick(['', '--', `--${BOUNDARY}`]) : `--${BOUNDARY}--\r\n`;
    return Buffer.concat([...parts, Buffer.from(end)]);
  }

  private path(): string {
    return `${this.random.pick(['a', 'b', 'c/d', 'ü', 'deep/er/still'])}/${this.random.int(0, 30)}`;
  }

  /** A value that fits a schema, and where `chance` says so one that does not. */
  private value(name: string, schema: Json, chance: (share: number) => boolean = () => false): unknown {
    const { random } = this;
    const fixed = this.fixed.get(name);
    if (chance(0.25))
      return random.pick(fixed === undefined ? [...WRONG, ...HOSTILE] : WRONG.filter((one) => !isText(one)));
    if (fixed !== undefined) return fixed;
    if (typeof schema['$ref'] === 'string') return this.value(name, this.resolve(schema['$ref']), chance);
    if (Array.isArray(schema['enum'])) return random.pick(schema['enum'] as unknown[]);
    const known = this.known.get(name);
    if (known && random.next() < (name === 'path' ? 0.5 : 0.85)) return random.pick(known);
    const type = random.pick([schema['type']].flat() as string[]);
    const { minimum = 0, maximum = 1_000_000 } = schema as { minimum?: number; maximum?: number };
    switch (type) {
      case 'object': {
        const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>);
        const required = (schema['required'] ?? []) as string[];
        const chosen = properties.filter(([field]) => (required.includes(field) ? !chance(0.1) : random.next() < 0.4));
        return Object.fromEntries(chosen.map(([field, of]) => [field, this.value(field, of, chance)]));
      }
      case 'array':
        return Array.from({ length: chance(0.05) ? 1500 : random.int(0, 3) }, () =>
          this.value('', schema['items'] as Json, chance),
        );
      case 'integer':
      case 'number':
        return random.pick([
          minimum,
          maximum,
          minimum - 1,
          maximum + 1,
          random.int(minimum, Math.min(maximum, minimum + 1000)),
        ]);
      case 'boolean':
        return random.next() < 0.5;
      case 'null':
        return null;
      default:
        return schema['format'] === 'date-time' ? '2026-01-31T12:00:00Z' : this.path();
    }
  }

  private resolve(ref: string): Json {
    return (this.document.components?.schemas?.[ref.slice('#/components/schemas/'.length)] ?? {}) as Json;
  }
}

/** The text `x` of other values is none of these. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function part(name: string, value: string | Buffer, file?: string): Buffer {
  const quoted = (text: string): string => text.replace(/["\r\n]/g, '%22');
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${quoted(name)}"${file === undefined ? '' : `; filename="${quoted(file)}"`}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')]);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : String(JSON.stringify(value) ?? '');
}

/** A lone surrogate goes out as the bytes that it would be, which are no UTF-8. */
function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

/** Characters that may travel in a header: Node sends the rest nowhere. */
function headerValue(text: string): string {
  return Buffer.from(text.replace(/[^\t\x20-\x7e\x80-\uffff]/g, '').trim())
    .toString('latin1')
    .slice(0, 6000);
}
