import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FileInfo, FileList, FolderAct, TransferList, UploadResults, VersionList } from '@dfs/contracts';
import { eventually, removeAll, seededRandom, sha256Hex, startEngine, startNetwork, type Engine } from '@dfs/testing';
import { at, bytesOf, contentHash, folderBytes, patternHash, putPattern, safe } from './steps.js';

const MiB = 1024 * 1024;
const JSON_BODY = { 'content-type': 'application/json' };

/** Many files of one byte by one form. */
async function putSmall(node: Engine, paths: readonly string[]): Promise<void> {
  const part = (path: string): string =>
    `--b\r\ncontent-disposition: form-data; name="file"; filename="${path}"\r\n\r\nx\r\n`;
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const body = `${paths.map(part).join('')}--b--\r\n`;
  const { results } = await node.json<UploadResults>('/files', { method: 'POST', headers, body });
  expect(results.filter(({ status }) => status !== 201)).toEqual([]);
}

/** How far the act is that a node which does not run has written down. */
function actOf({ dataDir }: Engine): { done: number } {
  const db = new DatabaseSync(join(dataDir, 'dfs.sqlite'), { readOnly: true });
  try {
    return (db.prepare('SELECT done FROM files_act').get() as { done: number } | undefined) ?? { done: Infinity };
  } finally {
    db.close();
  }
}

/** Holds the node; lets it go on where nothing of the act is done yet. */
function isHeldInTheMiddle(node: Engine): boolean {
  let isMet = false;
  process.kill(node.pid, 'SIGSTOP');
  try {
    isMet = actOf(node).done > 0;
  } finally {
    if (!isMet) process.kill(node.pid, 'SIGCONT');
  }
  return isMet;
}

describe('kill -9', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  it('in the middle of uploads leaves what was acknowledged whole and the rest invisible', async () => {
    const node = await startEngine({ name: 'crash-upload' });
    nodes = [node];
    const random = seededRandom();
    for (let round = 0; round < 3; round++) {
      const acknowledged: { file: FileInfo; hash: string }[] = [];
      const small = async (worker: number): Promise<void> => {
        for (let i = 0; node.running; i++) {
          const bytes = randomBytes(random.int(1, 3 * MiB));
          const file = await node.put(`round-${round}/${worker}-${i}.bin`, bytes).catch(() => undefined);
          if (file) acknowledged.push({ file, hash: await sha256Hex(bytes) });
        }
      };
      const big = putPattern(node, `round-${round}/big.bin`, 2048 * MiB).catch(() => undefined);
      const workers = [small(1), small(2)];
      await eventually(() => acknowledged.length >= 5);
      await new Promise((done) => setTimeout(done, random.int(0, 400)));
      await node.kill();
      await Promise.all(workers);
      expect(await big).toBeUndefined();

      await node.start();
      const { items } = await node.json<FileList>(`/files?prefix=round-${round}/&limit=1000`);
      for (const { file, hash } of acknowledged) {
        expect(items.find((item) => item.id === file.id)?.version).toBe(file.version);
        expect(await contentHash(node, file)).toBe(hash);
      }
      for (const item of items) expect(await bytesOf(node, item)).toHaveLength(item.size);
      expect(items.some((item) => item.path.endsWith('big.bin'))).toBe(false);
      expect(await leftovers(node)).toEqual([]);
    }
    // The bytes of the cut uploads go: the folder holds the chunks that are counted, and little more.
    await eventually(
      async () => {
        const { storage } = await node.node();
        return (await folderBytes(join(node.dataDir, 'chunks'))) < storage.bytes * 1.02 + 4 * MiB;
      },
      { poll: 200, what: 'little more than what is counted' },
    );
  });

  it('in the middle of a replication: the copy is completed after the restart', async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '2' } });
    const [a, b] = [at(nodes, 0), at(nodes, 1)];
    // Three packs: the first is being written when it is killed, and most has yet to come.
    const size = 192 * MiB;
    const file = await putPattern(a, 'replicated.bin', size);
    await eventually(async () => (await folderBytes(join(b.dataDir, 'chunks'))) > 40 * MiB, {
      poll: 5,
    });
    await b.kill();
    await b.start();
    expect(await leftovers(b)).toEqual([]);
    await safe(a, file, 2);
    await a.kill();
    expect(await contentHash(b, file)).toBe(patternHash(size));
  });

  it('in the middle of an act over many files: it goes on, over the list of its begin, and names what was changed', async () => {
    const node = await startEngine({ name: 'crash-act' });
    nodes = [node];
    const count = 6_000;
    const pathOf = (index: number) => `a/${10_000 + index}`;
    for (let from = 0; from < count; from += 1000)
      await putSmall(
        node,
        Array.from({ length: 1000 }, (_, n) => pathOf(from + n)),
      );
    const move = { method: 'POST', headers: JSON_BODY, body: JSON.stringify({ path: 'a', to: 'b' }) };
    const { transfer } = await node.json<FolderAct>('/folders/move', move);
    const total = async (prefix: string) => (await node.json<FileList>(`/files?prefix=${prefix}&limit=1`)).total;
    const last = pathOf(count - 1);
    await Promise.all([node.put(last, 'changed meanwhile'), node.put('a/came', 'meanwhile')]);
    await eventually(() => isHeldInTheMiddle(node), { poll: 5, what: 'an act in the middle' });
    await node.kill();
    const { done } = actOf(node);
    expect([done > 0, done < count]).toEqual([true, true]);

    await node.start();
    const ended = await eventually(
      async () => {
        const { items } = await node.json<TransferList>('/transfers');
        return items.find(({ id, state }) => id === transfer?.id && state === 'finished');
      },
      { deadline: 120_000, poll: 100, what: 'the end of the act' },
    );
    expect(ended.items).toMatchObject({ done: count, total: count, skippedTotal: 1 });
    expect(ended.items?.skipped).toMatchObject([{ path: last, code: 'precondition-failed' }]);
    expect([await total('a/'), await total('b/')]).toEqual([2, count - 1]);
    const versions = await node.json<FileList>(`/files?path=b/${10_000}&limit=1`);
    const history = await node.json<VersionList>(`/files/${at(versions.items, 0).id}/versions?limit=10`);
    // Once, and not again by the step that the kill cut off.
    expect(history.items.map(({ from }) => from)).toEqual(['a/10000']);
  });

  it('of the uploader while the other node reads', async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '1' } });
    const [a, b] = [at(nodes, 0), at(nodes, 1)];
    const file = await putPattern(a, 'only-at-a.bin', 160 * MiB);
    await eventually(async () => (await b.fetch(`/files/${file.id}`)).ok);
    const answer = await b.fetch(`/files/${file.id}/content`);
    expect(answer.status).toBe(200);
    const read = (async () => {
      let bytes = 0;
      for await (const part of answer.body as ReadableStream<Uint8Array>) {
        bytes += part.length;
        if (bytes < 20 * MiB || !a.running) continue;
        await a.kill();
      }
      return bytes;
    })();
    // Either it had been read ahead whole, or the connection is cut: never a complete answer that is wrong.
    const outcome = await read.catch(() => 'cut');
    expect(['cut', file.size]).toContain(outcome);
    expect(b.running).toBe(true);
    await a.start();
    await eventually(async () => (await contentHash(b, file)) === patternHash(file.size));
  });
});

/** Files that an unfinished write has left in the chunk store. */
async function leftovers(node: Engine): Promise<string[]> {
  const names = await readdir(join(node.dataDir, 'chunks', 'tmp'), { recursive: true });
  return names;
}
