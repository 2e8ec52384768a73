/**
 * Program of the process that makes pictures of images: decoders meet bytes that anybody may have written here, and nowhere else. It
 * has no secrets, knows no paths, uses a bounded amount of memory, and is replaced where it ends.
 */
import { constants, setPriority } from 'node:os';
import { writeFileSync } from 'node:fs';
import {
  LOOK_EVERY,
  MADE_WITHIN,
  MAX_IMAGE_BYTES,
  MAX_MEMORY,
  MAX_PIXELS,
  OUT_OF_MEMORY,
  OUT_OF_TIME,
  type FromChild,
  type ToChild,
} from './protocol.js';

/** The part of sharp that is used here: the package is optional, and so are its types. */
interface Sharp {
  (bytes: Uint8Array, options: Record<string, unknown>): Image;
  block(operations: { operation: string[] }): void;
  unblock(operations: { operation: string[] }): void;
  cache(options: false): void;
  concurrency(threads: number): void;
}
interface Image {
  autoOrient(): Image;
  resize(size: Record<string, unknown>): Image;
  webp(quality: { quality: number; effort: number }): Image;
  toBuffer(): Promise<Buffer>;
}

/** All that is decoded: no vectors, no documents, nothing that refers to other files. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}`);
/** Not a literal: whether the package is there shows when it is loaded. */
const PACKAGE = 'sharp';
const QUALITY = { quality: 76, effort: 3 };

const sharp = loadSharp();
let edge = 0;
let parts: Uint8Array[] = [];
let length = 0;
let isMaking = false;
/** The processor time that the process had used when the image came. */
let before = process.cpuUsage();

beLast();
setInterval(() => {
  if (process.memoryUsage.rss() > MAX_MEMORY) process.exit(OUT_OF_MEMORY);
  const { user, system } = process.cpuUsage(before);
  if (isMaking && (user + system) / 1000 > MADE_WITHIN) process.exit(OUT_OF_TIME);
}, LOOK_EVERY);
process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToChild) => {
  if ('edge' in message) {
    edge = message.edge;
    parts = [];
    length = 0;
  } else if ('piece' in message) {
    parts.push(message.piece);
    length += message.piece.length;
    if (length > MAX_IMAGE_BYTES) process.exit(OUT_OF_MEMORY);
  } else {
    const bytes = Buffer.concat(parts);
    parts = [];
    before = process.cpuUsage();
    isMaking = true;
    void make(bytes).then((answer) => {
      isMaking = false;
      process.send?.(answer);
    });
  }
});

async function make(bytes: Buffer): Promise<FromChild> {
  const made = await sharp;
  if (made === undefined) return { none: 'no-decoder' };
  try {
    const picture = await made(bytes, {
      failOn: 'error',
      limitInputPixels: MAX_PIXELS,
      sequentialRead: true,
      // Of several pictures in one file the first.
      pages: 1,
    })
      .autoOrient()
      .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
      .webp(QUALITY)
      .toBuffer();
    return { picture };
  } catch {
    return { none: 'not-shown' };
  }
}

async function loadSharp(): Promise<Sharp | undefined> {
  try {
    const { default: loaded } = (await import(PACKAGE)) as { default: Sharp };
    loaded.block({ operation: ['VipsForeignLoad'] });
    loaded.unblock({ operation: LOADERS });
    loaded.cache(false);
    loaded.concurrency(1);
    return loaded;
  } catch {
    return undefined;
  }
}

/** All that people wait for goes first, and where memory runs short it is this process that ends. */
function beLast(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // A system without that.
  }
}
