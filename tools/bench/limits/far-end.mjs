/**
 * The other process of the bare connections: takes what comes in as its task says and answers one byte at the end.
 * Started by limits.mjs, which sends it its task; answers its port.
 *
 * @typedef {object} FarEndTask
 * @property {'tcp' | 'tls'} protocol
 * @property {{ key: string, cert: string }} pem
 * @property {number} expect Bytes to take before the answer; 0: send everything back at once.
 * @property {string} [file] Where to write them, with fsync before the answer.
 *
 * @typedef {import('node:net').Socket} Socket
 */
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

const MiB = 1024 * 1024;

process.once('message', (message) => {
  const task = /** @type {FarEndTask} */ (message);
  const server = task.protocol === 'tls' ? createTlsServer(task.pem) : createServer({ highWaterMark: MiB });
  server.on(task.protocol === 'tls' ? 'secureConnection' : 'connection', (/** @type {Socket} */ socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => process.exit(1));
    if (task.expect === 0) socket.pipe(socket);
    else take(socket, task);
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : undefined);
  });
});
process.once('disconnect', () => process.exit(0));

/**
 * @param {Socket} socket
 * @param {FarEndTask} task
 */
function take(socket, { expect, file }) {
  let taken = 0;
  const sink = file === undefined ? undefined : createWriteStream(file, { highWaterMark: 4 * MiB, flush: true });
  socket.on('data', (bytes) => {
    taken += bytes.length;
    if (sink?.write(bytes) === false) {
      socket.pause();
      sink.once('drain', () => socket.resume());
    }
    if (taken < expect) return;
    if (sink) sink.end(() => process.send?.('done'));
    else process.send?.('done');
  });
}
