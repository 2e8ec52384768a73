import type { Cid } from '@dfs/protocol';
import {
  DfsError,
  hour,
  Recurring,
  silentLog,
  Slots,
  systemTimers,
  type Log,
  type Timers,
  type WorkStatus,
} from '@dfs/runtime';
import type { CatalogueReader, ContentPlacement } from '../ports.js';
import type { OpenContent } from '../read/download.js';
import { ImageProcess, type ImageProgram } from './image-process.js';
import { PictureCache } from './picture-cache.js';
import { MAX_IMAGE_BYTES } from './protocol.js';

/** Longer sides of thumbnails, pixels: for a card, and for a look at the image. */
export const EDGES = [256, 1024] as const;
/** One of them. */
export type Edge = (typeof EDGES)[number];

/** How many may wait for the process: a page of cards has some hundred. */
const MAX_WAITING = 256;
/** Images without a picture that are remembered until the node stops. */
const MAX_REFUSED = 1000;
/** Pictures of what was purged stay no longer. */
const LOOK_FOR_PURGED_EVERY = hour;
/** Kinds of image that the process decodes, as their bytes tell them. */
const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/tiff']);

/** The parts that thumbnails are made with. */
export interface ThumbnailsComponents {
  readonly placement: Pick<ContentPlacement, 'standings'>;
  readonly catalogue: Pick<CatalogueReader, 'purged'>;
  /** The type of a content by its bytes, null where it is none that is shown. */
  readonly typeOf: (content: OpenContent, signal: AbortSignal) => Promise<string | null>;
  readonly timers?: Timers;
  readonly log?: Log;
}

/** Where pictures are kept, and by which program they are made. */
export interface ThumbnailsOptions {
  readonly dir: string;
  readonly maxBytes?: number;
  readonly program?: ImageProgram;
}

/** A picture that is being made, and those who wait for it. */
interface Job {
  readonly picture: Promise<Uint8Array | null>;
  readonly left: AbortController;
  askers: number;
}

/**
 * Small pictures of images: WebP, made by a process of its own, kept on disk. Each image is decoded once at a time, whoever asks for it,
 * and never again where it has no picture. The bytes of an image pass through memory, 50 MiB at most.
 */
