import { readdir, stat, writeFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import type { Cid } from '@dfs/protocol';
import { silentLog, VirtualTime } from '@dfs/runtime';
import { eventually, seededRandom, sharpUnavailable, unless } from '@dfs/testing';
import type { OpenContent } from '../read/download.js';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';
import type { ImageProgram } from './image-process.js';
import { ANSWERED_WITHIN, MADE_WITHIN } from './protocol.js';
import { Thumbnails, type ThumbnailsComponents, type ThumbnailsOptions } from './thumbnails.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const noPictures = await sharpUnavailable(here('.'));
/** As jest runs the sources. */
const PROGRAM: ImageProgram = {
  file: here('./thumbnail-child.ts'),
  execArgv: ['--conditions=@dfs/source', '--import', here('../../../chunks/src/testing/source-loader.mjs')],
};
const DEADLINE = 120_000;
const signal = new AbortController().signal;

/** Eight bits of grey a pixel, each row as this one. @param rows fewer than it says */
function png(width: number, height: number, row: Uint8Array = new Uint8Array(width), rows = height): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const pixels = Buffer.alloc((row.length + 1) * rows);
  for (let y = 0; y < rows; y++) pixels.set(row, y * (row.length + 1) + 1);
  const parts = { IHDR: head, IDAT: deflateSync(pixels, { level: 1 }), IEND: Buffer.alloc(0) };
  const chunks = Object.entries(parts).map(([name, data]) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const ends = [Buffer.alloc(4), Buffer.alloc(4)] as const;
    ends[0].writeUInt32BE(data.length);
    ends[1].writeUInt32BE(crc32(body));
    return Buffer.concat([ends[0], body, ends[1]]);
  });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

/** Width and height of a lossy WebP without alpha, as sharp makes it of these images. */
function sizeOf(webp: Uint8Array | null): [number, number] | null {
  if (webp === null) return null;
  const bytes = Buffer.from(webp);
  expect([bytes.toString('latin1', 0, 4), bytes.toString('latin1', 8, 16)]).toEqual(['RIFF', 'WEBPVP8 ']);
  return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff];
}

