/** The HTTP side of the benchmark: a client that costs as little as it can, since it runs on the same two cores. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Agent, request } from 'node:http';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** @typedef {import('@dfs/testing').Engine} Engine */
/** @typedef {import('@dfs/contracts').FileInfo} FileInfo */

const MiB = 1024 * 1024;
const agent = new Agent({ keepAlive: true });

/**
 * Puts a file of the disk into a node; settles with the answer, when it is durable there.
 * @param {Engine} engine
 * @param {string} path
 * @param {string} file
 * @returns {Promise<FileInfo>}
 */
export async function putFile(engine, path, file) {
  const { size } = await stat(file);
  const call = ask(engine, 'PUT', contentPath(path), { 'content-length': size });
  const answer = once(call, 'response');
  await pipeline(createReadStream(file, { highWaterMark: MiB }), call);
  return JSON.parse(await read((await answer)[0], 201));
}

/**
 * @param {Engine} engine
 * @param {string} path
 * @param {Uint8Array} bytes
 * @returns {Promise<FileInfo>}
 */
export async function putBytes(engine, path, bytes) {
  const call = ask(engine, 'PUT', contentPath(path), { 'content-length': bytes.length });
  call.end(bytes);
  return JSON.parse(await read((await once(call, 'response'))[0], 201));
}

/**
 * Puts many small files in by one request.
 * @param {Engine} engine
 * @param {{ path: string, bytes: Uint8Array }[]} files
 */
export async function postFiles(engine, files) {
  const boundary = 'dfs-bench-boundary';
  const parts = files.flatMap(({ path, bytes }) => [
    Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="path"\r\n\r\n${path}\r\n` +
        `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n` +
        `content-type: application/octet-stream\r\n\r\n`,
    ),
    bytes,
    Buffer.from('\r\n'),
  ]);
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  const call = ask(engine, 'POST', '/files', {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': body.length,
  });
  call.end(body);
  /** @type {import('@dfs/contracts').UploadResults} */
  const { results } = JSON.parse(await read((await once(call, 'response'))[0], 207));
  const failed = results.find(({ status }) => status >= 300);
  if (failed) throw new Error(`${failed.path}: ${failed.status} ${failed.problem?.detail}`);
}

/**
 * Reads a file to its end without looking at it. Answers the number of bytes.
 * @param {Engine} engine
 * @param {string} id
 */
export async function download(engine, id) {
  const answer = await getContent(engine, id);
  let bytes = 0;
  answer.on('data', (part) => (bytes += part.length));
  await once(answer, 'end');
  return bytes;
}

/**
 * SHA-256 of a file as a node serves it, in hex.
 * @param {Engine} engine
 * @param {string} id
 */
export async function hashOf(engine, id) {
  const hash = createHash('sha256');
  await pipeline(await getContent(engine, id), hash);
  return hash.digest('hex');
}

/**
 * The bytes of a small file, or undefined while the node does not have it.
 * @param {Engine} engine
 * @param {string} id
 */
export async function tryGet(engine, id) {
  const call = ask(engine, 'GET', `/files/${id}/content`);
  call.end();
  /** @type {[import('node:http').IncomingMessage]} */
  const [answer] = /** @type {any} */ (await once(call, 'response'));
  const parts = [];
  for await (const part of answer) parts.push(part);
  return answer.statusCode === 200 ? Buffer.concat(parts) : undefined;
}

/**
 * @param {Engine} engine
 * @param {string} id
 */
async function getContent(engine, id) {
  const call = ask(engine, 'GET', `/files/${id}/content`);
  call.end();
  /** @type {[import('node:http').IncomingMessage]} */
  const [answer] = /** @type {any} */ (await once(call, 'response'));
  if (answer.statusCode !== 200) await read(answer, 200);
  return answer;
}

/**
 * @param {Engine} engine
 * @param {string} method
 * @param {string} path
 * @param {import('node:http').OutgoingHttpHeaders} headers
 */
function ask(engine, method, path, headers = {}) {
  return request(`${engine.url}/api/v1${path}`, {
    method,
    agent,
    headers: { 'content-type': 'application/octet-stream', ...headers, authorization: `Bearer ${engine.token}` },
  });
}

/** @param {string} path */
function contentPath(path) {
  return `/files/content?path=${encodeURIComponent(path)}`;
}

/**
 * @param {import('node:http').IncomingMessage} answer
 * @param {number} expected
 */
async function read(answer, expected) {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  if (answer.statusCode !== expected) throw new Error(`expected ${expected}, got ${answer.statusCode}: ${text}`);
  return text;
}
