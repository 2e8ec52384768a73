import type { KeptUpload } from './upload-item.js';

const PREFIX = 'dfs.uploads.';
/** Of each page so many are remembered by name. */
const MAX_KEPT = 5000;
/** A page that has said nothing for so long is gone, and could not say so. Milliseconds. */
const GONE_MS = 60_000;

interface Record {
  at: number;
  left: boolean;
  items: KeptUpload[];
}

/**
 * Uploads that are not finished, beyond the life of the page: each page writes its own record, and a new page takes over those that
 * nobody has any more. Never throws: a browser that keeps nothing loses no more than this.
 */
export class KeptUploads {
  readonly #key = PREFIX + Math.random().toString(36).slice(2);

  /** Whether there is anything to take over. */
  static any(storage: Storage | undefined = storageOf()): boolean {
    return keysOf(storage).length > 0;
  }

  /** Unfinished uploads of pages that are gone; they are this page's from now on. */
  adopt(): KeptUpload[] {
    const storage = storageOf();
    const found: KeptUpload[] = [];
    for (const key of keysOf(storage)) {
      const record = read(storage, key);
      if (key === this.#key || (record && !record.left && Date.now() - record.at < GONE_MS)) continue;
      storage?.removeItem(key);
      found.push(...(record?.items ?? []));
    }
    return found;
  }

  /** Remembers these, and whether the page is being left. */
  save(items: readonly KeptUpload[], left = false): void {
    try {
      const storage = storageOf();
      if (items.length === 0) storage?.removeItem(this.#key);
      else {
        const record: Record = { at: Date.now(), left, items: items.slice(0, MAX_KEPT) };
        storage?.setItem(this.#key, JSON.stringify(record));
      }
    } catch {
      // Full, or not allowed.
    }
  }
}

function storageOf(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

function keysOf(storage: Storage | undefined): string[] {
  return Array.from({ length: storage?.length ?? 0 }, (_, n) => storage?.key(n) ?? '').filter((key) =>
    key.startsWith(PREFIX),
  );
}

function read(storage: Storage | undefined, key: string): Record | null {
  try {
    const { at, left, items } = JSON.parse(storage?.getItem(key) ?? '') as Partial<Record>;
    if (typeof at !== 'number' || !Array.isArray(items)) return null;
    return { at, left: left === true, items: items.filter(isKept) };
  } catch {
    return null;
  }
}

function isKept(item: Partial<KeptUpload> | null): item is KeptUpload {
  return (
    typeof item?.path === 'string' &&
    [item.size, item.modified, item.stored].every((value) => typeof value === 'number') &&
    (item.upload === null || typeof item.upload === 'string')
  );
}
