import { createServer, get, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { s3Error } from '../errors.js';
import { sendLate } from './late.js';
import { documentOf, field, XML } from './xml.js';

describe('an answer that takes long', () => {
  let server: Server;
  let answer: (response: ServerResponse) => Promise<void>;
  beforeAll(async () => {
    server = createServer((_request, response) => void answer(response).catch(() => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The whole answer; `first` is called with the first bytes of it. */
  const ask = (first: () => void = () => undefined): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, (response) => {
        let text = '';
        response.once('data', first);
        response.on('data', (bytes: Buffer) => (text += bytes.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      }).on('error', reject);
    });
  const found = documentOf('Result', field('Key', 'a'));

  it('begins before it is known, and is a whole document', async () => {
    const begun = Promise.withResolvers<undefined>();
    answer = (response) => sendLate(response, () => begun.promise.then(() => found), 1);
    const { status, text } = await ask(() => begun.resolve(undefined));
    expect(status).toBe(200);
    expect(text.startsWith(XML)).toBe(true);
    expect(XML + text.slice(XML.length).trimStart()).toBe(found);
  });

  it('may be an error, once it has begun', async () => {
    const begun = Promise.withResolvers<undefined>();
    const fail = async (): Promise<string> => {
      await begun.promise;
      throw s3Error('InvalidPart', 'Part 1 is not here.');
    };
    answer = (response) => sendLate(response, fail, 1);
    const { status, text } = await ask(() => begun.resolve(undefined));
    expect(status).toBe(200);
    expect(text.slice(XML.length).trimStart()).toMatch(/^<Error><Code>InvalidPart<\/Code>/);
  });

  it('is over when its client has gone, whatever becomes of it', async () => {
    for (const fails of [true, false]) {
      const over = Promise.withResolvers<unknown>();
      const closed = Promise.withResolvers<undefined>();
      answer = async (response) => {
        response.once('close', () => closed.resolve(undefined));
        const work = closed.promise.then(() => (fails ? Promise.reject(s3Error('InvalidPart', 'Gone.')) : found));
        const told = await sendLate(response, () => work, 1).catch((error: unknown) => error);
        over.resolve(told);
      };
      const asked = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, (response) => {
        response.on('error', () => undefined);
        response.once('data', () => asked.destroy());
      });
      asked.on('error', () => undefined);
      expect(await over.promise).toEqual(fails ? expect.objectContaining({ facts: { s3: 'InvalidPart' } }) : undefined);
    }
  });

  it('has its length where it does not take long, and an error is thrown', async () => {
    answer = (response) => sendLate(response, async () => found);
    expect(await ask()).toEqual({ status: 200, text: found });
    let thrown: unknown;
    answer = async (response) => {
      thrown = await sendLate(response, () => Promise.reject(s3Error('NoSuchUpload', 'None.'))).catch(
        (error: unknown) => error,
      );
      response.end();
    };
    await ask();
    expect(thrown).toMatchObject({ facts: { s3: 'NoSuchUpload' } });
  });
});
