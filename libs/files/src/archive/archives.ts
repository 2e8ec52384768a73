import { randomBytes } from 'node:crypto';
import type { Entry } from '@dfs/catalogue';
import { DfsError, second } from '@dfs/runtime';
import type { FilesComponents } from '../ports.js';
import { shown } from '../read/listing.js';
import { commonFolder, zipNames } from './names.js';
import { Zip } from './zip.js';

/** Files of one archive. */
const MAX_ENTRIES = 50_000;
/** Entries of all archives that wait to be fetched or are being read: a few hundred bytes each. */
const MAX_ENTRIES_AT_ONCE = 200_000;
/** An address is good for so long. */
const GOOD_FOR = 60 * second;
const ID_BYTES = 18;

/** Files of an archive: by their ids, or all whose path begins so. */
export type ArchiveOf = { fileIds: readonly string[] } | { prefix: string };
/** The key or session that asks: the address is for the same one. */
export interface ArchiveOwner {
  readonly key: string | null;
  /** Aborts when the key or session ends. */
  readonly ended?: AbortSignal | undefined;
}
/** An archive that waits to be fetched. */
export interface Archive {
  id: string;
  /** Bytes of the whole zip. */
  bytes: number;
  files: number;
  /** Of the file that it is saved as. */
  fileName: string;
  /** The zip. @throws what reading a content does; a transfer names the file */
  readonly read: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
}
interface Waiting {
  archive: Archive;
  owner: ArchiveOwner;
  until: number;
}

type Parts = Pick<FilesComponents, 'catalogue' | 'placement' | 'clock'>;

/** Zips of folders and selections, each by an address for one use. Their contents are fixed when they are made. */
export class Archives {
  private readonly waiting = new Map<string, Waiting>();
  /** Entries of archives that are being read. */
  private reading = 0;

  constructor(private readonly parts: Parts) {}

  /**
   * @throws DfsError `file-not-found` for an id that is none or deleted, `not-found` where no path begins so,
   * `payload-too-large` for more than 50,000 files, `too-many-requests` while too many wait to be fetched or are
   * being read
   */
  async make(of: ArchiveOf, owner: ArchiveOwner): Promise<Archive> {
    const entries = 'prefix' in of ? await this.beneath(of.prefix) : await this.named(of.fileIds);
    this.sweep();
    const waiting = [...this.waiting.values()].reduce((sum, { archive }) => sum + archive.files, 0);
    if (this.reading + waiting + entries.length > MAX_ENTRIES_AT_ONCE) {
      throw new DfsError(
        'too-many-requests',
        'Too many archives wait to be fetched or are being read: fetch them, or try again in a minute.',
      );
    }
    const archive = this.archiveOf(entries, 'prefix' in of ? of.prefix : undefined);
    this.waiting.set(archive.id, { archive, owner, until: this.now() + GOOD_FOR });
    return archive;
  }

  /**
   * The archive of an address, once.
   * @param keep it stays: only its head is asked for
   * @throws DfsError `not-found` for another's, one that was fetched, or is over
   */
  take(id: string, owner: ArchiveOwner, keep: boolean): Archive {
    this.sweep();
    const found = this.waiting.get(id);
    if (!found || found.owner.key !== owner.key || found.owner.ended !== owner.ended) {
      throw new DfsError(
        'not-found',
        'There is no such archive: an address is for one use within a minute. Make a new one.',
      );
    }
    if (!keep) this.waiting.delete(id);
    return found.archive;
  }

  private archiveOf(entries: readonly Entry[], prefix: string | undefined): Archive {
    const paths = entries.map(({ path }) => path);
    const folder = commonFolder(paths);
    // The folder itself stays in the names of what is in it.
    const strip = prefix?.endsWith('/') ? prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1) : folder;
    const names = zipNames(paths, strip);
    const zip = new Zip(
      entries.map(({ size, attributes, modifiedAt }, at) => ({
        name: names[at] as string,
        size,
        time: attributes.mtime ?? modifiedAt,
        executable: attributes.executable ?? false,
      })),
    );
    const base = (prefix?.endsWith('/') ? prefix : folder).split('/').at(-2) ?? 'files';
    const contents = entries.map(({ path, contentId, size }) => ({ path, contentId, size }));
    return {
      id: randomBytes(ID_BYTES).toString('base64url'),
      bytes: zip.bytes,
      files: entries.length,
      fileName: `${base}.zip`,
      read: (signal) => this.stream(zip, contents, signal),
    };
  }

  private async *stream(
    zip: Zip,
    contents: readonly Pick<Entry, 'path' | 'contentId' | 'size'>[],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const { placement } = this.parts;
    const transfer = placement.transfers.track({ kind: 'download', path: contents[0]?.path ?? null, bytes: zip.bytes });
    const either = AbortSignal.any([signal, transfer.signal]);
    const read = (index: number): AsyncIterable<Uint8Array> => {
      const { path, contentId, size } = contents[index]!;
      transfer.describe({ path, contentId });
      return size === 0
        ? nothing()
        : placement.fetch(contentId, size, { offset: 0, length: size, signal: either, path });
    };
    this.reading += contents.length;
    try {
      for await (const bytes of zip.stream(read)) {
        either.throwIfAborted();
        transfer.progress(bytes.length);
        yield bytes;
      }
      transfer.finish();
    } catch (error) {
      transfer.fail(error);
      throw error;
    } finally {
      this.reading -= contents.length;
      // The client has gone away in the middle of a piece.
      transfer.fail(new DfsError('aborted', 'The archive was not read to its end.'));
    }
  }

  private async beneath(prefix: string): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const page of this.parts.catalogue.listPages({ prefix })) {
      if (page.total > MAX_ENTRIES) throw tooMany(page.total);
      entries.push(...page.items);
    }
    if (entries.length > MAX_ENTRIES) throw tooMany(entries.length);
    if (entries.length > 0) return entries;
    throw new DfsError('not-found', 'There are no files whose path begins so: check the prefix.');
  }

  private async named(fileIds: readonly string[]): Promise<Entry[]> {
    const ids = [...new Set(fileIds)];
    if (ids.length > MAX_ENTRIES) throw tooMany(ids.length);
    const found = await this.parts.catalogue.getMany(ids);
    return ids.map((id) => shown(found.get(id)));
  }

  private sweep(): void {
    const now = this.now();
    for (const [id, { until }] of this.waiting) if (until <= now) this.waiting.delete(id);
  }

  private now(): number {
    return this.parts.clock?.now() ?? performance.now();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function tooMany(count: number): DfsError {
  return new DfsError(
    'payload-too-large',
    `An archive takes ${MAX_ENTRIES} files, and these are ${count}: take fewer.`,
  );
}
