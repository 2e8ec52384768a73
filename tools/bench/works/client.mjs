/** The HTTP side of the benchmark: a client that costs as little as it can, since it runs on the same two cores. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
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
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const call = ask(engine, 'PUT', contentPath(path), { 'content-length': size });
    const answer = once(call, 'response');
    // Two buffers, used again and again: one is read into while the other is sent.
    const buffers = [Buffer.allocUnsafeSlow(MiB), Buffer.allocUnsafeSlow(MiB)];
    let sent = Promise.resolve();
    for (let turn = 0; ; turn++) {
      const buffer = /** @type {Buffer} */ (buffers[turn % 2]);
      const { bytesRead } = await handle.read(buffer, 0, MiB);
      await sent;
      if (bytesRead === 0) break;
      sent = new Promise((resolve, reject) =>
        call.write(buffer.subarray(0, bytesRead), (error) => (error ? reject(error) : resolve())),
      );
    }
    call.end();
    return JSON.parse(await read((await answer)[0], 201));
  } finally {
    await handle.close();
  }
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
  if (failed) {
    const detail = failed.path === null ? failed.detail : failed.problem?.detail;
    throw new Error(`${failed.path ?? 'the form'}: ${failed.status} ${detail}`);
  }
}

/**
 * Reads a file to its end without looking at it. Answers the number of bytes. Into one buffer, over and over.
 * @param {Engine} engine
 * @param {string} id
 * @returns {Promise<number>}
 */
export async function download(engine, id) {
  const { hostname, port } = new URL(engine.url);
  const { promise, resolve, reject } = Promise.withResolvers();
  let head = '';
  let length = 0;
  let bytes = 0;
  const socket = connect({
    host: hostname,
    port: Number(port),
    onread: {
      buffer: Buffer.allocUnsafeSlow(MiB),
      callback: (count, buffer) => {
        bytes += count;
        if (length === 0) {
          head += Buffer.from(buffer.buffer, buffer.byteOffset, count).toString('latin1');
          const end = head.indexOf('\r\n\r\n');
          if (end < 0) return true;
          length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
          if (!head.startsWith('HTTP/1.1 200 ') || !length) reject(new Error(head.slice(0, end)));
          bytes = head.length - end - 4;
        }
        if (bytes >= length) resolve(bytes);
        return true;
      },
    },
  });
  socket.once('error', reject);
  socket.once('close', () => reject(new Error(`the connection was closed after ${bytes} bytes`)));
  socket.write(
    `GET /api/v1/files/${id}/content HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
      `authorization: Bearer ${engine.token}\r\nconnection: close\r\n\r\n`,
  );
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
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
