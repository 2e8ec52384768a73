import 'reflect-metadata';
import { Agent, request as httpRequest } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { OpenAPIObject } from '@nestjs/swagger';
import { isLong, seededRandom } from '@dfs/testing';
import { ApiContract, type ContractAnswer } from '../testing/api-contract.suite.js';
import { Fuzzer, type FuzzRequest } from '../testing/fuzzer.suite.js';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

const REQUESTS = isLong ? 10_000 : 2000;
/** A request without an answer by then is a fault of its own. */
const ANSWER_TIME = 60_000;
const TIMEOUT = isLong ? 1_800_000 : 600_000;
/** Statuses of a node that is not at fault. */
const MET = new Set([501, 503, 504, 507]);

describe('requests of all kinds', () => {
  let test: TestNode;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  beforeAll(async () => (test = await startTestNode()));
  afterAll(async () => {
    agent.destroy();
    await test.remove();
  });

  it(
    `are answered as the document says, ${REQUESTS} of them, and none by a fault of the node`,
    async () => {
      // To run a failure again, put its seed here.
      const random = seededRandom();
      const document = (await test.call('/api/openapi.json')).json<OpenAPIObject>();
      const contract = new ApiContract(document);
      const fuzzer = new Fuzzer(document, random, [test.node.token, ...(await keysOf(test))]);
      await prepare(fuzzer, test);
      const reached = new Set<string>();
      const faults: string[] = [];
      for (let count = 0; count < REQUESTS && faults.length < 20; count += 1) {
        const { name, ...request } = fuzzer.next();
        const answer = await send(request, test.port, agent);
        const found = contract.faultsOf(request.method, request.path, answer);
        if (answer.status >= 500 && !MET.has(answer.status)) found.unshift(`${answer.status}`);
        if (found.length > 0) faults.push(told(count, name, request, answer, found));
        if (answer.status === 401) fuzzer.drop(request);
        if (answer.status < 300) reached.add(name);
        if (answer.headers.location) fuzzer.remember('uploadId', answer.headers.location.split('/').at(-1));
        if (answer.status < 300 && isJson(answer)) fuzzer.learn(JSON.parse(answer.text));
      }
      if (faults.length > 0) throw new Error(`seed ${random.seed}:\n${faults.join('\n')}`);
      // It comes past the checks: most operations have done their work.
      expect(reached.size).toBeGreaterThan(fuzzer.names.length / 2);
    },
    TIMEOUT,
  );
});

/** Keys that may do less. */
async function keysOf(test: TestNode): Promise<string[]> {
  const wanted = [
    { scope: 'read' },
    { scope: 'write' },
    ...['a/', 'b/', 'a/1'].map((prefix) => ({ scope: 'write', prefix })),
    { scope: 'admin', prefix: 'c/' },
  ];
  const keys: string[] = [];
  for (const key of wanted) {
    const { status, text, json } = await test.api('/keys', { method: 'POST', json: { name: 'fuzzer', ...key } });
    if (status !== 201) throw new Error(`no key was made: ${text}`);
    keys.push(String(json()['token']));
  }
  return keys;
}

/** Files with versions, deleted ones, and what a client knows. */
async function prepare(fuzzer: Fuzzer, test: TestNode): Promise<void> {
  for (let i = 0; i < 12; i += 1) {
    const path = `a/${i}`;
    const put = (body: string) => test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body });
    await put('first');
    const file = (await put(`second ${i}`)).json();
    if (i % 4 === 0) await test.api(`/files/${String(file['id'])}`, { method: 'DELETE' });
    else fuzzer.learn(file);
    fuzzer.remember('path', path);
  }
  fuzzer.learn((await test.api('/node')).json());
  fuzzer.learn((await test.api('/network/invites', { method: 'POST', json: {} })).json());
  fuzzer.learn((await test.api('/files?limit=5')).json());
  fuzzer.insist('Tus-Resumable', '1.0.0');
  for (let i = 0; i < 20; i += 1)
    fuzzer.remember('Upload-Metadata', `path ${Buffer.from(`tus/${i}`).toString('base64')}`);
  for (const size of [0, 10, 5000, 1_000_000]) fuzzer.remember('Upload-Length', size);
  fuzzer.remember('Upload-Offset', 0);
  // A wrong token is slowed down, on purpose; an address that nobody answers at is waited for.
  fuzzer.insist('token', test.node.token);
  fuzzer.insist('address', '/ip4/127.0.0.1/tcp/1');
}

function isJson({ headers, text }: ContractAnswer): boolean {
  return text !== '' && String(headers['content-type']).startsWith('application/json');
}

function told(count: number, name: string, request: FuzzRequest, answer: ContractAnswer, faults: string[]): string {
  const { authorization: _token, ...headers } = request.headers;
  const body = request.body?.subarray(0, 300).toString();
  return [
    `request ${count} (${name}): ${request.method} ${request.path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)}`,
    `  body: ${body}`,
    `  answer: ${answer.status} ${answer.text.slice(0, 300)}`,
    ...faults.slice(0, 3).map((fault) => `  fault: ${fault}`),
  ].join('\n');
}

function send(request: FuzzRequest, port: number, agent: Agent): Promise<ContractAnswer> {
  return new Promise((resolve, reject) => {
    const what = `${request.method} ${request.path.slice(0, 200)}`;
    const { body, headers } = request;
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const outgoing = httpRequest({
      ...{ host: '127.0.0.1', port, agent, method: request.method, path: request.path },
      headers: { ...headers, ...length },
      timeout: ANSWER_TIME,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${what}`)));
    outgoing.on('error', (error: Error) => reject(new Error(`${what}: ${error.message}`, { cause: error })));
    outgoing.on('response', (answer) => {
      // A stream of events goes on for ever.
      if (String(answer.headers['content-type']).startsWith('text/event-stream')) {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: ' ' });
        outgoing.destroy();
        return;
      }
      const parts: Buffer[] = [];
      answer.on('data', (bytes: Buffer) => parts.push(bytes));
      answer.on('error', reject);
      answer.on('end', () => {
        try {
          const text = plain(Buffer.concat(parts), answer.headers['content-encoding']).toString();
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        } catch (error) {
          reject(new Error(`${what}: an answer that is not compressed as it says`, { cause: error }));
        }
      });
    });
    outgoing.end(body);
  });
}

/** An answer as it was before it was compressed; those to `HEAD` and without a body are empty. */
function plain(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.length === 0) return bytes;
  if (encoding === 'gzip') return gunzipSync(bytes);
  return encoding === 'br' ? brotliDecompressSync(bytes) : bytes;
}
