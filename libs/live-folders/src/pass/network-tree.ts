import type { Catalogue, Head } from '@dfs/catalogue';
import type { Reader } from '@dfs/database';
import { fileIdOf } from '@dfs/protocol';

/** Paths of one page, and so many of them whose heads are read one by one; those of more are read together. */
const PAGE = 1000;
const MOST_BY_PATH = 100;

/** The head of a path where its record says all that is to be known of it; `settled` where nothing is to be known. */
export type KnownHead = (path: string, record: string) => Head | 'settled' | undefined;

/** The part of the network that a folder mirrors: paths here are below its prefix. */
export class NetworkTree {
  constructor(
    private readonly catalogue: Pick<Catalogue, 'folders' | 'networkId'>,
    readonly prefix: string,
  ) {}

  /** The path in the network. */
  full(path: string): string {
    if (this.prefix === '') return path;
    return path === '' ? this.prefix : `${this.prefix}/${path}`;
  }

  /** The path below the prefix; undefined for others. */
  below(full: string): string | undefined {
    if (this.prefix === '') return full;
    return full.startsWith(`${this.prefix}/`) ? full.slice(this.prefix.length + 1) : undefined;
  }

  fileId(path: string): string {
    return fileIdOf(this.catalogue.networkId, this.full(path));
  }

  /** Files that are shown. */
  async shownFiles(reader?: Reader): Promise<{ files: number; bytes: number }> {
    const folder = await this.catalogue.folders.get(this.prefix, reader);
    return { files: folder?.files ?? 0, bytes: folder?.bytes ?? 0 };
  }

  /** Every file and folder that is shown, but those that are settled. Heads that are known are not read. */
  async all(known: KnownHead): Promise<Map<string, readonly Head[]>> {
    const found = new Map<string, readonly Head[]>();
    const within = this.full('');
    for (let after: string | undefined; ;) {
      const from = { ...(after !== undefined && { after }), limit: PAGE };
      const page = await this.catalogue.folders.beneath(within, from);
      const open: string[] = [];
      for (const { path, record, conflict } of page) {
        const below = this.below(path);
        if (below === undefined || below === '') continue;
        const head = conflict ? undefined : known(below, record);
        if (head === undefined) open.push(below);
        else if (head !== 'settled') found.set(below, [head]);
      }
      if (open.length > MOST_BY_PATH) {
        const asked = new Set(open);
        for (const { path, heads } of await this.catalogue.folders.headsBeneath(within, from)) {
          const below = this.below(path);
          if (below !== undefined && asked.has(below)) found.set(below, heads);
        }
      } else if (open.length > 0) for (const [path, heads] of await this.of(open)) found.set(path, heads);
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return found;
      after = last.path;
    }
  }

  /** Of these paths those of which the record that is shown says all that is to be known, but those that are settled. */
  async agreed(paths: readonly string[], known: KnownHead): Promise<Map<string, readonly Head[]>> {
    const found = new Map<string, readonly Head[]>();
    const shown = await this.catalogue.folders.shown(paths.map((path) => this.full(path)));
    for (const { path, record, conflict } of shown.values()) {
      const below = this.below(path);
      const head = conflict || below === undefined ? undefined : known(below, record);
      if (below !== undefined && head !== undefined && head !== 'settled') found.set(below, [head]);
    }
    return found;
  }

  /** Those of these paths that are folders: beneath others nothing is shown. */
  async folders(paths: readonly string[]): Promise<Set<string>> {
    const found = await this.catalogue.folders.existing(paths.map((path) => this.full(path)));
    return new Set(paths.filter((path) => found.has(this.full(path))));
  }

  /** Every file and folder that is shown beneath a path; up to so many. */
  async beneath(path: string, limit = Infinity): Promise<Map<string, Head[]>> {
    const found = new Map<string, Head[]>();
    const within = this.full(path);
    for (let after: string | undefined; found.size < limit;) {
      const page = await this.catalogue.folders.headsBeneath(within, {
        ...(after !== undefined && { after }),
        limit: Math.min(PAGE, limit - found.size),
      });
      for (const { path: one, heads } of page) {
        const below = this.below(one);
        if (below !== undefined && below !== path) found.set(below, heads);
      }
      const last = page.at(-1);
      if (page.length < Math.min(PAGE, limit) || last === undefined) break;
      after = last.path;
    }
    return found;
  }

  /** Heads of these paths, what is deleted too, as far as the paths exist. */
  async of(paths: readonly string[], reader?: Reader): Promise<Map<string, Head[]>> {
    const heads = await this.catalogue.folders.heads(
      paths.map((path) => this.full(path)),
      reader,
    );
    return new Map([...heads].map(([full, value]) => [this.below(full) as string, value]));
  }

  /** Of these contents at these paths: those that a version of the path has or had. */
  async known(contents: readonly { path: string; contentId: string }[], reader?: Reader): Promise<Set<string>> {
    const asked = contents.map(({ path, contentId }) => ({ path: this.full(path), contentId }));
    const known = await this.catalogue.folders.known(asked, reader);
    return new Set(contents.filter((_, at) => known[at]).map(({ path }) => path));
  }
}

/** Whether heads show something that stands on a disk. */
export function isShown(heads: readonly Head[] | undefined): boolean {
  return heads?.[0] !== undefined && heads[0].kind !== 'deletion';
}
