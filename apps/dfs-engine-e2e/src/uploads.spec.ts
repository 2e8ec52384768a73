import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { FileInfo } from '@dfs/contracts';
import { eventually, seededRandom, sha256Hex, startEngine, tempDir, type Engine, type TempDir } from '@dfs/testing';
import { contentHash } from './steps.js';

const MiB = 1024 * 1024;
const PART = 3 * MiB;

/** A program that uploads a file by tus-js-client, and says where it is: `at URL`, `sent BYTES`, `done JSON`. */
const CLIENT = `
  import { createReadStream } from 'node:fs';
  import { setTimeout as pause } from 'node:timers/promises';
  import { Upload } from 'tus-js-client';
  const { file, size, path, endpoint, url, token, part, most = Infinity } = JSON.parse(process.argv[1]);
  let sent = 0;
  const say = (...words) => process.stdout.write(words.join(' ') + '\\n');
  const upload = new Upload(createReadStream(file), {
    endpoint, uploadUrl: url, uploadSize: size, chunkSize: part, retryDelays: null,
    headers: { Authorization: 'Bearer ' + token }, metadata: { path },
    // Slow enough to be met in the middle; where it is met late, it waits.
    onBeforeRequest: () => (sent < most ? pause(50) : new Promise(() => setInterval(() => undefined, 60_000))),
    onUploadUrlAvailable: () => say('at', upload.url),
    onChunkComplete: (_size, accepted) => { sent = accepted; say('sent', accepted); },
    onSuccess: ({ lastResponse }) => say('done', lastResponse.getBody()),
    onError: (error) => { say('failed', error.message.replaceAll('\\n', ' ')); process.exitCode = 1; },
  });
  upload.start();`;

class Client {
  private readonly child: ChildProcess;
  private readonly lines: string[] = [];
  readonly ended: Promise<void>;

  constructor(job: Record<string, unknown>) {
    this.child = spawn(process.execPath, ['--input-type=module', '-e', CLIENT, JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.lines.push(line));
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Its last message of this kind. */
  said(word: string): string | undefined {
    return this.lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  }

  async sent(bytes: number): Promise<void> {
    const far = (): boolean => Number(this.said('sent') ?? 0) >= bytes;
    await eventually(far, { poll: 2, what: `${bytes} bytes are sent` });
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

describe('kill -9 in the middle of a resumable upload', () => {
  let engine: Engine;
  let temp: TempDir;
  beforeAll(async () => {
    temp = await tempDir();
    engine = await startEngine({ name: 'resumable' });
  });
  afterAll(async () => {
    await engine.remove();
    await temp.remove();
  });

  it('of the node, then of the client, then of both: it goes on where it was, and the file is whole', async () => {
    const file = temp.file('source.bin');
    const bytes = seededRandom().bytes(16 * PART + 12_345);
    await writeFile(file, bytes);
    const job = (url?: string, most?: number): Record<string, unknown> => ({
      ...{ file, size: bytes.length, path: 'resumed.bin', part: PART, token: engine.token, url, most },
      endpoint: `${engine.url}/api/v1/uploads`,
    });
    /** The port is another one after a restart. */
    const here = (client: Client): string => new URL(new URL(String(client.said('at'))).pathname, engine.url).href;
    const offset = async (url: string): Promise<number> => {
      const headers = { 'tus-resumable': '1.0.0', authorization: `Bearer ${engine.token}` };
      const answer = await fetch(url, { method: 'HEAD', headers });
      return Number(answer.headers.get('upload-offset'));
    };

    let client = new Client(job(undefined, 4 * PART));
    await client.sent(3 * PART);
    await engine.kill();
    await client.kill();
    // Bytes that were told as sent are there.
    const told = Number(client.said('sent'));
    await engine.start();
    let url = here(client);
    expect(await offset(url)).toBeGreaterThanOrEqual(told);

    client = new Client(job(url, told + 4 * PART));
    await client.sent(told + 3 * PART);
    await client.kill();
    const before = Number(client.said('sent'));

    client = new Client(job(url, before + 3 * PART));
    await client.sent(before + 2 * PART);
    await Promise.all([client.kill(), engine.kill()]);
    await engine.start();
    url = here(client);
    expect(await offset(url)).toBeGreaterThanOrEqual(Number(client.said('sent')));

    client = new Client(job(url));
    await client.ended;
    expect(client.said('failed')).toBeUndefined();
    const done = JSON.parse(String(client.said('done'))) as FileInfo;
    expect(done).toMatchObject({ path: 'resumed.bin', size: bytes.length });
    expect(await contentHash(engine, done)).toBe(await sha256Hex(bytes));
    expect(await offset(url)).toBe(bytes.length);
  });
});
