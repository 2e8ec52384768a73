import { MiB } from '@dfs/runtime';
import { corrupt, seededRandom } from '@dfs/testing';
import { localNode, pieces } from '../testing/local-node.suite.js';

const signal = new AbortController().signal;

describe('the check of a file', () => {
  it('reads every chunk that is here, and finds what is damaged', async () => {
    await using node = await localNode();
    const bytes = seededRandom(7).bytes(6 * MiB);
    const { file } = await node.files.upload({ path: 'a.bin', body: pieces(bytes), mediaType: 'text/plain' });
    const chunks = (await node.files.chunks(file.id, { limit: 1000 })).total;
    expect(chunks).toBeGreaterThan(1);
    expect(await node.files.verify(file.id, signal)).toEqual({ chunks, here: chunks, bytes: bytes.length, damaged: 0 });
    const [first] = (await node.files.chunks(file.id, { limit: 1 })).items;
    await corrupt(node.temp.dir.file('chunks'), bytes.subarray(0, first!.size));
    expect(await node.files.verify(file.id, signal)).toEqual({
      ...{ chunks, here: chunks - 1, bytes: bytes.length - first!.size, damaged: 1 },
    });
    expect(node.chunks.damaged()).toEqual([first!.id]);
  });

  it('of an empty file, of one that is not there, and for one who has gone', async () => {
    await using node = await localNode();
    const { file } = await node.files.upload({
      path: 'empty',
      body: pieces(new Uint8Array(0)),
      mediaType: 'text/plain',
    });
    expect(await node.files.verify(file.id, signal)).toEqual({ chunks: 0, here: 0, bytes: 0, damaged: 0 });
    await expect(node.files.verify('a'.repeat(26), signal)).rejects.toMatchObject({ code: 'file-not-found' });
    const some = await node.files.upload({ path: 'b', body: pieces(Buffer.from('b')), mediaType: 'text/plain' });
    await expect(node.files.verify(some.file.id, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
