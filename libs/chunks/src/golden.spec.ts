import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, sha256 } from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { GEAR } from './split/gear.js';
import { split } from './split/split.js';
import { ManifestBuilder } from './manifest/builder.js';
import { storeContent } from './store-content.js';
import { collect, inPieces, pinnedBytes } from './testing/inputs.js';
import { MemoryBatch } from './testing/memory-batch.js';

// Equal bytes have equal content ids on every node and in every version. A change of any value here splits the network:
// old and new nodes would no longer share a single large content.

const INPUTS = {
  '0 B': 0,
  '1 B': 1,
  '4 KiB': 4 * KiB,
  '256 KiB − 1': 256 * KiB - 1,
  '256 KiB': 256 * KiB,
  '256 KiB + 1': 256 * KiB + 1,
  '3 MiB': 3 * MiB,
  '7 MiB + 3': 7 * MiB + 3,
  '20 MiB': 20 * MiB,
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('golden vectors', () => {
  it('gear table', () => {
    const bytes = Buffer.alloc(1024);
    GEAR.forEach((value, index) => bytes.writeInt32BE(value, index * 4));
    expect({ first: GEAR[0], last: GEAR[255], sha256: hex(sha256(bytes)) }).toEqual({
      first: -910164641,
      last: -11444262,
      sha256: 'e285ced54f98630b999a9560c982db5245077d62cf5ed5621ee13b7b94fe975a',
    });
  });

  it('cut points', async () => {
    const cuts: Record<string, number[]> = {};
    for (const [name, size] of Object.entries(INPUTS)) {
      const chunks = await collect(split(inPieces(pinnedBytes('golden', size), [64 * KiB])));
      cuts[name] = chunks.map((chunk) => chunk.length);
    }
    expect(cuts).toEqual({
      '0 B': [],
      '1 B': [1],
      '20 MiB': [
        1616171, 843153, 874638, 970288, 459807, 887401, 1363323, 852816, 1189918, 1018176, 1159822, 969765, 909638,
        1360104, 871545, 913627, 831464, 1825051, 923753, 914050, 217010,
      ],
      '256 KiB': [262144],
      '256 KiB + 1': [262145],
      '256 KiB − 1': [262143],
      '3 MiB': [1616171, 843153, 686404],
      '4 KiB': [4096],
      '7 MiB + 3': [1616171, 843153, 874638, 970288, 459807, 887401, 1363323, 325254],
    });
  });

  it('content ids', async () => {
    const contents: Record<string, string> = {};
    for (const [name, size] of Object.entries(INPUTS)) {
      const { contentId, chunkCount } = await storeContent(
        new MemoryBatch(),
        inPieces(pinnedBytes('golden', size), [64 * KiB]),
      );
      contents[name] = `${chunkCount} ${contentId}`;
    }
    expect(contents).toEqual({
      '0 B': '0 bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
      '1 B': '1 bafkreibs5oy2xta4maooxhcohrh2xigkuw4fxommj4pgmeweb6vffcurze',
      '20 MiB': '21 bah2zxqabciqaj3cpsaksw7wmosd4tpxnvof2ext62kja7bxgukd67sp4aczy4yq',
      '256 KiB': '1 bafkreif3rgaebkgawkqj7ftfmzgcudazaaqpcgir2aorrxxfhhtgk26edm',
      '256 KiB + 1': '1 bafkreihvrwzs6omlbdxzfpjlumk673zldr7j7swm53ynydq4s3oarsahhe',
      '256 KiB − 1': '1 bafkreib6nhvprcetgrdrt7wgletrk75mcabjufjmnyrfeorc2jrft2z3ja',
      '3 MiB': '3 bah2zxqabciqbfmpwxvsgndc6vp5qgjvwr7hh3oq7fhocvlo77mpajxgtnw34vyi',
      '4 KiB': '1 bafkreieexraxmcxak2cmfxmkxhd4qmog26ayupyo6l225dvkf4keaq432i',
      '7 MiB + 3': '8 bah2zxqabciqhabz7o5m45soof7ktmeft5giugs4van7yvha2h54vnyorxmmtqfa',
    });
  });

  it('manifests of made-up chunks: beyond one extent, and beyond 100 extents', () => {
    const roots = [1024, 1025, 3000, 123_456].map((count) => {
      const builder = new ManifestBuilder();
      let blocks = 0;
      for (let index = 0; index < count; index++) {
        const size = CHUNK_MIN_BYTES + ((index * 7919) % (CHUNK_MAX_BYTES - CHUNK_MIN_BYTES));
        blocks += builder.push(sha256(Buffer.from(`chunk ${index}`)), size).length;
      }
      const rest = builder.finish();
      return `${count} chunks, ${builder.size} bytes, ${blocks + rest.blocks.length} blocks: ${rest.contentId}`;
    });
    expect(roots).toEqual([
      '1024 chunks, 2226004480 bytes, 1 blocks: bah2zxqabciqhfditiuij4ubb3fakyicgnfq5oxmztsamfnm6lz7t4f7qm4u7i4y',
      '1025 chunks, 2226511360 bytes, 3 blocks: bah2zxqabciqlvpvhkhsnbjuari6kolxqhkykegfghctlrg6rfw2nqcgq34c35pq',
      '3000 chunks, 6647534460 bytes, 4 blocks: bah2zxqabciqmbdcpb6hqjd66kkjop23hbcmpbrinr3ito2d3oltsjscxonlqggq',
      '123456 chunks, 274858646304 bytes, 122 blocks: bah2zxqabciqgcoirnk2mgcjcmgwogfz4nidibqwl456wpg5psz43duulyqmvy6y',
    ]);
  });

  it('the bytes of a small manifest', () => {
    const builder = new ManifestBuilder();
    builder.push(sha256(Buffer.from('a')), CHUNK_MIN_BYTES);
    builder.push(sha256(Buffer.from('b')), 5);
    expect(hex(builder.finish().blocks[0]!.bytes)).toBe(
      '4446534d01000002ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb000400003e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d00000005',
    );
  });
});