describe('thumbnails', () => {
  let node: LocalNode;
  let count = 0;
  const opened: Thumbnails[] = [];

  beforeAll(async () => {
    node = await localNode();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.stop()));
  });
  afterAll(() => node.remove());

  const thumbnails = (
    options: Partial<ThumbnailsOptions> = {},
    components: Partial<ThumbnailsComponents> = {},
  ): Thumbnails => {
    const typeOf: ThumbnailsComponents['typeOf'] = (content, asked) => node.files.inlineType(content, asked);
    const made = new Thumbnails(
      { ...node.components, typeOf, ...components },
      { dir: node.temp.dir.file(`thumbnails-${++count}`), program: PROGRAM, ...options },
    );
    opened.push(made);
    return made;
  };
  const stored = async (bytes: Uint8Array, mediaType = 'image/png'): Promise<OpenContent> => {
    const { file } = await node.files.upload({ path: `${++count}.png`, body: pieces(bytes), mediaType });
    return node.files.open(file.id);
  };
  /** How often a content is read from its beginning to its end. */
  const counted = (content: OpenContent): { content: OpenContent; reads: () => number } => {
    let reads = 0;
    const read: OpenContent['read'] = (range, asked) => {
      if (range.length === content.size) reads++;
      return content.read(range, asked);
    };
    return { content: { ...content, read }, reads: () => reads };
  };

  unless(noPictures, describe)('by sharp', () => {
    it('are as large as was asked for, and no larger than the image', async () => {
      const made = thumbnails();
      const wide = await stored(png(1600, 400, seededRandom(1).bytes(1600)));
      expect(sizeOf(await made.of(wide, 256, false, signal))).toEqual([256, 64]);
      expect(sizeOf(await made.of(wide, 1024, false, signal))).toEqual([1024, 256]);
      const small = await stored(png(20, 30, seededRandom(2).bytes(20)));
      expect(sizeOf(await made.of(small, 256, false, signal))).toEqual([20, 30]);
    });

    it('are none of what means mischief, and the next image has one', async () => {
      const made = thumbnails();
      const good = png(300, 300, seededRandom(3).bytes(300));
      const hostile: Record<string, Uint8Array> = {
        'a bomb': png(16_000, 16_000, new Uint8Array(16_000), 20),
        'a cut image': good.subarray(0, good.length / 2),
        'damaged within': Buffer.concat([good.subarray(0, 60), seededRandom(4).bytes(500), good.subarray(560)]),
        'a head alone': good.subarray(0, 33),
        'a vector': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
        'a vector behind the signature of an image': Buffer.concat([
          good.subarray(0, 8),
          Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        ]),
        'a document': Buffer.from('%PDF-1.4 and nothing else'),
        'no side': png(0, 9),
        'a GIF of nothing': Buffer.from('GIF89a\xff\xff\xff\xff', 'latin1'),
        text: Buffer.from('not what its name says'),
      };
      for (const [what, bytes] of Object.entries(hostile)) {
        const { content, reads } = counted(await stored(bytes));
        expect([what, await made.of(content, 256, false, signal)]).toEqual([what, null]);
        // It is not tried again.
        const before = reads();
        expect(await made.of(content, 256, false, signal)).toBeNull();
        expect(reads()).toBe(before);
      }
      expect(sizeOf(await made.of(await stored(good), 256, false, signal))).toEqual([256, 256]);
    });

    it('are made once for all who ask at the same time, also where one of them has gone', async () => {
      const made = thumbnails();
      const { content, reads } = counted(await stored(png(500, 500, seededRandom(5).bytes(500))));
      const leaving = new AbortController();
      const asked = [signal, leaving.signal, signal].map((each) => made.of(content, 256, false, each));
      leaving.abort(new Error('gone'));
      const [one, gone, other] = await Promise.allSettled(asked);
      expect(gone).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
      expect(one).toEqual(other);
      expect(one).toMatchObject({ status: 'fulfilled', value: expect.any(Uint8Array) as Uint8Array });
      expect(reads()).toBe(1);
      await made.of(content, 256, false, signal);
      expect(reads()).toBe(1);
    });

    it('are of images on this node, and of others where they are wanted all the same', async () => {
      const made = thumbnails();
      const content = await stored(png(400, 200, seededRandom(6).bytes(400)));
      node.placement.pinned.delete(content.contentId);
      expect(await made.of(content, 256, false, signal)).toBeNull();
      expect(sizeOf(await made.of(content, 256, true, signal))).toEqual([256, 128]);
      // It is here now.
      expect(sizeOf(await made.of(content, 256, false, signal))).toEqual([256, 128]);
      const failing = { ...(await stored(png(9, 9))), read: () => unreadable() };
      await expect(made.of(failing, 256, true, signal)).rejects.toThrow('no holder');
      expect(sizeOf(await made.of(await stored(png(8, 8)), 256, false, signal))).toEqual([8, 8]);
    });

    it('are kept over a restart while there is room, and made again where they are damaged or were purged', async () => {
      const dir = node.temp.dir.file('kept');
      const first = thumbnails({ dir });
      const made: { content: OpenContent; reads: () => number }[] = [];
      for (const seed of [7, 8, 9]) made.push(counted(await stored(png(300, 300, seededRandom(seed).bytes(300)))));
      for (const { content } of made) await first.of(content, 256, false, signal);
      const fileOf = ({ contentId }: OpenContent): string => `${contentId}-256.webp`;
      const sizes = await Promise.all(made.map(async ({ content }) => (await stat(`${dir}/${fileOf(content)}`)).size));
      await first.stop();

      await writeFile(`${dir}/left.tmp`, 'of a node that was killed');
      const [a, b, c] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
      // Room for two of them.
      const again = thumbnails({ dir, maxBytes: sizes[1]! + sizes[2]! + 10 });
      await writeFile(`${dir}/${fileOf(b.content)}`, 'damaged');
      for (const each of [c, b]) expect(sizeOf(await again.of(each.content, 256, false, signal))).toEqual([256, 256]);
      expect([b.reads(), c.reads()]).toEqual([2, 1]);
      expect((await readdir(dir)).sort()).toEqual([fileOf(b.content), fileOf(c.content)].sort());
      expect(a.reads()).toBe(1);

      const purged = new Set<Cid>([b.content.contentId]);
      const last = thumbnails({ dir }, { catalogue: { purged: () => Promise.resolve(purged) } });
      await last.dropPurged();
      expect(await readdir(dir)).toEqual([fileOf(c.content)]);
    });
  });

  it('are none where nothing makes them: no package, or no program', async () => {
    const content = await stored(png(64, 64));
    const told: string[] = [];
    const log = { ...silentLog, info: (_facts: object, message: string) => void told.push(message) };
    const made = thumbnails({ program: { file: here('./none.js'), execArgv: [] } }, { log });
    expect(await made.of(content, 256, false, signal)).toBeNull();
    expect(await made.of(content, 256, false, signal)).toBeNull();
    expect(told).toEqual([expect.stringContaining('sharp')]);
  });

  it('are made for one who asks right after the last of those before has gone', async () => {
    const program = node.temp.dir.file('answering.mjs');
    await writeFile(
      program,
      `process.on('message', ({ end }) => end && process.send({ picture: Buffer.from('made') }));`,
    );
    let typed = 0;
    const typeOf = async (): Promise<string> => {
      typed++;
      return 'image/png';
    };
    const made = thumbnails({ program: { file: program, execArgv: [] } }, { typeOf });
    const content = await stored(png(68, 68));
    const [begun, ended] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    // Takes its time to end once nobody wants it any more.
    const slow: OpenContent = {
      ...content,
      read: async function* (_range, asked) {
        begun.resolve(undefined);
        await ended.promise;
        asked?.throwIfAborted();
        yield Buffer.from('an image');
      },
    };
    const leaving = new AbortController();
    const first = made.of(slow, 256, false, leaving.signal);
    await begun.promise;
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    const second = made.of(slow, 256, false, signal);
    await eventually(() => typed === 2);
    await nextTurn();
    ended.resolve(undefined);
    expect(Buffer.from((await second)!).toString()).toBe('made');
  });

  it('are given up where the process ends or hangs, and another process makes the next', async () => {
    const program = node.temp.dir.file('stubborn.mjs');
    const behaviour = node.temp.dir.file('behaviour');
    const reached = node.temp.dir.file('reached');
    await writeFile(behaviour, 'hang');
    await writeFile(
      program,
      `import { readFileSync, writeFileSync } from 'node:fs';
       const behaviour = readFileSync(${JSON.stringify(behaviour)}, 'utf8');
       process.on('message', (message) => {
         if (!message.end) return;
         if (behaviour === 'answer') process.send({ picture: Buffer.from('RIFF\\x08\\0\\0\\0WEBPdone', 'latin1') });
         else if (behaviour === 'die') process.exit(1);
         else writeFileSync(${JSON.stringify(reached)}, '');
       });`,
    );
    const time = new VirtualTime();
    const made = thumbnails({ program: { file: program, execArgv: [] } }, { timers: time });
    const slow = await stored(png(65, 65));
    const hanging = made.of(slow, 256, false, signal);
    const hasIt = async () => (await stat(reached)).isFile();
    await eventually(hasIt, { what: 'the process has the image', deadline: DEADLINE });
    time.advance(MADE_WITHIN);
    expect(await Promise.race([hanging, Promise.resolve('waiting')])).toBe('waiting');
    await eventually(
      async () => {
        time.advance(ANSWERED_WITHIN);
        return (await Promise.race([hanging, Promise.resolve('waiting')])) === null;
      },
      { what: 'it is given up', deadline: DEADLINE },
    );
    await writeFile(behaviour, 'die');
    expect(await made.of(await stored(png(66, 66)), 256, false, signal)).toBeNull();
    await writeFile(behaviour, 'answer');
    expect(await made.of(await stored(png(67, 67)), 256, false, signal)).toHaveLength(16);
    // It was the machine, not the image.
    expect(await made.of(slow, 256, false, signal)).toHaveLength(16);
  });
});

// eslint-disable-next-line require-yield -- it gives nothing
async function* unreadable(): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  throw new Error('no holder');
}
