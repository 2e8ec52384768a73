import { request, type ClientRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FileInfo, SettingsPatch } from '@dfs/contracts';
import { connected, eventually, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { at, blocksSent, contentHash, expectSound, pattern, patternHash, safe } from './steps.js';

const MiB = 1024 * 1024;
const SIZE = 48 * MiB;

/** An upload whose client has sent the first half, and waits with the rest. */
class HalfUpload {
  private readonly request: ClientRequest;
  private readonly answer: Promise<FileInfo>;
  private readonly parts: Iterator<Uint8Array>;

  constructor(node: Engine, path: string, seed: number) {
    this.parts = pattern(SIZE, seed)[Symbol.iterator]();
    const url = `${node.url}/api/v1/files/content?path=${encodeURIComponent(path)}`;
    const headers = { authorization: `Bearer ${node.token}`, 'content-length': SIZE };
    this.request = request(url, { method: 'PUT', headers });
    this.answer = new Promise((done, fail) => {
      this.request.once('error', fail);
      this.request.once('response', (answer) => {
        text(answer).then((body) => {
          if (answer.statusCode === 201) done(JSON.parse(body) as FileInfo);
          else fail(new Error(`${node.name}: ${answer.statusCode} ${body}`));
        }, fail);
      });
    });
    this.answer.catch(() => undefined);
    this.send(SIZE / 2);
  }

  finish(): Promise<FileInfo> {
    this.send(SIZE);
    this.request.end();
    return this.answer;
  }

  /** The client goes away. */
  abort(): void {
    this.request.destroy();
  }

  private send(bytes: number): void {
    for (let sent = 0; sent < bytes;) {
      const { value, done } = this.parts.next();
      if (done) return;
      this.request.write(value);
      sent += value.length;
    }
  }
}

/** What is there of uploads at other nodes that are not recorded yet. */
async function aheadAt(node: Engine): Promise<{ uploads: number; bytes: number }> {
  const answer = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${node.token}` } });
  const metrics = await answer.text();
  const read = (name: string): number => Number(new RegExp(`^dfs_ahead_${name} (\\d+)$`, 'm').exec(metrics)?.[1]);
  return { uploads: read('uploads'), bytes: read('bytes') };
}

const patch = (node: Engine, settings: SettingsPatch): Promise<unknown> =>
  node.json('/settings', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(settings),
  });

describe('an upload where both members will hold the file', () => {
  let nodes: Engine[] = [];
  let a: Engine;
  let b: Engine;
  beforeAll(async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '2' } });
    [a, b] = [at(nodes, 0), at(nodes, 1)];
  });
  afterAll(() => removeAll(nodes));

  const comes = (): Promise<unknown> =>
    eventually(async () => (await aheadAt(b)).bytes > SIZE / 8, { what: 'the upload comes at the other member' });
  const isDropped = (): Promise<unknown> =>
    eventually(async () => (await aheadAt(b)).uploads === 0, { what: 'what came ahead is dropped' });
  const holds = async (file: FileInfo, seed: number): Promise<void> => {
    await safe(a, file, 2);
    expect(await contentHash(b, file)).toBe(patternHash(SIZE, seed));
    expect((await aheadAt(b)).uploads).toBe(0);
  };

  it('is there while it comes in, and sent once', async () => {
    const before = await blocksSent(a);
    const upload = new HalfUpload(a, 'sent.bin', 1);
    await comes();
    await holds(await upload.finish(), 1);
    expect((await blocksSent(a)) - before).toBeLessThan(1.2 * SIZE);
  });

  it('leaves nothing when its client goes away, or its node is killed', async () => {
    const gone = new HalfUpload(a, 'aborted.bin', 2);
    await comes();
    gone.abort();
    await isDropped();
    new HalfUpload(a, 'killed.bin', 3);
    await comes();
    await a.kill();
    await isDropped();
    await a.start();
    await connected(nodes);
  });

  it('is answered when the other is killed in the middle, which gets it once it is back', async () => {
    const upload = new HalfUpload(a, 'alone.bin', 4);
    await comes();
    await b.kill();
    const file = await upload.finish();
    await b.start();
    await connected(nodes);
    await holds(file, 4);
  });

  it('does not wait for one that is slow, or has no room', async () => {
    await patch(b, { limits: { downloadBytesPerSecond: MiB } });
    const slow = await new HalfUpload(a, 'slow.bin', 5).finish();
    expect((await a.file(slow.id)).replication.copies).toBe(1);
    await patch(b, { limits: { downloadBytesPerSecond: null } });
    await holds(slow, 5);
    const { quotaBytes } = await b.json<{ quotaBytes: number }>('/settings');
    await patch(b, { quotaBytes: 16 * MiB });
    const full = await new HalfUpload(a, 'full.bin', 6).finish();
    await patch(b, { quotaBytes });
    await holds(full, 6);
    await expectSound(nodes);
  });
});
