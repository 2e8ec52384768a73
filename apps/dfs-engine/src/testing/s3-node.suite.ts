import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsClient, AwsV4Signer } from 'aws4fetch';
import type { FileInfo, KeyRequest, MadeKey } from '@dfs/contracts';
import { fakeClock } from '@dfs/testing';
import { startTestNode, type Answer, type TestNode } from './running-node.suite.js';

export const MiB = 1024 * 1024;
export const md5 = (bytes: Uint8Array | string): string => createHash('md5').update(bytes).digest('hex');
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
export const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
export const crcOf = (bytes: Uint8Array): string => base64(crc32(bytes).toString(16).padStart(8, '0'));
/** The texts of all elements of this name. */
export const all = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text);

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}
export interface Told {
  status: number;
  headers: Headers;
  text: string;
  bytes: Buffer;
  code: string | undefined;
}

/** A whole node, and requests to its S3 front. They are signed by a signer that is not ours. */
export class S3UnderTest {
  readonly clock = fakeClock(Date.now());
  test!: TestNode;
  key!: MadeKey;
  /** Of the node, which may have been started anew. */
  base = '';

  async start(): Promise<void> {
    this.test = await startTestNode({}, { clock: this.clock });
    this.base = `http://127.0.0.1:${this.test.port}`;
    this.key = await this.make({ name: 's3', scope: 'write' });
  }

  readonly make = async (request: KeyRequest): Promise<MadeKey> =>
    (await this.test.api('/keys', { json: request })).json<MadeKey>();

  readonly clientOf = ({ id, secret }: Pick<MadeKey, 'id' | 'secret'>): AwsClient =>
    new AwsClient({ accessKeyId: id, secretAccessKey: secret, service: 's3', region: 'eu-central-1', retries: 0 });

  readonly datetime = (): string => new Date(this.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');

  readonly urlOf = (path: string): string => `${this.base}${path}`;

  readonly told = async (answer: Response): Promise<Told> => {
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.toString();
    return { status: answer.status, headers: answer.headers, text, bytes, code: all(text, 'Code')[0] };
  };

  readonly as = async (who: Pick<MadeKey, 'id' | 'secret'>, path: string, asked: Asked = {}): Promise<Told> => {
    const aws = { datetime: this.datetime(), allHeaders: true };
    return this.told(await this.clientOf(who).fetch(this.urlOf(path), { ...asked, aws }));
  };

  readonly s3 = (path: string, asked: Asked = {}): Promise<Told> => this.as(this.key, path, asked);

  readonly put = (path: string, body: string | Uint8Array<ArrayBuffer>, headers = {}): Promise<Told> =>
    this.s3(path, { method: 'PUT', body, headers });

  readonly byApi = (path: string): Promise<Answer> => this.test.api(`/files/content?path=${encodeURIComponent(path)}`);

  readonly putByApi = async (path: string, body: string | Uint8Array): Promise<FileInfo> =>
    (await this.test.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body })).json<FileInfo>();

  /** The head of a PUT as it goes over the wire. */
  readonly headText = async (path: string, headers: Record<string, string>): Promise<string> => {
    const signer = new AwsV4Signer({
      ...{ method: 'PUT', url: this.urlOf(path), service: 's3', region: 'us-east-1', datetime: this.datetime() },
      ...{ accessKeyId: this.key.id, secretAccessKey: this.key.secret },
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...headers },
    });
    const { headers: signed } = await signer.sign();
    const lines = [...new Map([...signed, ...Object.entries(headers)])].map((pair) => pair.join(': '));
    return `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.test.port}\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`;
  };
}
