import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';

/** A proxy on this machine behind which a node stands at a path of its own. It takes that path off, as many do. */
export class StrippingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #path: string;
  #target = '';
  /** Paths that were asked for beside the node's own. */
  readonly strays: string[] = [];

  private constructor(path: string) {
    this.#path = path;
    this.#server = createServer((incoming, response) => {
      const onward = this.#onward(incoming);
      if (onward === null) return void response.writeHead(404).end();
      onward.on('response', (answer) => {
        // The browser may have left meanwhile.
        if (response.destroyed) return void answer.destroy();
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        pipeline(answer, response, () => undefined);
      });
      onward.on('error', () => response.destroy());
      pipeline(incoming, onward, () => undefined);
    });
    this.#server.on('upgrade', (incoming, socket, head) => this.#join(incoming, socket, head));
  }

  /** @param path such as `/its/place` */
  static async start(path: string): Promise<StrippingProxy> {
    const proxy = new StrippingProxy(path);
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done));
    return proxy;
  }

  /** Host and port of its own. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where the node is for a browser. */
  get url(): string {
    return `http://${this.host}${this.#path}`;
  }

  /** Host and port of the node. */
  leadTo(target: string): void {
    this.#target = target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #onward({ method, url = '', headers, socket }: IncomingMessage): ReturnType<typeof request> | null {
    if (!url.startsWith(`${this.#path}/`)) {
      this.strays.push(url);
      return null;
    }
    const forwarded = {
      'x-forwarded-for': socket.remoteAddress ?? '',
      'x-forwarded-host': headers.host ?? '',
      'x-forwarded-proto': 'http',
    };
    const to = `http://${this.#target}${url.slice(this.#path.length)}`;
    return request(to, { method: method ?? 'GET', headers: { ...headers, ...forwarded, host: this.#target } });
  }

  /** A web socket: bytes go both ways from then on. */
  #join(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const onward = this.#onward(incoming);
    if (onward === null) return void socket.destroy();
    onward.on('upgrade', ({ statusCode, statusMessage, rawHeaders }, other, first) => {
      const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
      for (let n = 0; n < rawHeaders.length; n += 2) lines.push(`${rawHeaders[n]}: ${rawHeaders[n + 1]}`);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      other.unshift(first);
      socket.unshift(head);
      pipeline(other, socket, () => undefined);
      pipeline(socket, other, () => undefined);
    });
    onward.on('response', () => socket.destroy());
    onward.on('error', () => socket.destroy());
    onward.end();
  }
}