export class Thumbnails {
  readonly #cache: PictureCache;
  readonly #process: ImageProcess;
  readonly #making = new Map<string, Job>();
  readonly #refused = new Set<string>();
  readonly #slots = new Slots({
    admits: ({ ofKey }) => ofKey < 1,
    waiting: {
      most: MAX_WAITING,
      refusal: () => new DfsError('too-many-requests', 'Too many thumbnails are being made: try again in a moment.'),
    },
  });
  readonly #log: Log;
  readonly #dropping: Recurring;
  #isMade = true;

  constructor(
    private readonly components: ThumbnailsComponents,
    { dir, maxBytes, program }: ThumbnailsOptions,
  ) {
    const { timers = systemTimers, log = silentLog } = components;
    this.#log = log;
    this.#cache = new PictureCache(dir, log, maxBytes);
    this.#process = new ImageProcess({ timers, log }, program);
    this.#dropping = new Recurring(
      {
        name: 'drop thumbnails of what was purged',
        every: LOOK_FOR_PURGED_EVERY,
        failed: 'thumbnails of what was purged were not dropped',
        run: async () => {
          await this.dropPurged();
          return 'idle';
        },
      },
      { timers, log },
    );
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.#dropping.status();
  }

  start(): void {
    this.#dropping.start();
  }

  async stop(): Promise<void> {
    this.#process.close();
    await this.#dropping.stop();
  }

  /**
   * The picture of a content; null where it has none: no raster image, too large, damaged, or not whole on this node.
   * @param remote also of a content whose bytes are on other nodes: they are fetched
   * @throws DfsError `too-many-requests`, `aborted`; of a remote content as `read`
   */
  async of(content: OpenContent, edge: Edge, remote: boolean, signal: AbortSignal): Promise<Uint8Array | null> {
    const { contentId, size } = content;
    if (size === 0 || size > MAX_IMAGE_BYTES) return null;
    const kept = await this.#cache.get(nameOf(contentId, edge));
    if (kept) return kept;
    if (!this.#isMade || this.#refused.has(contentId)) return null;
    const isHere = (await this.components.placement.standings([content])).get(contentId)?.local === 'whole';
    if (!isHere && !remote) return null;
    const type = await this.components.typeOf(content, signal);
    if (type === null || !IMAGES.has(type)) return null;
    return this.#share(content, edge, isHere, signal);
  }

  /** Those of contents that no version needs any more. */
  async dropPurged(): Promise<void> {
    const names = await this.#cache.names();
    if (names.length === 0) return;
    const purged = await this.components.catalogue.purged([...new Set(names.map(contentOf))]);
    for (const name of names) if (purged.has(contentOf(name))) await this.#cache.drop(name);
  }

  /** All who ask for the same picture wait for the same job, which ends when the last of them has gone. */
  async #share(content: OpenContent, edge: Edge, isHere: boolean, signal: AbortSignal): Promise<Uint8Array | null> {
    const name = nameOf(content.contentId, edge);
    const job = this.#making.get(name) ?? this.#begin(name, content, edge, isHere);
    job.askers++;
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      return await Promise.race([job.picture, gone]);
    } finally {
      signal.removeEventListener('abort', leave);
      job.askers--;
      if (job.askers === 0) {
        this.#forget(name, job);
        job.left.abort(new DfsError('aborted', 'Nobody waits for this thumbnail any more.'));
      }
    }
  }

  #begin(name: string, content: OpenContent, edge: Edge, isHere: boolean): Job {
    const left = new AbortController();
    const picture = this.#make(content, edge, isHere, left.signal).finally(() => this.#forget(name, job));
    // A caller that waits for it has met the failure already.
    picture.catch(() => undefined);
    const job: Job = { picture, left, askers: 0 };
    this.#making.set(name, job);
    return job;
  }

  /** Those who ask from now on get another job: this one has ended, or is to. */
  #forget(name: string, job: Job): void {
    if (this.#making.get(name) === job) this.#making.delete(name);
  }

  async #make(content: OpenContent, edge: Edge, isHere: boolean, signal: AbortSignal): Promise<Uint8Array | null> {
    // Bytes that come from afar hold up no image that is here.
    const fetched = isHere ? undefined : await this.#fetch(content, signal);
    const free = await this.#slots.take('process', { signal });
    try {
      const all = { offset: 0, length: content.size };
      const made = await this.#process.make(fetched ?? content.read(all, signal), edge);
      if ('picture' in made) {
        await this.#cache.put(nameOf(content.contentId, edge), made.picture);
        return made.picture;
      }
      if (made.none === 'no-decoder') this.#tellNoDecoder();
      // A machine that was too busy for it says nothing of the image.
      else if (made.none !== 'hung') this.#refuse(content.contentId);
      return null;
    } finally {
      free();
    }
  }

  async #fetch(content: OpenContent, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const free = await this.#slots.take('fetch', { signal });
    try {
      const parts: Uint8Array[] = [];
      const all = { offset: 0, length: content.size };
      for await (const part of content.read(all, signal)) parts.push(Uint8Array.from(part));
      return piecesOf(parts);
    } finally {
      free();
    }
  }

  #tellNoDecoder(): void {
    if (!this.#isMade) return;
    this.#isMade = false;
    this.#log.info({}, 'no thumbnails are made: the optional package sharp is not installed for this platform');
  }

  #refuse(contentId: Cid): void {
    this.#refused.add(contentId);
    if (this.#refused.size > MAX_REFUSED) this.#refused.delete(this.#refused.values().next().value!);
  }
}

async function* piecesOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function nameOf(contentId: Cid, edge: Edge): string {
  return `${contentId}-${edge}`;
}

function contentOf(name: string): Cid {
  return name.slice(0, name.lastIndexOf('-'));
}
